"""Switches: names and values are checked, a change is in the ledger's command, a repeat is not."""

import pytest
from fakeokx_tools import T0, new_venue

from fakeokx.engine.commands import SetSwitch, decode, encode
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import changed, step
from fakeokx.engine.switches import SWITCHES


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_a_switch_starts_at_its_default_and_takes_each_of_its_values(name: str) -> None:
    venue = new_venue()
    assert venue.switches[name] == SWITCHES[name].default
    for value in (*SWITCHES[name].others, SWITCHES[name].default):
        command = SetSwitch(name=name, value=value)
        assert decode(encode(command)) == command
        assert changed(step(venue, command, T0))
        assert venue.switches[name] == value
        assert not changed(step(venue, command, T0))


@pytest.mark.parametrize(("name", "value"), [("no.such", "1"), ("caa.time_unit", "h")])
def test_an_unknown_name_or_value_changes_nothing(name: str, value: str) -> None:
    venue = new_venue()
    before = dict(venue.switches)
    with pytest.raises(Refusal, match=name):
        step(venue, SetSwitch(name=name, value=value), T0)
    assert dict(venue.switches) == before


def test_every_switch_says_what_it_decides_and_has_another_value() -> None:
    for switch in SWITCHES.values():
        assert switch.meaning
        assert len(set(switch.values)) > 1
