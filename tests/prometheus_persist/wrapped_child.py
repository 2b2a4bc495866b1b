"""What ``wrap`` runs, with a witness: the child of a kill test.

``python wrapped_child.py PERSIST_HOST SCRIPT`` writes to the file WITNESS a line before the first
byte of every commit, and one for what a restore gave: the commit's number, and a digest of the root
and of the random state as they then are.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from pathlib import Path
from typing import Any

from graphkit import digest

from prometheus_persist import AttachedHost
from prometheus_persist.wrapping.declared import said_by
from prometheus_persist.wrapping.host import WrappedHost
from prometheus_persist.wrapping.script import run


def seen(root: Any) -> str:
    """All that the host is, without its client."""
    own = {name: value for name, value in vars(root).items() if name != "exchange"}
    told = (list(vars(root)), digest(own), random.getstate())
    return hashlib.sha256(repr(told).encode()).hexdigest()


class Witness:
    """Says what every commit holds."""

    root: Any = None

    def __init__(self, path: str) -> None:
        self._to = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def say(self, word: str, seq: int) -> None:
        os.write(self._to, f"{word} {seq} {seen(self.root)}\n".encode())

    def begin(self, seq: int, change: Any) -> None:
        if self.root is not None:
            self.say("saved", seq)

    def durable(self, seq: int, elapsed_s: float) -> None:
        pass

    def tell(self, p: AttachedHost) -> None:
        self.root = p.root
        if p.restored:
            self.say("restored", p.session.restored.seq)
        self.say("saved", p.session.seq)
        assert p.report is not None
        assert p.session.may_trade, p.report.text("en")


if __name__ == "__main__":
    witness = Witness(os.environ["WITNESS"])
    declared = said_by(Path(sys.argv[1]))
    declared.options["observer"] = witness
    run(WrappedHost(declared, witness.tell), Path(sys.argv[2]), [])
