"""``python -m chaos.workload``: the trading system as a process of its own, made to be killed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from chaos.faults import parse_fault
from chaos.record import CHILD, Voice
from chaos.saboteurs import SABOTEURS
from chaos.workload.play import Life, live

NOWHERE = Path("/dev/null")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="python -m chaos.workload", description=__doc__)
    found.add_argument("--dir", type=Path, required=True, help="the store's directory")
    found.add_argument("--url", required=True, help="where the exchange listens")
    found.add_argument("--seed", type=int, default=0)
    found.add_argument("--cycles", type=int, default=0, help="0: until a signal comes")
    found.add_argument("--pause", type=float, default=0.0, help="seconds between two cycles")
    found.add_argument("--say", default=str(NOWHERE), help="a record, by path or descriptor")
    found.add_argument("--run", type=int, default=1, help="this child's number in the record")
    found.add_argument("--fault", type=parse_fault, help="kill:op=12 · tear:order=3,share=400")
    found.add_argument("--kill-before-op", type=int, metavar="N", help="short for kill:op=N")
    found.add_argument("--tear-op", type=int, metavar="N", help="short for tear:op=N")
    found.add_argument("--moves-market", action="store_true", help="prices move before each cycle")
    found.add_argument("--approve", default="", metavar="HASH", help="of a plan somebody has seen")
    found.add_argument("--saboteur", choices=SABOTEURS)
    found.add_argument("--report-lang", choices=("zh", "en"), default="en")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """One life."""
    args = parser().parse_args(argv)
    fault = args.fault
    if args.kill_before_op:
        fault = parse_fault(f"kill:op={args.kill_before_op}")
    elif args.tear_op:
        fault = parse_fault(f"tear:op={args.tear_op}")
    target = int(args.say) if args.say.isdigit() else Path(args.say)
    life = Life(
        directory=args.dir,
        url=args.url,
        seed=args.seed,
        cycles=args.cycles,
        lang=args.report_lang,
        fault=fault,
        saboteur=args.saboteur,
        pause_s=args.pause,
        moves_market=args.moves_market,
        approve=args.approve,
    )
    return live(life, Voice(target, by=CHILD, run=args.run))


if __name__ == "__main__":
    raise SystemExit(main())
