"""The registry: injective, legal at the exchange and on every file system, never changed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prometheus_persist.errors import BadValue
from prometheus_persist.state import Registry
from prometheus_persist.state.registry import Issued, base36
from prometheus_persist.storage.fs import LocalFs

TAG = re.compile(r"[A-Za-z0-9]{1,16}")
CL_ORD_ID = re.compile(r"[A-Za-z0-9]{1,32}")
STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
WINDOWS = {"con", "prn", "aux", "nul"} | {f"{n}{d}" for n in ("com", "lpt") for d in range(10)}


def registry_of(*names: str) -> Registry:
    registry = Registry(store_id="ab12")
    for name in names:
        registry = registry.assign(name)
    return registry


def assert_sound(registry: Registry) -> None:
    rows = list(registry.rows.values())
    tags = [row.tag.casefold() for row in rows]
    stems = [row.file_stem.casefold() for row in rows]
    assert len(set(tags)) == len(rows), tags
    assert len(set(stems)) == len(rows), stems
    for row in rows:
        assert TAG.fullmatch(row.tag), row
        assert STEM.fullmatch(row.file_stem), row
        assert row.file_stem.casefold() not in WINDOWS, row
        assert registry.owner_of_tag(row.tag) == row.agent_id


FAMILIES = {
    "one character dropped": ("Agent_1", "Agent1", "Agent-1", "Agent 1", "Agent.1"),
    "case twins": ("alpha", "Alpha", "ALPHA", "aLPHA"),
    "leaving the directory": ("..", ".", "../..", "/", "/etc/passwd", "a/../b", "..\\x", "a\0b"),
    "nothing legal in it": ("🦊", "🦊🦊", "代理", "—", " "),
    "300 characters": ("x" * 300, "x" * 299, "x" * 299 + "y", "_" * 300),
    "reserved on Windows": ("CON", "con", "Nul", "aux", "COM1", "lpt9", "com0"),
    "names we would give": ("Agent-000001", "agent", "agent0001", "🦊", "🐻", "agent-000001"),
    "leading marks": ("-rf", "_x", ".hidden", "~", "$HOME", "%2e%2e"),
    "unicode case": ("straße", "STRASSE", "İ", "i", "ı", "I"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_registry_troublesome_names(family: str) -> None:
    """Names made to collide or to break out get tags and file names that do neither."""
    assert_sound(registry_of(*FAMILIES[family]))


def test_registry_all_troublesome_names_together(tmp_path: object) -> None:
    """The same, all in one registry; and no file name of theirs leaves the directory."""
    registry = registry_of(*dict.fromkeys(name for family in FAMILIES.values() for name in family))
    assert_sound(registry)
    fs = LocalFs(str(tmp_path))
    for row in registry.rows.values():
        assert fs.size(f"{row.file_stem}.json") is None


def test_registry_ordinary_names_stay_readable() -> None:
    """LiveAgent_01 keeps its file name; its letters and digits, and the store's id, are its tag."""
    registry = registry_of("LiveAgent_01", "UNATTRIBUTED", "thirteen13chr")
    row = registry.rows["LiveAgent_01"]
    assert (row.tag, row.file_stem) == ("LiveAgent01ab12", "LiveAgent_01")
    assert registry.rows["UNATTRIBUTED"].tag == "UNATTRIBUTEDab12"
    assert registry.rows["thirteen13chr"].tag == "thirteen0001ab12"


def test_registry_the_store_says_itself_once_in_a_client_order_id() -> None:
    """The tag without the store's id, then the store, the epoch, the number."""
    registry = registry_of("LiveAgent_01")
    assert registry.cl_ord_id("LiveAgent_01", 1, 36) == "LiveAgent01ab12000010000010"


def test_registry_rows_of_old_keep_their_tags_and_the_form_of_their_ids() -> None:
    """A tag without the store's id stays, and stands whole in the clOrdId, as it always did."""
    old = Registry.model_validate({"store_id": "ab12", "rows": {"A": ROW}})
    late = old.assign("A", "A!", "B")
    assert late.rows["A"].tag == "A"
    assert late.cl_ord_id("A", 1, 1) == "Aab12000010000001"
    assert late.rows["A!"].tag == "A0001ab12", "another agent's ids would begin the same way"
    assert late.rows["B"].tag == "Bab12"
    assert [late.carries_store(row.tag) for row in late.rows.values()] == [False, True, True]


def test_registry_two_stores_never_share_a_tag() -> None:
    """The same agents, another store: no tag of one is one of the other."""
    ours = registry_of("LiveAgent_01", "b")
    theirs = Registry(store_id="zz99").assign("LiveAgent_01", "b")
    for row in theirs.rows.values():
        assert not ours.tag_is_ours(row.tag)
        assert not ours.carries_store(row.tag)
    for row in ours.rows.values():
        assert ours.tag_is_ours(row.tag)
        assert ours.carries_store(row.tag)
    assert not ours.tag_is_ours("")
    assert not ours.carries_store("ab12"), "the store's id alone is no tag"


def test_registry_the_epoch_of_an_id_is_ahead_of_the_writers() -> None:
    """As far as the registry says; durable with it, and bounded as the epoch is."""
    registry = registry_of("A").model_copy(update={"epoch_ahead": 35})
    assert registry.cl_ord_id("A", 1, 1) == "Aab12000100000001"
    assert Registry.model_validate(registry.model_dump(mode="json")) == registry
    with pytest.raises(BadValue):
        registry.cl_ord_id("A", 36**5 - 1, 1)
    with pytest.raises(ValidationError):
        Registry.model_validate({"store_id": "ab12", "epoch_ahead": -1})


