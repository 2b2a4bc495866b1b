"""A host whose classes are others than those that were saved, or made by others; and options that
are misspelt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrskit
import graphkit
import pytest
from graphkit import Loose, bare

from prometheus_persist import attach
from prometheus_persist.errors import BadConfig, BadValue, StoreDamaged
from prometheus_persist.report.in_chinese import in_chinese


def _fewer_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """``Slotted`` as it is after somebody took ``second`` away."""
    fewer = type("Slotted", (), {"__slots__": ("first",), "__module__": "graphkit"})
    monkeypatch.setattr(graphkit, "Slotted", fewer)


def test_a_slot_that_is_gone_is_left_out_by_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the root and below it; without a step, or with one that forgets it, it is named."""
    root: Any = bare(graphkit.Slotted)
    root.first, root.second = [bare(graphkit.Slotted)], 3
    root.first[0].second = frozenset({bare(Loose)})
    attach(root, tmp_path, ["graphkit"]).close()
    _fewer_slots(monkeypatch)
    fresh: Any = bare(graphkit.Slotted)
    steps: list[Any] = [{}, {"graphkit:Slotted": lambda fields: fields}]
    steps.append({"graphkit:Slotted": lambda fields: fields if "first" in fields else {}})
    for each in steps:
        with pytest.raises(StoreDamaged, match=r"Slotted.second .* no slot .* a step in upcast"):
            attach(fresh, tmp_path, ["graphkit"], upcast=each)
        assert not hasattr(fresh, "first")
    given = []

    def step(fields: dict[str, Any]) -> dict[str, Any]:
        given.append(fields.get("second"))
        return {name: value for name, value in fields.items() if name == "first"}

    with attach(fresh, tmp_path, ["graphkit"], upcast={"graphkit:Slotted": step}):
        assert type(fresh.first[0]) is graphkit.Slotted
    assert 3 in given
    assert [type(*each) for each in given if isinstance(each, frozenset)] == [Loose]
    attach(bare(graphkit.Slotted), tmp_path, ["graphkit"]).close()


def test_a_step_that_returns_no_attributes_is_named(tmp_path: Path) -> None:
    root: Any = bare(Loose)
    root.n = 1
    attach(root, tmp_path, ["graphkit"]).close()
    fresh: Any = bare(Loose)
    with pytest.raises(BadValue, match="upcast of graphkit:Loose returned a NoneType"):
        attach(fresh, tmp_path, ["graphkit"], upcast={"graphkit:Loose": lambda fields: None})
    assert vars(fresh) == {}


def test_an_attribute_of_a_base_is_renamed_in_those_that_inherit_it(tmp_path: Path) -> None:
    root: Any = bare(Loose)
    root.items = [bare(graphkit.SlottedMore)]
    root.items[0].old = 3
    attach(root, tmp_path, ["graphkit"]).close()
    fresh: Any = bare(Loose)
    with attach(fresh, tmp_path, ["graphkit"], rename={"Slotted.old": "new"}):
        assert vars(fresh.items[0]) == {"new": 3}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"modules": graphkit}, "modules is a list of names, not <module"),
        ({"modules": [graphkit]}, "modules is a list of names, and <module"),
        ({"skip": [Loose]}, "skip is a list of names, and <class"),
        ({"bound": Loose}, "bound is a list of classes, not <class"),
        ({"live": ["Loose"]}, "live is a list of classes, and 'Loose' is none"),
        ({"views": 5}, "views are a HostViews(), not 5"),
        ({"rename": ["Loose.old"]}, "rename is a dict, not"),
        ({"rename": {"Loose.old": "Loose.new"}}, "write 'module:Old': 'module:New'"),
        ({"rename": {"graphkit:Old": "Loose"}}, "write 'module:Old': 'module:New'"),
        ({"rename": {"old": "new"}}, "write 'module:Old': 'module:New'"),
        ({"rebind": {"Loose.okx": Loose}}, "write 'Class.attribute': 'place'"),
        ({"upcast": {"Loose": dict}}, "write 'module:Class': step"),
        ({"upcast": {"graphkit:Loose": {}}}, "write 'module:Class': step"),
        ({"adapters": {Loose: vars}}, "write type: (to_plain, from_plain)"),
        ({"adapters": {"Loose": (vars, dict)}}, "write type: (to_plain, from_plain)"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    tmp_path: Path, given: dict[str, Any], reason: str
) -> None:
    """Before a store is made: most of these were taken, and did nothing at any restore."""
    with pytest.raises(BadConfig) as refused:
        attach(bare(Loose), tmp_path / "new", **{"modules": ["graphkit"], **given})
    assert reason in str(refused.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("exchange", [{"secret": "s3cr3t"}, "items"])
def test_an_exchange_that_is_no_client_is_refused(tmp_path: Path, exchange: Any) -> None:
    root: Any = bare(Loose)
    root.items = []
    with pytest.raises(BadConfig, match="exchange is a ccxt client of OKX") as refused:
        attach(root, tmp_path, ["graphkit"], exchange=exchange)
    assert "s3cr3t" not in refused.value.detail
    assert "ccxt 客户端" in in_chinese(refused.value.detail)
    attach(root, tmp_path, ["graphkit"]).close()


def test_options_may_be_given_one_at_a_time(tmp_path: Path) -> None:
    """What can be gone through but once is gone through but once."""
    names: Any = iter(["graphkit"])
    root: Any = bare(Loose)
    root.items = [bare(Loose)]
    attach(root, tmp_path, names, skip=iter(["Loose.no"]), live=iter([Loose])).close()


def test_slots_that_attrs_made_come_back_and_a_hash_that_it_keeps_is_refused(
    tmp_path: Path,
) -> None:
    root: Any = bare(Loose)
    root.items = attrskit.Defined(1, [attrskit.Defined(2, root)])
    modules = ["graphkit", "attrskit"]
    attach(root, tmp_path, modules).close()
    fresh: Any = bare(Loose)
    with attach(fresh, tmp_path, modules) as p:
        assert (fresh.items.number, fresh.items.inner[0].number) == (1, 2)
        assert fresh.items.inner[0].inner is fresh
        fresh.items = attrskit.Hashed(1)
        with pytest.raises(BadValue, match=r"loose\.items: Hashed has its own __getstate__"):
            p.save()
        fresh.items = None
