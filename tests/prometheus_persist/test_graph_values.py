"""Values, classes, secrets and refusals of somebody else's objects (S8, S11)."""

from __future__ import annotations

import asyncio
import collections
import datetime as dt
import enum
import logging
import math
import pathlib
import random
import re
import struct
import subprocess
import sys
import threading
import types
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import graphkit
import numpy as np
import pytest
from graphkit import Colour, Entry, Kept, Loose, Root, bare
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.oracle.objects import digest
from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.graph.adapted import adapted
from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.kinds import Kinds, remade
from prometheus_persist.graph.policy import is_secret, policy
from prometheus_persist.graph.rebinding import rebind
from prometheus_persist.graph.rebuild import fill, rebuild
from prometheus_persist.graph.survey import survey
from prometheus_persist.graph.tracker import META
from prometheus_persist.graph.values import Leaves

TABLE = ClassTable(["graphkit"])
ZONES = st.sampled_from(
    [None, dt.UTC, ZoneInfo("Asia/Shanghai"), dt.timezone(-dt.timedelta(hours=3, seconds=7), "odd")]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**63 - 2, max_value=2**70),
    st.floats(allow_nan=True),
    st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack(">d", struct.pack(">Q", bits))[0]),
    st.text(st.characters(exclude_categories=())),
    st.binary(),
    st.decimals(),
    st.fractions(),
    st.complex_numbers(),
    st.datetimes(timezones=ZONES),
    st.times(timezones=ZONES),
    st.dates(),
    st.timedeltas(),
    st.uuids(),
    ZONES,
    st.sampled_from([*Colour, graphkit.Right(3), Entry, int, dict, (), frozenset()]),
    st.floats(allow_nan=True).map(np.float64),
    st.floats(width=32).map(np.float32),
    st.integers(0, 255).map(np.uint8),
    st.integers(-5, 5).map(np.longlong),
    st.text(st.characters(exclude_categories=["Cs"])).map(np.str_),
    st.binary().map(np.bytes_),
    st.text().map(lambda text: pathlib.Path(text.replace("\0", ""))),
    st.text().map(lambda text: pathlib.PureWindowsPath(text)),
    st.sampled_from([re.compile("a.b", re.DOTALL), re.compile(rb"\d\xff"), re.compile("\ud800?")]),
    st.sampled_from(
        [logging.getLogger(), logging.getLogger("root.x"), logging.getLogger("\ud800")]
    ),
)


@given(value=VALUES)
@settings(max_examples=400, derandomize=True, deadline=None)
def test_every_value_comes_back_as_it_is(value: object) -> None:
    root: Any = Root()
    root.items = value
    assert digest(Kept(root).again()[0]) == digest(root)


def test_a_value_that_nobody_registered_is_refused() -> None:
    class Stamp(dt.datetime):
        pass

    for odd in (Stamp(2025, 1, 1, tzinfo=dt.UTC), enum.Enum("Made", "A").A, logging.Formatter):  # type: ignore[attr-defined]
        root: Any = Root()
        root.items = [odd]
        (problem,) = survey(root, TABLE, policy()).problems
        assert problem.startswith("root.items[0]: ")


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "builtins:eval",
        "logging:FileHandler",
        "graphkit:random.Random",
        "graphkit:collections.OrderedDict",
        "graphkit:ClassTable",
        "graphkit:digest",
        "graphkit:Root.__init__",
        "graphkit_never_imported:X",
        "graphkit:",
        "graphkit",
    ],
)
def test_a_name_in_a_store_that_is_no_class_of_the_host_is_refused(name: str) -> None:
    """A registered module does not lend its name to what it imported; nothing is imported."""
    _, kept = Root(), Kept(Root())
    kept.documents[META]["classes"] = [name]
    before = set(sys.modules)
    with pytest.raises(StoreDamaged, match="class"):
        kept.again()
    assert set(sys.modules) == before


