"""Objects that are made again by what they are: generators of numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graphkit import Kept, Root


@pytest.mark.parametrize("name", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_an_old_generator_of_numpy_draws_on_whatever_its_bits_come_from(name: str) -> None:
    root: Any = Root()
    root.items = np.random.RandomState(getattr(np.random, name)(3))
    root.items.standard_normal()
    again: Any = Kept(root).again()[0]
    due = [(root.items.random_sample(), root.items.standard_normal()) for _ in range(5)]
    assert [(again.items.random_sample(), again.items.standard_normal()) for _ in due] == due
