"""Objects that are made again by what they are, and what they may have beside it."""

from __future__ import annotations

import random
import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from graphkit import Kept, Root

from prometheus_persist.errors import BadValue
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


@pytest.mark.parametrize("make", [Counter, OrderedDict, lambda: random.Random(3)])
@pytest.mark.parametrize("late", [False, True])
def test_an_attribute_beside_what_is_kept_is_refused(make: Callable[[], Any], late: bool) -> None:
    """A plain Counter takes attributes as well; only its items were kept."""
    root: Any = Root()
    root.items = made = make()
    if not late:
        made.label = "of the host"
        (problem,) = survey(root, ClassTable(["graphkit"]), policy()).problems
        assert re.fullmatch(r"root\.items: \w+ has an attribute 'label' beside .*", problem)
        assert "keep it in an object of yours" in problem
        with pytest.raises(BadValue, match="has an attribute 'label'"):
            Kept(root)
        return
    kept = Kept(root)
    made.label = "of the host"
    with pytest.raises(BadValue, match="has an attribute 'label'"):
        kept.look(complete=True)
    del made.label
    kept.look()
    assert type(kept.again()[0].items) is type(made)


def test_what_typing_leaves_on_an_object_is_no_attribute_of_the_host() -> None:
    root: Any = Root()
    root.items = Counter[str]("aab")
    assert root.items.__orig_class__ == Counter[str]
    assert survey(root, ClassTable(["graphkit"]), policy()).problems == []
    kept = Kept(root)
    kept.look(complete=True)
    assert kept.again()[0].items == Counter("aab")


def test_an_attribute_of_a_generator_is_its_state() -> None:
    root: Any = Root()
    root.items = random.Random(3)
    root.items.gauss(0, 1)  # leaves ``gauss_next``
    again: Any = Kept(root).again()[0]
    assert again.items.gauss(0, 1) == root.items.gauss(0, 1)
