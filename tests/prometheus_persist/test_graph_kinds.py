"""Objects that are made again by what they are: generators of numpy, slots that attrs made."""

from __future__ import annotations

from typing import Any

import graphkit
import numpy as np
import pytest
from graphkit import Kept, Root

from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.policy import policy
from prometheus_persist.graph.survey import survey


@pytest.mark.parametrize("name", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_an_old_generator_of_numpy_draws_on_whatever_its_bits_come_from(name: str) -> None:
    root: Any = Root()
    root.items = np.random.RandomState(getattr(np.random, name)(3))
    root.items.standard_normal()
    again: Any = Kept(root).again()[0]
    due = [(root.items.random_sample(), root.items.standard_normal()) for _ in range(5)]
    assert [(again.items.random_sample(), again.items.standard_normal()) for _ in due] == due


def test_slots_that_attrs_made_come_back_and_a_hash_that_it_keeps_is_refused() -> None:
    root: Any = Root()
    root.items = graphkit.Defined(1, [graphkit.Defined(2, root)])
    again: Any = Kept(root).again()[0]
    assert (again.items.number, again.items.inner[0].number) == (1, 2)
    assert again.items.inner[0].inner is again
    root.items = graphkit.Hashed(1)
    (problem,) = survey(root, ClassTable(["graphkit"]), policy()).problems
    assert problem.startswith("root.items: Hashed has its own __getstate__")
