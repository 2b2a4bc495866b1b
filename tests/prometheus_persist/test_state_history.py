"""A history: appended to, dropped from, never changed; what it hands out is the caller's."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus_persist.errors import BadValue
from prometheus_persist.state import History, Supervisor


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 5).map(lambda n: ("keep", n)) | st.just(("append", 0)), max_size=20))
def test_history_is_the_list_it_stands_for(steps: list[tuple[str, int]]) -> None:
    """Against a plain list: entries, length, what was dropped, and texts by number."""
    history, every = History(), list[dict[str, Any]]()
    for step, count in steps:
        if step == "append":
            history.append({"n": len(every)})
            every.append({"n": len(every)})
        else:
            history.keep_last(count)
        left = every[history.dropped :]
        assert list(history) == left
        assert history == left
        assert (len(history), history.ever) == (len(left), len(every))
        assert history.texts(history.ever) == []
        assert len(history.texts(history.dropped)) == len(left)


def test_history_hands_out_copies() -> None:
    history = History([{"a": {"b": [1]}}, {"c": 1}, {"c": 2}])
    history[0]["a"]["b"].append(2)
    for entry in history:
        entry["x"] = 1
    assert history[0] == {"a": {"b": [1]}}
    assert history[-2:] == [{"c": 1}, {"c": 2}]
    taken: dict[str, Any] = {"later": []}
    history.append(taken)
    taken["later"].append(1)
    assert history[-1] == {"later": []}


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_history_copies_go_their_own_ways(again: Any) -> None:
    """What one drops or takes in is not the other's; both know how many there ever were."""
    history = History([{"n": n} for n in range(4)])
    history.keep_last(3)
    other = again(history)
    history.keep_last(1)
    other.append({"n": 9})
    assert (list(history), history.ever) == ([{"n": 3}], 4)
    assert (other[-1], len(other), other.ever) == ({"n": 9}, 4, 5)


def test_history_cannot_be_changed() -> None:
    history: Any = History([{"a": 1}])
    for change in ("insert", "pop", "remove", "clear", "sort", "reverse", "__setitem__"):
        assert not hasattr(history, change)
    with pytest.raises(TypeError):
        history[0] = {}
    with pytest.raises(TypeError):
        hash(history)


@pytest.mark.parametrize(
    "bad", [1, "x", [1], {"x": (1,)}, {1: 2}, {"x": float("nan")}, {"x": 10**60}, {"x": "\ud800"}]
)
def test_history_refuses_what_would_not_come_back(bad: Any) -> None:
    """Also among others, and then none of them is taken."""
    history = History([{"a": 1}])
    with pytest.raises(BadValue):
        history.append(bad)
    with pytest.raises(BadValue):
        history.extend([{"good": 1}, bad])
    assert history == [{"a": 1}]


def test_history_in_a_model_takes_a_list_and_comes_back_as_itself() -> None:
    """Read as a list it becomes one, assigned it is one; copies share it, deep ones do not."""
    supervisor = Supervisor.model_validate({"market_state_history": [{"t": 1}]})
    supervisor.market_state_history.append({"t": 2})
    assert supervisor.model_dump(mode="json")["market_state_history"] == [{"t": 1}, {"t": 2}]
    again = Supervisor.model_validate(supervisor.model_dump(mode="json"))
    assert again == supervisor
    assert type(again.market_state_history) is History
    deep, shallow = copy.deepcopy(supervisor), supervisor.model_copy()
    supervisor.market_state_history.append({"t": 3})
    assert (len(deep.market_state_history), len(shallow.market_state_history)) == (2, 3)
    with pytest.raises(BadValue, match=r"would be copied.*assign History"):
        supervisor.market_state_history = [{"t": 9}]  # type: ignore[assignment]
    assert len(supervisor.market_state_history) == 3
    with pytest.raises(BadValue, match="a history is a list"):
        supervisor.market_state_history = "x"  # type: ignore[assignment]
    with pytest.raises(BadValue, match="keeps no"):
        supervisor.market_state_history.keep_last(-1)