@pytest.mark.parametrize(
    "name",
    [
        "Aab12000010000001x",  # longer
        "Aab1200001000001",  # shorter
        "Aab13000010000001",  # another store's
        "Cab12000010000001",  # nobody's
        "aab12000010000001",  # another case
        "Aab1200001000000Z",
        "Aab12000010000 01",
        "Aab12000010000001\n",
        "Aab12+00010000001",
        "ab12000010000001",
        "",
    ],
)
def test_registry_others_ids_are_nobodys(name: str) -> None:
    """Only the form that this store gives, exactly."""
    assert registry_of("A", "B").issued_by(name) is None


def test_registry_knows_its_own_ids() -> None:
    """Whoever issued it, in which epoch, as which order; of old rows and of new ones."""
    old = Registry.model_validate({"store_id": "ab12", "rows": {"A": ROW}})
    ahead = old.assign("B").model_copy(update={"epoch_ahead": 4})
    for agent in ("A", "B"):
        found = ahead.issued_by(ahead.cl_ord_id(agent, 3, 77))
        assert found == Issued(agent, 7, 77)
    assert ahead.issued_by("Bab12ab12000070000025") == Issued("B", 7, 77), "the whole tag before it"


def test_registry_an_id_that_could_be_two_agents_is_nobodys() -> None:
    """Rows of old whose ids would begin the same way: nobody is guessed."""
    twin = {"agent_id": "T", "tag": "Aab12", "file_stem": "T"}
    old = Registry.model_validate({"store_id": "ab12", "rows": {"A": ROW, "T": twin}})
    assert old.issued_by(old.cl_ord_id("A", 1, 1)) is None


names = st.text(
    st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40
) | st.sampled_from([name for family in FAMILIES.values() for name in family])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(names, max_size=12, unique=True),
    st.sampled_from([0, 1, 2, 36, 36**5 - 1]),
    st.sampled_from([0, 1, 35, 36, 36**7 - 1]),
)
def test_registry_any_names_give_unique_ids(agents: list[str], epoch: int, number: int) -> None:
    """Tags, file names and clOrdIds are unique for any agents, epochs and numbers; always legal."""
    registry = registry_of(*agents)
    assert_sound(registry)
    epochs = {epoch, max(epoch - 1, 0)}
    numbers = {number, max(number - 1, 0)}
    ids = [registry.cl_ord_id(a, e, n) for a in agents for e in epochs for n in numbers]
    assert len({one.casefold() for one in ids}) == len(ids)
    assert all(CL_ORD_ID.fullmatch(one) for one in ids)
    found = {registry.issued_by(one) for one in ids}
    assert found == {Issued(a, e, n) for a in agents for e in epochs for n in numbers}


@settings(max_examples=40, deadline=None)
@given(st.lists(names, min_size=1, max_size=8, unique=True), st.data())
def test_registry_rows_never_change(agents: list[str], data: st.DataObject) -> None:
    """Assigning more agents, or the same ones again, leaves every row as it was."""
    early = registry_of(*agents[: data.draw(st.integers(1, len(agents)))])
    late = early
    for name in agents + agents:
        late = late.assign(name)
    assert all(late.rows[name] == row for name, row in early.rows.items())
    assert len(late.rows) == len(agents)


def test_registry_keeps_unknown_fields_and_refuses_inexact_ones() -> None:
    """What a later version wrote into the table is kept; a NaN or a foreign type is refused."""
    rows = {"A": {**ROW, "colour": [1, 2.5]}}
    table = {"store_id": "ab12", "epoch_ahead": 0, "rows": rows, "era": {"n": 1}}
    assert Registry.model_validate(table).model_dump(mode="json") == table
    for bad in (float("nan"), (1, 2), object()):
        with pytest.raises(ValidationError):
            Registry.model_validate({**table, "era": bad})


def test_registry_assign_leaves_the_old_one_alone() -> None:
    """A new registry comes back; the one before does not know the agent."""
    old = registry_of("A")
    assert set(old.assign("B").rows) == {"A", "B"}
    assert set(old.rows) == {"A"}


@pytest.mark.parametrize("name", ["", "x" * 301, "\ud800"])
def test_registry_refuses_names(name: str) -> None:
    """No name, too long a name, and what is not text at all are refused."""
    with pytest.raises(BadValue):
        registry_of(name)


def test_registry_refuses_numbers_that_do_not_fit() -> None:
    """An order number or epoch beyond its digits raises; it never wraps around."""
    registry = registry_of("A")
    for epoch, number in ((36**5, 1), (1, 36**7), (-1, 1), (1, -1)):
        with pytest.raises(BadValue):
            registry.cl_ord_id("A", epoch, number)
    with pytest.raises(BadValue):
        registry.cl_ord_id("B", 1, 1)
    assert base36(36**4 - 1, 4) == "zzzz"


ROW = {"agent_id": "A", "tag": "A", "file_stem": "A"}
BROKEN = {
    "shared tag": {"A": ROW, "B": {"agent_id": "B", "tag": "a", "file_stem": "B"}},
    "shared file": {"A": ROW, "B": {"agent_id": "B", "tag": "B", "file_stem": "a"}},
    "another's row": {"B": ROW},
    "tag too long": {"A": {**ROW, "tag": "x" * 17}},
    "illegal tag": {"A": {**ROW, "tag": "A_1"}},
    "tag with newline": {"A": {**ROW, "tag": "A\n"}},
    "path as file": {"A": {**ROW, "file_stem": "../A"}},
    "dot file": {"A": {**ROW, "file_stem": ".."}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_registry_refuses_a_broken_table(name: str) -> None:
    """A table on disk that is not injective, or not legal, is refused as a whole."""
    with pytest.raises(ValidationError):
        Registry.model_validate({"store_id": "ab12", "rows": BROKEN[name]})
    Registry.model_validate({"store_id": "ab12", "rows": {"A": ROW}})