def test_a_module_that_was_not_imported_is_named_and_left_alone() -> None:
    table = ClassTable(["xml"], ["xml.dom.pulldom:PullDOM"])
    assert "xml.dom.pulldom" not in sys.modules
    with pytest.raises(StoreDamaged, match=r"import xml\.dom\.pulldom before attaching"):
        table.find(0)
    assert "xml.dom.pulldom" not in sys.modules


def test_the_core_imports_no_numpy() -> None:
    code = (
        "import sys; import prometheus_persist.graph.tracker, prometheus_persist.graph.survey;"
        "assert 'numpy' not in sys.modules, sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-S", "-c", f"import site; site.main(); {code}"], check=True)


@pytest.mark.parametrize(
    "name",
    [
        "apiKey", "api_key", "API_SECRET", "secret", "passphrase", "bot_token", "accessToken",
        "okx_key", "key", "db_password", "privateKey", "client_secret_id", "Authorization",
    ],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["keyboard", "sort_key", "token_count", "monkey", "key_levels", "position", "密钥数", "", "_"],
)
def test_names_that_are_no_secrets(name: str) -> None:
    assert not is_secret(name)


class Client:
    """What holds a connection: bound anew."""

    def __init__(self, word: str) -> None:
        self.word = word


def secretive() -> Any:
    root: Any = Root()
    root.api_secret, root.okx = "sentinel-77aa", Client("sentinel-77aa")
    root.items = [bare(Loose)]
    root.items[0].okx, root.items[0].n = root.okx, 1
    root.items[0].config = {"apiKey": "sentinel-77aa", "url": "https://…"}
    return root


def test_secrets_are_in_no_row_and_come_from_the_fresh_host() -> None:
    root = secretive()
    given = policy(rebound=[Client])
    found = survey(root, TABLE, given)
    assert found.problems == []
    assert sorted(found.withheld) == [
        "root.api_secret",
        "root.items[0].config['apiKey']",
        "root.items[0].okx",
        "root.okx",
    ]
    kept = Kept(root, given=given)
    assert "sentinel" not in str((kept.documents, kept.streams))
    fresh = secretive()
    before = dict(vars(fresh))
    meta = kept.documents[META]
    table = ClassTable(["graphkit"], meta["classes"])
    made = rebuild(meta, kept.documents, kept.streams, table, given, fresh)
    own, missing = rebind(dict(made.attributes), before, made.withheld, {}, fresh)
    assert (set(own), missing) == ({"api_secret", "okx"}, [])
    made.attributes = [(name, own.get(name, value)) for name, value in made.attributes]
    fill(fresh, made)
    assert list(vars(fresh)) == list(vars(root))
    assert fresh.items[0].okx is fresh.okx is before["okx"]
    assert list(vars(fresh.items[0])) == ["okx", "n", "config"]
    assert fresh.items[0].config == root.items[0].config


PROXY = "http://me:sentinel-77aa@127.0.0.1:8080/x?a=b@c"


def test_a_password_in_an_address_is_in_no_row_and_comes_from_the_fresh_host() -> None:
    """Where that says the same but for it; else what else was said stays, and is named."""
    root: Any = Root()
    root.proxy, root.said = PROXY, f"no answer from {PROXY}"
    root.of = {"https": PROXY, "plain": "http://me@127.0.0.1:8080", "mail": "a:b@c.org"}
    found = survey(root, TABLE, policy())
    assert found.problems == []
    assert sorted(found.withheld) == ["root.of['https']", "root.proxy", "root.said"]
    kept = Kept(root, given=policy())
    root.seen = [PROXY]  # behind the look at the start: nothing of it stops
    kept.look(complete=True)
    assert "sentinel" not in str((kept.documents, kept.streams))
    fresh: Any = Root()
    fresh.proxy, fresh.said, fresh.of = PROXY, "", {"https": PROXY.replace("8080", "81")}
    meta = kept.documents[META]
    table = ClassTable(["graphkit"], meta["classes"])
    made = rebuild(meta, kept.documents, kept.streams, table, policy(), fresh)
    own, missing = rebind(dict(made.attributes), dict(vars(fresh)), made.withheld, {}, fresh)
    hidden = PROXY.replace("me:sentinel-77aa", "***")
    assert own == {"proxy": PROXY, "said": f"no answer from {hidden}"}
    assert missing == ["Root.said", "dict.https"]
    again = dict(made.attributes)
    assert again["of"] == {**root.of, "https": hidden}
    assert again["seen"] == [hidden]


