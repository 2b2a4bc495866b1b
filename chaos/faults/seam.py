"""A disk fault as data, and the disk of a real process that it strikes.

What a fault is and when an operation counts is ``switch.py``'s; here death is SIGKILL to the own
process. It strikes at operation ``at_op`` or, with ``after_order`` K, at the first operation after
the exchange has answered the run's K-th order: ``arm`` is called at that moment.

Before it strikes it says ``fired`` through the callback, so that a run in which nothing happened is
never taken for a survived one.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chaos.faults.switch import FaultSwitch, SwitchedFs
from prometheus_persist.storage.fs import Fs

FaultKind = Literal["kill", "tear", "errno"]
SHARE_PER_MILLE_MAX = 999
NEVER = sys.maxsize


@dataclass(frozen=True, slots=True)
class DiskFault:
    """One fault, as data. Exactly one of ``at_op`` and ``after_order`` is set."""

    kind: FaultKind
    at_op: int = 0
    after_order: int = 0
    share: int = 500
    code: str = "ENOSPC"
    sticky: bool = False

    def text(self) -> str:
        """The form that ``parse_fault`` reads."""
        place = f"op={self.at_op}" if self.at_op else f"order={self.after_order}"
        more = {
            "kill": "",
            "tear": f",share={self.share}",
            "errno": f",code={self.code}" + (",sticky=1" if self.sticky else ""),
        }
        return f"{self.kind}:{place}{more[self.kind]}"


def parse_fault(text: str) -> DiskFault:
    """``kill:op=12`` · ``tear:order=3,share=400`` · ``errno:op=7,code=EIO,sticky=1``.

    Raises ValueError naming what cannot be read.
    """
    kind, _, rest = text.partition(":")
    words = dict(word.partition("=")[::2] for word in rest.split(",") if word)
    unknown = set(words) - {"op", "order", "share", "code", "sticky"}
    if kind not in ("kill", "tear", "errno") or unknown:
        raise ValueError(f"fault {text!r} cannot be read")
    if ("op" in words) == ("order" in words):
        raise ValueError(f"fault {text!r} names one of op= and order=")
    share = int(words.get("share", "500"))
    if not 0 <= share <= SHARE_PER_MILLE_MAX:
        raise ValueError(f"share={share} is not between 0 and {SHARE_PER_MILLE_MAX} per mille")
    return DiskFault(
        kind,  # type: ignore[arg-type]
        at_op=int(words.get("op", "0")),
        after_order=int(words.get("order", "0")),
        share=share,
        code=words.get("code", "ENOSPC"),
        sticky=words.get("sticky") == "1",
    )


def _nothing(_operation: str, _number: int) -> None:
    return None


class FaultyFs(SwitchedFs):
    """An ``Fs`` of a process that may be killed. ``fired`` is how often the fault struck."""

    def __init__(
        self,
        inner: Fs,
        fault: DiskFault | None = None,
        on_fire: Callable[[str, int], None] = _nothing,
    ) -> None:
        super().__init__(inner, FaultSwitch(logs=False, killed=True))
        self.fault = fault
        if fault is not None:
            self.switch.kind = "die" if fault.kind == "kill" else fault.kind
            self.switch.at = NEVER if fault.after_order else fault.at_op
            self.switch.code, self.switch.sticky = getattr(errno, fault.code), fault.sticky
            self.switch.share = fault.share
        self.switch.striking = lambda operation, path: on_fire(
            f"{operation} {path}", self.switch.count
        )

    @property
    def fired(self) -> int:
        """How often it struck."""
        return self.switch.fired

    def arm(self, orders_answered: int) -> None:
        """Tell how many orders the exchange has answered so far in this run."""
        if self.fault is not None and self.fault.after_order == orders_answered:
            self.switch.at = 0
