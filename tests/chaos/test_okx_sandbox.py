"""The check of OKX demo trading: against fakeokx here, against OKX itself where there are keys.

``pytest -m okx_sandbox`` runs the part that needs keys (OKX_API_KEY, OKX_API_SECRET,
OKX_API_PASSPHRASE of OKX demo trading). To write the references anew after a change of fakeokx:
PERSIST_WRITE_REFERENCES=1, ``pytest -n 0`` with this file and ``-k reference``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chaos.sandbox.check import CANDIDATES, run_sandbox
from chaos.sandbox.command import demo_place
from chaos.sandbox.differences import (
    REFERENCES,
    Difference,
    Line,
    differences,
    read_back,
    reference,
    written,
)
from chaos.sandbox.shape import Names, shape_of, shapes_of
from prometheus_persist.cli.app import app
from prometheus_persist.clock import SystemClock, SystemIds
from prometheus_persist.errors import BadConfig, VenueRefused, VenueUnreachable
from prometheus_persist.exchange.okx.client import okx_client
from prometheus_persist.exchange.okx.query import READS

fakeokx = pytest.importorskip("fakeokx")

BTC, ETH = CANDIDATES[:2]
MODES = ("net_mode", "long_short_mode")
KEYS = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE")
SECRETS = ("Key4711secretive", "S3cret4711secretive", "Phrase4711secretive")
WAITING = ("live", "partially_filled", "pause")


class Hurried(SystemClock):
    """A clock on which waiting takes no time, and is counted all the same."""

    def __init__(self) -> None:
        self._slept_s = 0.0

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self._slept_s

    def sleep(self, seconds: float) -> None:
        self._slept_s += seconds


def client_of(venue: Any, secrets: tuple[str, str, str] | None = None, **more: Any) -> Any:
    default = (fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE)
    return okx_client(
        venue.url, *(secrets or default), **{"sandbox": True, "timeout_ms": 5_000} | more
    )


def run(venue: Any, tell: Callable[[Line], None] = lambda _: None) -> list[Line]:
    return run_sandbox(client_of(venue), Hurried(), SystemIds(), tell)


def unknown(expected: list[Line], found: list[Line]) -> list[Difference]:
    return [one for one in differences(expected, found) if not one.known]


def nothing_left(venue: Any) -> bool:
    truth = venue.truth()
    waiting = [row for row in truth["orders"] + truth["algos"] if row["state"] in WAITING]
    return not waiting and all(row["pos"] == "0" for row in truth["positions"])


def environment(url: str = "", **changes: str) -> dict[str, str]:
    values = (fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE)
    keys = dict(zip(KEYS, values, strict=True))
    return {**keys, "PERSIST_OKX_URL": url, "PERSIST_LANG": "en", **changes}


def command(url: str = "", *more: str, **changes: str) -> Any:
    env: dict[str, str | None] = {**environment(url), **changes}
    return CliRunner().invoke(app, ["reconcile", "--sandbox", *more], env=env)


@pytest.fixture
def venue(request: Any) -> Iterator[Any]:
    with fakeokx.launch(pos_mode=getattr(request, "param", "net_mode")) as running:
        yield running


@pytest.fixture(scope="module")
def houses() -> Iterator[dict[str, Any]]:
    """One exchange of each mode for many tests: a check that takes all back leaves it as it was."""
    with ExitStack() as running:
        yield {mode: running.enter_context(fakeokx.launch(pos_mode=mode)) for mode in MODES}


@pytest.fixture
def shared(houses: dict[str, Any], request: Any) -> Iterator[Any]:
    """That exchange as it behaves by default, without an order, a stop or a position."""
    running = houses[request.param]
    default = running.switches()
    assert nothing_left(running)
    yield running
    running.set_faults([])
    for name, value in default.items():
        running.set_switch(name, value)


# The exchange itself


@pytest.mark.okx_sandbox
@pytest.mark.skipif(
    any(not os.environ.get(name) for name in KEYS),
    reason=f"pytest -m okx_sandbox with {', '.join(KEYS)} of OKX demo trading runs it against OKX",
)
def test_okx_demo_trading_answers_as_fakeokx_does() -> None:
    url = os.environ.get("PERSIST_OKX_URL", "")
    demo_place(url)
    key, secret, passphrase = (os.environ[name] for name in KEYS)
    client = okx_client(url or None, key, secret, passphrase, True, 10_000)
    lines = run_sandbox(client, SystemClock(), SystemIds())
    assert lines[-1]["left"] == []
    config = next(line for line in lines if line["step"] == "read.config")
    found = unknown(reference(config["rows"][0]["posMode"]), lines)
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize(
    ("marked", "trades"),
    [([], False), (["-m", "not chaos"], False), (["-m", "not okx_sandbox"], False),
     (["-m", "chaos or not timeout"], False), (["-m", "okx_sandbox"], True)],
    ids=["plain", "not-chaos", "not-it", "or", "asked"],
)  # fmt: skip
def test_keys_in_the_environment_are_no_order_to_trade(
    marked: list[str], trades: bool, venue: Any
) -> None:
    """The test above, in a pytest of its own whose environment has keys that would work."""
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "-k", "answers_as_fakeokx_does", *marked]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, __file__],
        env={**os.environ, **environment(venue.url)},
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert bool(venue.truth()["requests"]) is trades


# The same script against fakeokx


@pytest.mark.parametrize("venue", MODES, indirect=True)
def test_the_reference_is_what_fakeokx_answers_and_twice_the_same(venue: Any, request: Any) -> None:
    first = run(venue)
    mode = request.node.callspec.params["venue"]
    if os.environ.get("PERSIST_WRITE_REFERENCES"):
        (REFERENCES / f"{mode}.jsonl").write_text(written(first), encoding="utf-8")
    assert nothing_left(venue)
    assert unknown(reference(mode), first) == []
    assert run(venue) == first == read_back(written(first))
    assert nothing_left(venue)
    assert first[-1] == {"step": "cleanup", "ask": "", "code": "0", "did": [], "left": []}


@pytest.mark.parametrize("mode", MODES)
def test_the_reference_holds_every_read_of_the_library_and_each_order_one_after_the_other(
    mode: str,
) -> None:
    lines = reference(mode)
    asked = {line["ask"] for line in lines}
    assert {f"GET {endpoint}" for endpoint in READS} <= asked
    rows = {line["step"]: (line.get("rows") or [{}])[0] for line in lines}
    states = ("limit.look_up", "limit.canceled", "market.look_up", "stop.look_up", "stop.canceled")
    assert [rows[step]["state"] for step in states] == [
        "live", "canceled", "filled", "live", "canceled"
    ]  # fmt: skip
    assert rows["market.fills"]["billId"] == rows["market.bill"]["billId"] == "bill1"
    assert rows["close.life"]["posId"] == rows["market.position"]["posId"] == "pos1"
    assert rows["close.fills"]["ordId"] == rows["close.place"]["ordId"] == "ord3"
    empty = [line["step"] for line in lines if line.get("own") == 0]
    assert empty == ["limit.never_sent", "limit.gone", "stop.gone", "close.flat"]
    reader = next(line for line in lines if line["step"] == "reader")
    assert reader["incomplete"] == {}
    assert reader["lookups"] == {
        "limit": "canceled", "market": "filled", "stop": "canceled", "close": "filled"
    }  # fmt: skip


def test_what_the_account_holds_already_is_left_alone_and_changes_no_line(venue: Any) -> None:
    venue.trade_by_hand(BTC, "sell", "3")
    other = client_of(venue)
    row = {"instId": ETH, "tdMode": "cross", "side": "buy", "ordType": "limit", "sz": "1"}
    other.privatePostTradeOrder({**row, "px": "1000", "clOrdId": "theirs"})
    assert unknown(reference("net_mode"), run(venue)) == []
    truth = venue.truth()
    held = {row["instId"]: row["pos"] for row in truth["positions"] if row["pos"] != "0"}
    assert held == {BTC: "-3"}
    assert [row["clOrdId"] for row in truth["orders"] if row["state"] == "live"] == ["theirs"]
    assert {row["instId"] for row in truth["fills"] if row["tag"]} == {CANDIDATES[2]}


def test_it_does_not_trade_where_everything_is_in_use(venue: Any) -> None:
    for inst_id in CANDIDATES:
        venue.trade_by_hand(inst_id, "buy", "1")
    before = len(venue.truth()["orders"])
    with pytest.raises(BadConfig) as refused:
        run(venue)
    assert refused.value.next_step == "next.sandbox_free"
    assert len(venue.truth()["orders"]) == before


def test_it_does_not_trade_where_it_cannot_see_what_is_in_use(venue: Any) -> None:
    rule = {"action": "error_before", "operation": "read_positions", "times": 0}
    venue.set_faults([rule])
    lines = run(venue)
    assert venue.truth()["orders"] == []
    assert next(line for line in lines if line["step"] == "read.positions")["code"] == "50001"
    assert any(one.kind == "missing_step" for one in unknown(reference("net_mode"), lines))


# A difference shows


SWITCHED = [
    ("net_mode", "msg.place_ok", "", {"limit.place", "market.place", "close.place"}, "sMsg"),
    ("net_mode", "msg.all_failed", "Operation failed.", {"limit.cancel_again"}, "msg"),
    ("net_mode", "order.cancel_dead_top_code", "0", {"limit.cancel_again"}, "code"),
    ("net_mode", "order.rest_ccy", "",
     {"limit.look_up", "limit.pending", "limit.canceled", "limit.history", "market.look_up",
      "close.look_up", "close.orders", "close.orders_archive"}, "ccy"),
    ("net_mode", "bill.net_subtype", "open_close",
     {"market.fills", "market.fills_history", "market.bill", "close.fills", "close.bill",
      "close.bill_archive"}, "subType"),
    ("net_mode", "algo.fail_code_idle", "0_1",
     {"stop.look_up", "stop.pending"}, "failCode"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shared", "switch", "value", "steps", "field"), SWITCHED, indirect=["shared"]
)
def test_an_exchange_that_answers_otherwise_is_told_field_by_field(
    shared: Any, switch: str, value: str, steps: set[str], field: str, request: Any
) -> None:
    shared.set_switch(switch, value)
    lines = run(shared)
    assert nothing_left(shared)
    found = unknown(reference(request.node.callspec.params["shared"]), lines)
    assert {one.step for one in found} == steps
    assert field in {one.place.rpartition(".")[2] for one in found}
    assert lines[-1]["did"] == []


FAULTS = [
    *[
        pytest.param({"action": action, "operation": "place", "nth": nth}, id=f"{action} {nth}")
        for action in ("drop_answer", "error_after", "cut_body", "error_before", "reject")
        for nth in (1, 2, 3)
    ],
    *[
        pytest.param({"action": action, "operation": operation}, id=f"{action} {operation}")
        for action in ("drop_answer", "error_after", "error_before", "empty")
        for operation in ("place_algo", "cancel_algo", "cancel")
    ],
    pytest.param({"action": "error_before", "operation": "read_order", "times": 8}, id="no order"),
    pytest.param({"action": "stale_positions", "times": 0}, id="old positions"),
    pytest.param({"action": "empty", "operation": "read_fills", "nth": 3, "times": 0}, id="fills"),
]


@pytest.mark.parametrize("rule", FAULTS)
@pytest.mark.parametrize("shared", MODES, indirect=True)
def test_a_fault_is_red_and_nothing_is_left_of_it(
    shared: Any, rule: dict[str, Any], request: Any
) -> None:
    shared.set_faults([rule])
    lines = run(shared)
    assert shared.faults()[0]["fired"] > 0
    assert unknown(reference(request.node.callspec.params["shared"]), lines)
    assert lines[-1]["step"] == "cleanup"
    assert lines[-1]["left"] == []
    assert nothing_left(shared)


def test_a_lost_answer_to_the_close_is_looked_up_before_anything_is_sent_again(venue: Any) -> None:
    venue.set_faults([{"action": "drop_answer", "operation": "place", "nth": 3}])
    lines = run(venue)
    assert next(line for line in lines if line["step"] == "close.place")["code"] == "no answer"
    assert lines[-1]["did"] == []
    assert [row["side"] for row in venue.truth()["fills"]] == ["buy", "sell"]


def test_an_order_that_shows_late_is_waited_for_before_it_is_believed_absent(venue: Any) -> None:
    venue.set_faults(
        [
            {"action": "drop_answer", "operation": "place", "nth": 2},
            {"action": "late_index", "operation": "read_order", "ms": 1_500, "times": 0},
        ]
    )
    lines = run_sandbox(client_of(venue), SystemClock(), SystemIds())
    assert [rule["fired"] > 0 for rule in venue.faults()] == [True, True]
    assert lines[-1]["left"] == []
    assert f"closed 0.01 contracts of {BTC}" in lines[-1]["did"]
    assert nothing_left(venue)


def test_only_what_was_opened_is_closed(venue: Any) -> None:
    """Somebody buys on the same instrument meanwhile: theirs stays."""

    def meanwhile(line: Line) -> None:
        if line["step"] == "market.place":
            venue.trade_by_hand(BTC, "buy", "2")

    venue.set_faults([{"action": "drop_answer", "operation": "place", "nth": 2}])
    lines = run(venue, meanwhile)
    assert lines[-1]["did"] == [f"closed 0.01 contracts of {BTC}"]
    assert [row["pos"] for row in venue.truth()["positions"]] == ["2"]


def test_what_cannot_be_made_sure_of_is_left_to_a_human_and_not_guessed(venue: Any) -> None:
    told: list[Line] = []

    def go_deaf(line: Line) -> None:
        told.append(line)
        if line["step"] == "market.place":
            venue.set_faults([{"action": "error_before", "operation": "read_order", "times": 0}])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(venue, go_deaf)
    left = told[-1]["left"]
    assert len(left) == 2
    assert all("trade/order answered 50001" in each for each in left)
    assert [row["side"] for row in venue.truth()["fills"]] == ["buy"]


@pytest.mark.parametrize(
    "step", ["limit.place", "limit.pending", "market.place", "stop.place", "close.place"]
)
@pytest.mark.parametrize("shared", MODES, indirect=True)
def test_ctrl_c_takes_everything_back(shared: Any, step: str) -> None:
    told: list[Line] = []

    def tell(line: Line) -> None:
        told.append(line)
        if line["step"] == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(shared, tell)
    assert [line["step"] for line in told[-2:]] == [step, "cleanup"]
    assert told[-1]["left"] == []
    assert bool(told[-1]["did"]) == (step != "close.place")
    assert nothing_left(shared)


# Refusals


def test_a_client_outside_sandbox_mode_sends_nothing(venue: Any) -> None:
    with pytest.raises(BadConfig, match="not in sandbox mode"):
        run_sandbox(client_of(venue, sandbox=False), Hurried(), SystemIds())
    assert venue.truth()["requests"] == {}


@pytest.mark.parametrize(
    ("fields", "next_step"),
    [({"environment": "live"}, "next.sandbox_keys"), ({"perm": "read_only"}, "next.sandbox_keys")],
)
def test_a_key_of_the_real_account_and_one_that_may_not_trade_are_refused_at_the_door(
    venue: Any, fields: dict[str, str], next_step: str
) -> None:
    venue.add_key(*SECRETS, **fields)
    with pytest.raises(BadConfig) as refused:
        run_sandbox(client_of(venue, SECRETS), Hurried(), SystemIds())
    assert refused.value.next_step == next_step
    truth = venue.truth()
    assert truth["orders"] == []
    assert set(truth["requests"]) <= {"public/time", "account/config"}


def test_wrong_keys_and_an_exchange_that_is_not_there_are_errors_of_their_own(venue: Any) -> None:
    with pytest.raises(VenueRefused, match="50119"):
        run_sandbox(client_of(venue, SECRETS), Hurried(), SystemIds())
    client = client_of(venue, timeout_ms=500)
    venue.stop()
    with pytest.raises(VenueUnreachable):
        run_sandbox(client, Hurried(), SystemIds())


@pytest.mark.parametrize(
    "url", ["", "https://www.okx.com", "https://eea.okx.com/", "http://[::1]:9"]
)
def test_okx_and_this_machine_may_be_asked(url: str) -> None:
    assert demo_place(url) in ("OKX", "www.okx.com", "eea.okx.com", "::1")


@pytest.mark.parametrize(
    "url",
    ["http://www.okx.com", "https://okx.com.example", "https://notokx.com", "http://10.0.0.1:9",
     "https://localhost.example", "okx.com"],
)  # fmt: skip
def test_nobody_else_is_sent_an_order(url: str) -> None:
    with pytest.raises(BadConfig, match=r"places orders|unencrypted|no address"):
        demo_place(url)


# The command


def test_without_keys_it_is_skipped_and_says_what_to_set() -> None:
    none = dict.fromkeys(KEYS, "")
    plain = command(**none)
    assert plain.exit_code == 8, "nothing was checked, and that is not 0"
    assert all(name in plain.stdout for name in ("skipped", *KEYS))
    assert "已跳过" in command("", "--lang", "zh", **none).stdout
    told = command("", "--json", **none)
    assert told.exit_code == 8
    assert json.loads(told.stdout) == {"skipped": True, "missing": list(KEYS), "exit_code": 8}


@pytest.mark.parametrize(
    ("more", "changes", "said"),
    [
        ((), {"OKX_API_SECRET": ""}, "OKX_API_SECRET"),
        (("--exchange", "https://exchange.example"), {}, "exchange.example"),
        (("--plan", "plan.json"), {}, "check of its own"),
        (("--live",), {}, "check of its own"),
    ],
)
def test_a_command_that_cannot_be_meant_is_a_usage_error(
    more: tuple[str, ...], changes: dict[str, str], said: str
) -> None:
    found = command("", *more, **changes)
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_transcript_is_the_sandbox_checks(tmp_path: Path) -> None:
    asked = ["reconcile", "--dir", str(tmp_path), "--transcript", str(tmp_path / "t")]
    found = CliRunner().invoke(app, asked, env=environment("http://127.0.0.1:9"))
    assert found.exit_code == 2
    assert "--sandbox" in found.stderr


def test_the_command_prints_each_step_and_writes_the_transcript(venue: Any, tmp_path: Path) -> None:
    path = tmp_path / "seen.jsonl"
    found = command(venue.url, "--transcript", str(path))
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    expected = reference("net_mode")
    told = lines[1 : 1 + len(expected)]
    assert [line.split()[1] for line in told] == [line["step"] for line in expected]
    assert {line[0] for line in told} <= {"✓", "≈"}
    assert lines[-1].startswith(f"✅ {len(expected)} steps, the same as fakeokx")
    assert unknown(expected, read_back(path.read_text("utf-8"))) == []


def test_a_difference_is_exit_3_in_words_and_as_data(venue: Any) -> None:
    venue.set_switch("msg.place_ok", "")
    venue.set_faults([{"action": "drop_answer", "operation": "place", "nth": 2}])
    found = command(venue.url, "--lang", "en")
    assert found.exit_code == 3
    assert "    rows[0].sMsg: empty, fakeokx has Order placed" in found.stdout
    assert "    code: code no answer, fakeokx answers 0" in found.stdout
    assert "taken back: closed 0.01 contracts" in found.stdout
    assert "difference(s) from fakeokx" in found.stdout
    venue.set_faults([])
    told = command(venue.url, "--json")
    data = json.loads(told.stdout)
    assert (told.exit_code, data["exit_code"], data["same"], data["left"]) == (3, 3, False, [])
    assert {one["place"] for one in data["differences"]} == {"rows[0].sMsg"}
    assert "有3处不同" in command(venue.url, "--lang", "zh").stdout
    assert nothing_left(venue)


def test_the_command_refuses_live_keys_and_says_what_to_do(venue: Any) -> None:
    venue.add_key(*SECRETS, environment="live")
    found = command(venue.url, **dict(zip(KEYS, SECRETS, strict=True)))
    assert found.exit_code == 2
    assert "50101" in found.stderr
    assert "demo trading API" in found.stderr
    assert venue.truth()["orders"] == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_however_often_it_comes_ends_it_with_everything_taken_back(
    venue: Any, number: signal.Signals, code: int, tmp_path: Path
) -> None:
    venue.set_faults([{"action": "delay", "method": "GET", "ms": 60, "times": 0}])
    path = tmp_path / "seen.jsonl"
    asked = ["-m", "prometheus_persist.cli", "reconcile", "--sandbox", "--transcript", str(path)]
    child = subprocess.Popen(
        [sys.executable, *asked],
        env={**os.environ, **environment(venue.url), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if "market.fills " in line:
            child.send_signal(number)
            break
    for _ in child.stdout:
        child.send_signal(number)
    child.wait(60)
    assert child.stderr is not None
    assert "taking back" in child.stderr.read()
    assert child.returncode == code
    assert nothing_left(venue)
    steps = [line["step"] for line in read_back(path.read_text("utf-8"))]
    assert steps[-1] == "cleanup"
    assert "close.place" not in steps


def test_no_secret_and_no_id_is_ever_written_down(
    venue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.sandbox.command.SystemClock", Hurried)
    venue.add_key(*SECRETS)
    path = tmp_path / "seen.jsonl"
    keys = dict(zip(KEYS, SECRETS, strict=True))
    spoken = ""
    for rules in (
        [],
        [{"action": "reject", "operation": "place", "times": 0}],
        [{"action": "error_after", "operation": "place", "form": "html", "nth": 2}],
        [{"action": "error_before", "operation": "read_config", "times": 0, "code": "50113"}],
    ):
        venue.set_faults(rules)
        found = command(venue.url, "--json", "--transcript", str(path), **keys)
        spoken += found.stdout + found.stderr + path.read_text("utf-8")
    truth = venue.truth()
    ids = {row[name] for row in truth["orders"] for name in ("ordId", "clOrdId")}
    assert len(ids) > 6
    assert [secret for secret in SECRETS if secret in spoken] == []
    assert [known for known in ids if known in spoken] == []
    assert "44705892343619584" not in spoken  # the account's uid


# Shapes and differences


def test_each_value_is_its_class() -> None:
    row = {
        "px": "1.5", "a": "", "ts": "1795697356807", "inTime": "1795697356807123", "uid": "4" * 18,
        "state": "live", "instFamily": "BTC-USDT", "flag": True, "code": 3, "none": None,
        "list": [], "fee": "-0.01", "sz": "2", "accFillSz": "0.00", "liqPx": "", "mgnRatio": "9",
        "details": [{"eq": "1"}, {"eq": "2"}, {"eq": ""}],
    }  # fmt: skip
    assert shape_of(row, Names()) == {
        "px": "decimal", "a": "empty", "ts": "unix-ms", "inTime": "unix-us", "uid": "integer-id",
        "state": "live", "instFamily": "text", "flag": "bool", "code": "int", "none": "null",
        "list": "empty list", "fee": "decimal<0", "sz": "decimal>0", "accFillSz": "decimal=0",
        "liqPx": "decimal or empty", "mgnRatio": "decimal or empty",
        "details": [{"eq": "decimal"}, {"eq": "empty"}],
    }  # fmt: skip


def test_an_id_has_one_name_wherever_it_comes_back() -> None:
    names = Names("BTC-USDT-SWAP")
    names.give("cl", "abc00001", "cl.limit")
    rows = [{"ordId": "9", "clOrdId": "abc00001"}, {"ordId": "8", "clOrdId": "strange"}]
    first = [shape_of(row, names) for row in rows]
    assert [row["ordId"] for row in first] == ["ord1", "ord2"]
    assert [row["clOrdId"] for row in first] == ["cl.limit", "cl2"]
    assert shape_of({"ordId": "9", "tradeId": "9", "instId": "BTC-USDT-SWAP"}, names) == {
        "instId": "the instrument", "ordId": "ord1", "tradeId": "trade1",
    }  # fmt: skip
    assert names.in_text("order abc00001 of 12.5 on BTC-USDT-SWAP ") == (
        "order cl.limit of #.# on the instrument"
    )


def test_neither_order_nor_number_of_rows_matters() -> None:
    rows = [{"px": "1"}, {"px": ""}, {"px": "2"}]
    assert shapes_of(rows, Names()) == shapes_of([*rows[::-1], *rows], Names())


def test_each_kind_of_difference_is_told_once_at_its_place() -> None:
    row = {"sCode": "0", "px": "decimal", "tag": "our tag"}
    expected = [
        {"step": "a", "code": "0", "rows": [row]},
        {"step": "b", "code": "0"},
        {"step": "c", "code": "0", "rows": [row]},
    ]
    found = [
        {"step": "a", "code": "1", "rows": [{"sCode": "51000", "px": "empty", "new": "text"}]},
        {"step": "c", "code": "0", "rows": []},
        {"step": "d", "code": "0"},
    ]
    whole = json.dumps(row)[:59] + "…"
    assert differences(expected, found) == [
        Difference("a", "code", "code", "0", "1"),
        Difference("a", "extra", "rows[0].new", "", "text"),
        Difference("a", "class", "rows[0].px", "decimal", "empty"),
        Difference("a", "code", "rows[0].sCode", "0", "51000"),
        Difference("a", "missing", "rows[0].tag", "our tag", ""),
        Difference("b", "missing_step"),
        Difference("c", "missing", "rows[0]", whole if len(json.dumps(row)) > 60 else
                   json.dumps(row), ""),
        Difference("d", "extra_step"),
    ]  # fmt: skip
    assert differences(expected, expected) == []


@pytest.mark.parametrize("text", ["{", "[1]", '{"ask": "GET"}'])
def test_something_else_is_no_transcript(text: str) -> None:
    with pytest.raises(BadConfig, match="no transcript"):
        read_back(text)
