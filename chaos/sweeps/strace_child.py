"""Three lives on real files, with the seam's own log: the child that ``bypass`` traces.

``python -m chaos.sweeps.strace_child STORE LOG --seed N [--plant KIND]``

LOG receives every operation of the seam, one ``operation path`` a line, when all is over; it
lies outside of the store. Then, beside the store and unannounced, another one is made with a mirror
in a directory of its own, and one by a restore.

``--plant`` goes around the seam once, on purpose: ``write``, ``read``, ``rename``, ``unlink``,
``mkdir`` or ``truncate``; or makes one of the library's mistakes of ``FORGOTTEN``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chaos.faults.switch import FaultSwitch, SwitchedFs
from chaos.sweeps.reference_workload import FIRST, LIVES, AckLog, ears_for, live
from chaos.workload.clocks import WoundClock
from chaos.workload.paper_life import DAY_START_MS
from prometheus_persist.recovery import restore
from prometheus_persist.recovery import restore_into as making
from prometheus_persist.recovery.restore_into import write_into
from prometheus_persist.session import Session, Settings
from prometheus_persist.storage import lock as locking
from prometheus_persist.storage import store as storing
from prometheus_persist.storage.committer import Committer
from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.storage.layout import INCREMENTAL, JOURNAL, RECOVERY_LOG

PLANTS: Final = ("write", "read", "rename", "unlink", "mkdir", "truncate")
FORGOTTEN: Final = ("late cut", "folders", "parents", "moved")


def forget(kind: str) -> None:
    """Have this process's library leave out one sync, as many a library does."""
    if kind == "late cut":
        honest = Committer._sync_and_cut

        def late(self: Committer) -> None:
            honest(self)
            for handle in self._open.handles.values():
                handle.cut()

        setattr(Committer, honest.__name__, late)
    elif kind == "folders":
        setattr(storing, "renew_dirs", lambda _fs, *_paths: None)  # noqa: B010 not exported there
    elif kind == "parents":
        setattr(locking, "make_root", lambda root: root.mkdir(0o700, parents=True, exist_ok=True))  # noqa: B010
    else:
        setattr(making, "LocalFs", type("Quiet", (LocalFs,), {"fsync_dir": lambda *_: None}))  # noqa: B010


def plant(store: Path, kind: str) -> None:
    """Go around the seam once."""
    readable = store / INCREMENTAL / "valhalla.json"
    segment = next(iter(sorted((store / JOURNAL).iterdir())))
    if kind == "write":
        with segment.open("r+b") as file:
            file.write(segment.read_bytes()[:1])
    elif kind == "read":
        segment.read_bytes()
    elif kind == "rename":
        readable.replace(readable)
    elif kind == "unlink":
        readable.unlink()
    elif kind == "mkdir":
        (store / "elsewhere").mkdir()
    else:
        (store / RECOVERY_LOG).open("ab").close()


def beside(store: Path, fs: Fs) -> None:
    """A store with a mirror of its own place, and one that a restore makes."""
    other = store.parent / "other"
    settings = Settings(mirror_dir=str(other / "far" / "mirror"))
    session = Session.open(other / "near" / "store", settings=settings)
    session.save("traced")
    session.close()
    write_into(restore(fs), other / "made" / "store", WoundClock(DAY_START_MS))


def main(argv: Sequence[str] | None = None) -> int:
    """All lives on one store."""
    parser = argparse.ArgumentParser(
        prog="python -m chaos.sweeps.strace_child", description=__doc__
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", choices=(*PLANTS, *FORGOTTEN))
    args = parser.parse_args(argv)
    if args.plant in FORGOTTEN:
        forget(args.plant)
        args.plant = None
    switch = FaultSwitch(reads=True)
    fs = SwitchedFs(LocalFs(args.store), switch)

    def after(name: str) -> None:
        if name == "checkpoint" and args.plant:
            plant(args.store, args.plant)
            args.plant = None

    for life in LIVES:
        ears = AckLog() if life == FIRST else ears_for(fs)
        live(args.store, fs, ears, args.seed, life=life, after=after)
    beside(args.store, fs)
    args.log.write_text("\n".join(switch.log) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
