"""One life on a disk that may fail its syncs: the child that ``thin_disk_trials`` watches.

``python -m chaos.sweeps.thin_disk_child STORE --mirror MODE --reserve BYTES --saves N --end HOW``

It opens the store, saves once, says ``ready`` (or ``refused``) and waits for a line on its input;
then it saves until a save is refused, at most N times, with a readable checkpoint in between.
Everything that was begun and acknowledged is said, one JSON object a line. ``--end``: it
``close``s, ``let-go``es without saving, or is gone by SIGKILL (``kill``). ``--plant believe`` puts
in a heal that believes what it reads.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from chaos.sweeps.reference_workload import FIRST, SETTINGS, ears_for
from chaos.workload.narrator import Narrator
from prometheus_persist.errors import PersistError
from prometheus_persist.session import Session, opening
from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.storage.segments import heal

ENDS: Final = ("close", "let-go", "kill")
PLANTS: Final = ("believe",)
CHECKPOINT_EVERY = 7


class DiskVoice:
    """Says events on the output."""

    def say(self, event: str, **fields: Any) -> None:
        """One line."""
        print(json.dumps({"event": event, **fields}), flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """One life."""
    parser = argparse.ArgumentParser(
        prog="python -m chaos.sweeps.thin_disk_child", description=__doc__
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("--mirror", choices=("behind", "ack", "off"), required=True)
    parser.add_argument("--reserve", type=int, required=True)
    parser.add_argument("--saves", type=int, required=True)
    parser.add_argument("--end", choices=ENDS, required=True)
    parser.add_argument("--plant", choices=PLANTS)
    args = parser.parse_args(argv)
    if args.plant:
        setattr(opening, "heal", believing)  # noqa: B010 it is not exported there
    voice = DiskVoice()
    fs = LocalFs(args.store)
    args.store.mkdir(exist_ok=True)
    try:
        session = Session.open(
            args.store,
            fs=fs,
            settings=replace(SETTINGS[FIRST], mirror=args.mirror, reserve_bytes=args.reserve),
            observer=Narrator(voice, fold=ears_for(fs).fold),
        )
        touch(session)
    except PersistError as problem:
        voice.say("refused", problem=str(problem))
        return 0
    voice.say("ready")
    sys.stdin.readline()
    refused = False
    for number in range(args.saves):
        try:
            touch(session)
            if number % CHECKPOINT_EVERY == CHECKPOINT_EVERY - 1:
                session.checkpoint()
        except PersistError as problem:
            # Where ext4 has free blocks, it is the device that refused.
            voice.say("failed", problem=str(problem), free=os.statvfs(args.store).f_bavail)
            refused = "shut" in str(problem) or "journal" in str(problem)
            if refused:
                break
    if args.end == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    session.close(save=args.end == "close" and not refused)
    return 0


def believing(fs: Fs, due: Mapping[str, bytes], *, proven: bool, **how: Any) -> list[str]:
    """Takes what is read for what is on the disk."""
    return heal(fs, due, proven=proven or bool(due), **how)


def touch(session: Session) -> None:
    """One more cycle, saved."""
    count = session.state.supervisor.system_cycle_count + 1
    session.state.supervisor = session.state.supervisor.model_copy(
        update={"system_cycle_count": count}
    )
    session.save("thin")


if __name__ == "__main__":
    raise SystemExit(main())
