"""pytest fixtures: ``fakeokx``, a fresh exchange process for each test, and what it is made of.

``fakeokx_options`` is what ``fakeokx.launch`` is called with; a test module or class overrides
the fixture to have it otherwise. ``fakeokx_factory`` launches as many as are asked for, and
stops them all. Registered as a plugin, so nothing heavy is imported before a test asks for it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fakeokx import FakeOkx


@pytest.fixture
def fakeokx_options() -> dict[str, Any]:
    """Keyword arguments of ``fakeokx.launch`` for the fixture ``fakeokx``; override it."""
    return {}


@pytest.fixture(name="fakeokx")
def fakeokx_server(tmp_path: Path, fakeokx_options: dict[str, Any]) -> "Iterator[FakeOkx]":
    """A running fakeokx with an empty ledger under the test's own directory."""
    from fakeokx import launch

    with launch(**{"directory": tmp_path / "fakeokx", **fakeokx_options}) as server:
        yield server


@pytest.fixture
def fakeokx_factory(tmp_path: Path) -> "Iterator[Callable[..., FakeOkx]]":
    """``launch`` for a test: the n-th call has a directory ``fakeokx-n`` of the test's own."""
    from fakeokx import launch

    with ExitStack() as running:

        def factory(**options: Any) -> "FakeOkx":
            home = tmp_path / f"fakeokx-{next(numbers)}"
            return running.enter_context(launch(**{"directory": home, **options}))

        numbers = count()
        yield factory
