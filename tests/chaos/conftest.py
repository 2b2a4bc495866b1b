"""Fixtures that more than one file of the harness's tests asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def venue(request: Any) -> Iterator[Any]:
    fakeokx = pytest.importorskip("fakeokx")
    with fakeokx.launch(pos_mode=getattr(request, "param", "net_mode")) as running:
        yield running