def test_a_password_in_an_address_where_nothing_can_stand_for_it_is_refused_by_its_path() -> None:
    root: Any = Root()
    root.proxies, root.scores = [PROXY], {PROXY: 1}
    found = survey(root, TABLE, policy())
    assert "sentinel" not in str(found)
    assert [each.partition(": ")[0] for each in found.problems] == [
        "root.scores (a key) (and 1 more)"
    ]
    with pytest.raises(BadValue, match="has a password in it") as refused:
        Kept(root, given=policy())
    assert "sentinel" not in str(refused.value)


def test_a_place_that_the_fresh_host_lacks_is_named() -> None:
    """Nothing is made up: the attribute is not there, and said to be missing."""
    root = secretive()
    kept = Kept(root, given=policy(rebound=[Client]))
    fresh: Any = Root()
    fresh.okx = Client("new")
    meta = kept.documents[META]
    table = ClassTable(["graphkit"], meta["classes"])
    given = policy(rebound=[Client])
    made = rebuild(meta, kept.documents, kept.streams, table, given, fresh)
    rules = {"Loose.okx": "okx"}
    own, missing = rebind(dict(made.attributes), dict(vars(fresh)), made.withheld, rules, fresh)
    assert missing == ["Root.api_secret", "dict.apiKey"]
    again: Any = dict(made.attributes)["items"][0]
    assert again.okx is fresh.okx is own["okx"]
    assert again.config == {"url": "https://…"}
    with pytest.raises(BadValue, match="no 'nothing'"):
        rebind({}, {}, made.withheld, {"Loose.okx": "nothing"}, fresh)


def test_everything_that_cannot_be_kept_is_named_at_once_with_a_path_and_a_remedy() -> None:
    root: Any = Root()
    root.log, root.lock = sys.__stderr__, threading.Lock()
    root.work = lambda: 1
    root.items = [bare(Loose)]
    root.items[0].deep = {("a", 1): [(n for n in ())], "logger": logging.Logger("x")}
    root.local, root.numbers = type("Local", (), {})(), np.array([object()])
    root.pool = asyncio.Queue()
    root.stamps, root.bag = collections.defaultdict(lambda: 1), {"text"}
    found = survey(root, TABLE, policy(), "launcher")
    told = "\n".join(found.problems)
    for path, reason in {
        "launcher.log": "TextIOWrapper",
        "launcher.lock": "lock",
        "launcher.work": "function",
        "launcher.items[0].deep[tuple][0]": "generator",
        "launcher.items[0].deep['logger']": "a logger x that logging does not know",
        "launcher.pool": "skip it, bind it anew or give an adapter",
        "launcher.local": "Local",
        "launcher.numbers": "numpy dtype object",
        "launcher.stamps": "factory is a function",
    }.items():
        (line,) = (each for each in told.splitlines() if each.startswith(f"{path}: "))
        assert reason in line
        assert "; " in line
    assert [warning.partition(":")[0] for warning in found.warnings] == ["launcher.bag"]
    with pytest.raises(
        BadValue, match=r"launcher\.log.*launcher\.lock|launcher\.lock.*launcher\.log"
    ):
        found.refuse()


def test_the_same_trouble_many_times_is_one_problem() -> None:
    root: Any = Root()
    root.items = [threading.Lock() for _ in range(500)]
    (problem,) = survey(root, TABLE, policy()).problems
    assert re.match(r"root\.items\[\d+\] \(and 499 more\): lock: ", problem)


def test_arrays_that_share_memory_are_refused() -> None:
    root: Any = Root()
    base = np.arange(9.0)
    root.items = [base, base[2:]]
    (problem,) = survey(root, TABLE, policy()).problems
    assert "shares its memory" in problem


