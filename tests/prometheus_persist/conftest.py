"""Fixtures that more than one file of the library's tests asks for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def exchange() -> Iterator[Any]:
    running = pytest.importorskip("fakeokx").launch()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Any]:
    """An exchange with a directory of its own: what it has seen is there when it starts again."""
    with pytest.importorskip("fakeokx").launch(tmp_path / "venue") as running:
        yield running


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose name is short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="s-", dir="/tmp") as name:
        yield Path(name)
