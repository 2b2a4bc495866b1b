"""``python -m chaos.workload.look``: restore a store read-only and write down all that came back.

A process of its own, so that what is looked at is what any other process would see.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from chaos.record import RUNNER, Voice
from chaos.saboteurs import SABOTEURS
from chaos.saboteurs.checks import believe_everything
from chaos.workload.narrator import plainly
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import restore
from prometheus_persist.storage.fs import LocalFs


def look(directory: Path, voice: Voice, label: str, *, settled: bool) -> int:
    """Say one ``dump``; ``settled`` where books and exchange have been brought together."""
    try:
        found = restore(LocalFs(directory), thorough=True)
    except PersistError as problem:
        said = f"{type(problem).__name__}: {problem.detail}"
        voice.say("dump", label=label, settled=settled, problem=said)
        return problem.exit_code
    voice.say(
        "dump",
        label=label,
        settled=settled,
        seq=found.seq,
        documents=found.documents,
        streams={name: list(rows) for name, rows in found.streams.items()},
        damages=plainly(found.facts.damages),
        duration_ms=found.facts.duration_ms,
    )
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """One look."""
    parser = argparse.ArgumentParser(prog="python -m chaos.workload.look", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--label", default="look")
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("--saboteur", choices=SABOTEURS)
    args = parser.parse_args(argv)
    if args.saboteur == "checksum-not-checked":
        believe_everything()
    voice = Voice(args.record, by=RUNNER, run=0)
    return look(args.dir, voice, args.label, settled=args.settled)


if __name__ == "__main__":
    raise SystemExit(main())