@pytest.mark.parametrize("base", [dict, list, Exception, random.Random, int, set])
def test_a_class_that_holds_more_than_attributes_is_refused(base: type) -> None:
    cls = type("Odd", (base,), {"__module__": "graphkit"})
    graphkit.Odd = cls  # type: ignore[attr-defined]
    try:
        with pytest.raises(BadValue, match="holds more than attributes; give an adapter"):
            Kinds(TABLE, policy())[cls]
    finally:
        del graphkit.Odd  # type: ignore[attr-defined]


def test_a_class_with_its_own_protocol_is_refused() -> None:
    cls = type("Odd", (), {"__module__": "graphkit", "__getstate__": lambda self: 1})
    graphkit.Odd = cls  # type: ignore[attr-defined]
    try:
        with pytest.raises(BadValue, match="has its own __getstate__"):
            Kinds(TABLE, policy())[cls]
    finally:
        del graphkit.Odd  # type: ignore[attr-defined]


def test_a_named_tuple_with_a_secret_in_it_is_refused_since_nothing_of_it_can_be_left_out() -> None:
    root: Any = Root()
    root.items = [graphkit.Keyed("5f", 1)]
    (problem,) = survey(root, TABLE, policy()).problems
    assert problem == (
        "root.items[0]: Keyed has the field api_key, which is called a secret; "
        "skip it, or name the field in public if it is none"
    )
    with pytest.raises(BadValue, match="api_key"):
        Kept(root)
    said = policy(public=["Keyed.api_key"])
    assert survey(root, TABLE, said).problems == []
    assert digest(Kept(root, given=said).again()[0]) == digest(root)


@pytest.mark.parametrize("public", ["Loose.token", "graphkit:Loose.token", "token"])
def test_what_is_called_a_secret_and_is_none_is_kept_where_the_host_says_so(public: str) -> None:
    """The token that was traded; until somebody says so, a warning tells how."""
    root: Any = Root()
    root.items = [bare(Loose) for _ in range(3)]
    for each in root.items:
        each.token, each.api_key = "PEPE", "5f"
    (warning, key) = sorted(survey(root, TABLE, policy()).warnings, reverse=True)
    assert "say public=['Loose.token']" in warning
    assert "api_key" in key
    given = policy(public=[public])
    kept = Kept(root, given=given)
    again = kept.again()[0]
    assert [vars(each) for each in again.items] == [{"token": "PEPE", "api_key": None}] * 3
    assert "5f" not in repr(kept.documents)
    root.items = {"token": "PEPE", "api_key": "5f"}
    assert Kept(root, given=given).again()[0].items.get("token") == (
        "PEPE" if public == "token" else None
    )


def test_an_adapter_writes_what_attributes_cannot() -> None:
    given = policy(
        adapters={
            types.SimpleNamespace: (vars, lambda plain: types.SimpleNamespace(**plain)),
        }
    )
    root: Any = Root()
    root.items = types.SimpleNamespace(a=1)
    kept = Kept(root, given=given)
    root.items.a = 2
    kept.look()
    assert kept.again()[0].items == types.SimpleNamespace(a=2)


def test_an_adapter_gives_values_of_every_kind_and_gets_them_back_exactly() -> None:
    """NaN, bytes, tuples, types of numpy: as an adapter of a table of prices gives them."""
    gave: list[Any] = []
    plain = {"a": np.array([1.5, math.nan]), "b": [("x", b"y"), Decimal("1.50"), None, -0.0],
             "c": {"t": dt.date(2026, 1, 1), "f": ["f", "["], "e": {}, "()": ()}}  # fmt: skip
    table = policy(
        adapters={types.SimpleNamespace: (lambda _: plain, lambda told: gave.append(told) or told)}
    )
    root: Any = Root()
    root.items = types.SimpleNamespace()
    kept = Kept(root, given=table)
    kept.again()
    assert digest(gave[-1]) == digest(plain)


