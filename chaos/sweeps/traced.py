"""Three lives on real files, with the seam's own log: the child that ``bypass`` traces.

``python -m chaos.sweeps.traced STORE LOG --seed N [--plant KIND]``

LOG receives every operation of the seam, one ``operation path`` a line, when all is over; it
lies outside of the store. ``--plant`` goes around the seam once, on purpose: ``write``, ``read``,
``rename``, ``unlink``, ``mkdir`` or ``truncate``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chaos.faults.switch import Switch, SwitchedFs
from chaos.sweeps.patient import FIRST, LIVES, Ears, ears_for, live
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.layout import INCREMENTAL, JOURNAL, RECOVERY_LOG

PLANTS: Final = ("write", "read", "rename", "unlink", "mkdir", "truncate")


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


def main(argv: Sequence[str] | None = None) -> int:
    """All lives on one store."""
    parser = argparse.ArgumentParser(prog="python -m chaos.sweeps.traced", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", choices=PLANTS)
    args = parser.parse_args(argv)
    switch = Switch(reads=True)
    fs = SwitchedFs(LocalFs(args.store), switch)

    def after(name: str) -> None:
        if name == "checkpoint" and args.plant:
            plant(args.store, args.plant)
            args.plant = None

    for life in LIVES:
        ears = Ears() if life == FIRST else ears_for(fs)
        live(args.store, fs, ears, args.seed, life=life, after=after)
    args.log.write_text("\n".join(switch.log) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
