"""Whoever reads a store beside its living writer, at whatever moment, finds nothing lost in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from storekit import HookFs

from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.storage.fs import LocalFs

DEEDS: dict[str, Callable[[Session], object]] = {
    "save": lambda session: session.save("beside"),
    "save, checkpoint": lambda session: (session.save("beside"), session.checkpoint()),
    "save, snapshot": lambda session: (session.save("beside"), session.snapshot()),
}
HOW: dict[str, dict[str, Any]] = {
    "quick": {},
    "thorough": {"thorough": True},
    "outline": {"outline": True},
}


ROWS = [(deed, how, 1) for deed in DEEDS for how in HOW] + [("save", "quick", 1 << 26)]


@pytest.mark.parametrize(("deed", "how", "segment_bytes"), ROWS)
def test_at_every_operation_of_a_reader_the_writer_goes_on(
    tmp_path: Path, deed: str, how: str, segment_bytes: int
) -> None:
    """What was vouched for is read before the journal that has to hold it."""
    root = tmp_path / "store"
    session = Session.open(root, settings=Settings(background=False))
    committer = session._store._committer
    committer._options = replace(committer._options, segment_bytes_max=segment_bytes)
    struck = 0
    for number in itertools.count():
        asked: list[str] = []

        def beside(
            operation: str, path: str, _: bytes, asked: Any = asked, at: int = number
        ) -> None:
            asked.append(f"{operation} {path}")
            if len(asked) == at + 1:
                session.state.supervisor.system_cycle_count += 1
                DEEDS[deed](session)

        cycle = session.state.supervisor.system_cycle_count
        found = restore(HookFs(LocalFs(root), beside), **HOW[how])
        where = asked[number] if number < len(asked) else "the end"
        assert found.documents["supervisor"]["system_cycle_count"] in (cycle, cycle + 1), where
        assert [one for one in found.facts.damages if one.outcome == "lost"] == [], where
        if number >= len(asked) or number > 80:
            break
        struck += 1
    assert struck > 8
    session.close()