def test_what_an_adapter_of_an_older_version_wrote_is_read() -> None:
    given = policy(adapters={types.SimpleNamespace: (vars, lambda told: told)})
    assert remade("x", ["types:SimpleNamespace", {"a": ["f", 1]}], given) == {"a": ["f", 1]}


@pytest.mark.parametrize(
    ("gave", "reason"),
    [
        ({"api_key": "5f"}, "which is called a secret"),
        ({1: "x"}, "give keys of text"),
        ({"x": {1}}, "gave a set; give lists"),
        (np.array([object()]), "numpy dtype object"),
        (types.SimpleNamespace(), "gave a SimpleNamespace; give lists"),
    ],
)
def test_what_an_adapter_may_not_give_is_refused_with_the_path(gave: Any, reason: str) -> None:
    root: Any = Root()
    root.items = types.SimpleNamespace()
    given = policy(adapters={types.SimpleNamespace: (lambda _: gave, lambda told: told)})
    (problem,) = survey(root, TABLE, given).problems
    assert problem.startswith("root.items: SimpleNamespace: ")
    assert reason in problem
    assert "5f" not in problem


def test_what_an_adapter_gives_deep_inside_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(BadValue, match="inside one another"):
        adapted(endless)


@pytest.mark.parametrize("told", [["?", 1], [], [1], ["a", "O"], ["f", "x"], ["{", "a"]])
def test_an_adapters_row_that_makes_no_sense_is_damage(told: Any) -> None:
    given = policy(adapters={types.SimpleNamespace: (vars, lambda plain: plain)})
    with pytest.raises(StoreDamaged):
        remade("x", ["types:SimpleNamespace", told, "exact"], given)


def test_a_logger_comes_back_as_the_one_that_this_process_has() -> None:
    root: Any = Root()
    root.items = [logging.getLogger("bot.alpha"), logging.getLogger()]
    assert Kept(root).again()[0].items == root.items


@pytest.mark.parametrize(
    "told",
    [["?"], ["8"], ["d", "yesterday"], ["z", 1], ["e", 0, "NEVER"], ["e", 99, "RED"],
     ["tz", "z", "X/Y"], ["n", "O", "00"], ["b", "%"], ["dec", "1,5"], []],
)  # fmt: skip
def test_a_row_that_makes_no_sense_is_damage(told: list[Any]) -> None:
    leaves = Leaves(ClassTable(["graphkit"], ["graphkit:Colour"]))
    with pytest.raises(StoreDamaged):
        leaves.read(told)


@pytest.mark.parametrize(
    "row", [{"@": "?"}, {"@": "a", "v": ["O", [1], "C", ""]}, {"@": "g", "v": ["os", {}, []]}, None]
)
def test_an_object_that_makes_no_sense_is_damage(row: Any) -> None:
    root: Any = Root()
    root.items = bytearray(b"x")
    kept = Kept(root)
    (name,) = (name for name in kept.documents if name not in (META, "host/1"))
    kept.documents[name] = row
    if row is None:
        del kept.documents[name]
    with pytest.raises(StoreDamaged):
        kept.again()


def test_a_root_of_another_class_is_refused() -> None:
    kept = Kept(Root())
    kept.root = bare(Loose)
    with pytest.raises(StoreDamaged, match="root was a Root"):
        kept.again()


def test_a_generator_goes_on_and_spawns_as_it_would_have() -> None:
    root: Any = Root()
    root.items = np.random.default_rng([1, 2])
    root.items.normal(size=3)
    root.items.spawn(2)
    again = Kept(root).again()[0].items
    assert again.normal() == root.items.normal()
    assert again.spawn(1)[0].normal() == root.items.spawn(1)[0].normal()
    assert math.isfinite(again.normal())


def test_one_of_each_exact_number() -> None:
    """Spot checks beside the digest: the very types and texts."""
    root: Any = Root()
    root.items = [Decimal("1.10"), Fraction(1, 3), 10**400, np.float64(0.1), -0.0]
    again = kept = Kept(root).again()[0].items
    assert [type(each) for each in again] == [type(each) for each in root.items]
    assert [str(each) for each in kept] == [str(each) for each in root.items]
