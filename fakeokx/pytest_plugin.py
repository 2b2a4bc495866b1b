"""pytest fixture ``fakeokx``: a fresh exchange process for each test.

Registered as a plugin, so nothing heavy is imported before a test asks for the fixture.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fakeokx import FakeOkx


@pytest.fixture(name="fakeokx")
def fakeokx_server(tmp_path: Path) -> "Iterator[FakeOkx]":
    """A running fakeokx with an empty ledger under the test's own directory."""
    from fakeokx import launch

    with launch(tmp_path / "fakeokx") as server:
        yield server
