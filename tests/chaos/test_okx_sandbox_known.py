"""OKX's own answers, row by row of okx-live.md, between the check and fakeokx: known, no failure.

A proxy rewrites fakeokx's answers to OKX's form. The reference is put back to what fakeokx said
before any of it was mended there, so that these tests hold on either side of that.
"""

from __future__ import annotations

import copy
import dataclasses
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sandboxkit import (
    BTC,
    ETH,
    MODES,
    client_of,
    command,
    hurried,
    nothing_left,
    run,
    unknown,
)

from chaos.sandbox.check import run_sandbox
from chaos.sandbox.differences import Difference, Line, differences, reference
from chaos.sandbox.known import KNOWN, Known
from chaos.workload.clocks import VenueClock
from prometheus_persist.clock import SystemIds

fakeokx = pytest.importorskip("fakeokx")

NET, HEDGE = MODES
Rewrite = Callable[[str, dict[str, str], dict[str, Any]], None]


def before(lines: list[Line]) -> list[Line]:
    """A reference as it was while fakeokx had its own word everywhere."""
    lines = copy.deepcopy(lines)
    for line in lines:
        for one in KNOWN:
            name = one.field.removeprefix("rows.")
            holders = line.get("rows", []) if name != one.field else [line]
            for holder in holders if line["ask"] == one.ask else []:
                fits = all(holder.get(each) == it for each, it in one.given.items())
                if fits and holder.get(name) in one.okx and one.fake is None:
                    del holder[name]
                elif fits and holder.get(name) in one.okx:
                    holder[name] = one.fake
    return lines


class Venue:
    """What the helpers of the check want to know of an exchange: where it is."""

    def __init__(self, url: str) -> None:
        self.url = url


@contextmanager
def rewritten(url: str, rewrites: tuple[Rewrite, ...]) -> Iterator[Venue]:
    """fakeokx at ``url`` behind a proxy that rewrites its answers."""
    target = urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            line = http.client.HTTPConnection(str(target.hostname), target.port, timeout=10)
            line.request(self.command, self.path, body, dict(self.headers))
            answer = line.getresponse()
            found = json.loads(answer.read())
            line.close()
            params = {name: values[0] for name, values in parse_qs(asked.query).items()}
            for rewrite in rewrites:
                rewrite(f"{self.command} {asked.path.removeprefix('/api/v5/')}", params, found)
            text = json.dumps(found).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            self.do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Venue(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def put(ask: str, values: dict[str, Any], **given: str) -> Rewrite:
    """Rows of that answer have these values, where they have the given ones."""

    def rewrite(asked: str, _: dict[str, str], answer: dict[str, Any]) -> None:
        for row in answer["data"] if asked == ask else []:
            if all(row.get(name) == value for name, value in given.items()):
                row.update(values)

    return rewrite


def say(ask: str, code: str, msg: str) -> Rewrite:
    """That answer's msg, where it has the code."""

    def rewrite(asked: str, _: dict[str, str], answer: dict[str, Any]) -> None:
        if asked == ask and answer["code"] == code:
            answer["msg"] = msg

    return rewrite


CONFIG = "GET account/config"
INSTRUMENTS = "GET public/instruments"
POSITIONS = "GET account/positions"
ORDER, HISTORY = "GET trade/order", "GET trade/orders-history"
CANCELED = {"state": "canceled", "cancelSource": "1"}
NOT_FOUND = say(ORDER, "51603", "Order does not exist")
REASON = {"cancelSourceReason": "Order canceled by the user"}
INSTRUMENT_KEYS = {
    "method": "", "seriesId": "", "freq": "", "initPxLmtPct": "0.05", "floatPxLmtPct": "0.03",
    "maxPxLmtPct": "0.15", "maxPlatOICoinLmt": "", "longPosRemainingQuota": "",
    "shortPosRemainingQuota": "2500000",
}  # fmt: skip
OWNER = {"uid": "7", "mainUid": "8", "ip": "10.0.0.1", "perm": "read_only,withdraw,trade"}

OKX: dict[str, tuple[str, tuple[Rewrite, ...], set[str]]] = {
    "A8": (NET, (put(CONFIG, {"acctLv": "3", **OWNER}),), {"read.config"}),
    "A9": (
        HEDGE,
        (put(POSITIONS, {"availPos": "1", "usdPx": ""}, instType="SWAP"),),
        {"market.position", "close.flat_row"},
    ),
    "B messages": (NET, (NOT_FOUND,), {"limit.never_sent"}),
    "B cancelSourceReason": (
        NET,
        (put(ORDER, REASON, **CANCELED), put(HISTORY, REASON, **CANCELED)),
        {"limit.canceled", "limit.history"},
    ),
    "B positions": (
        NET,
        (put(POSITIONS, {"closeAllFlag": False, "estMaxWin": "", "ruleType": "normal"}),),
        {"market.position", "close.flat_row"},
    ),
    "B instruments": (NET, (put(INSTRUMENTS, INSTRUMENT_KEYS),), {"read.instruments"}),
}
BEYOND = [
    ("A8", put(CONFIG, {"acctLv": "5"}), "read.config", "acctLv"),
    ("A8", put(CONFIG, {"acctStpMode": "cancel_taker"}), "read.config", "acctStpMode"),
    ("A9", put(POSITIONS, {"availPos": "all"}), "market.position", "availPos"),
    ("A9", put(POSITIONS, {"markPx": ""}), "market.position", "markPx"),
    ("B messages", say(ORDER, "51603", "No such order"), "limit.never_sent", "msg"),
    ("B cancelSourceReason", put(ORDER, REASON, state="live"), "limit.look_up",
     "cancelSourceReason"),
    ("B cancelSourceReason", put(HISTORY, {"cancelSource": "20"}, **CANCELED), "limit.history",
     "cancelSourceReason"),
    ("B positions", put(POSITIONS, {"closeAllFlag": []}), "market.position", "closeAllFlag"),
    ("B positions", put(POSITIONS, {"ruleType": "pre_market"}), "market.position", "ruleType"),
    ("B positions", put(POSITIONS, {"availPos": "1"}), "market.position", "availPos"),
    ("B positions", put(POSITIONS, {"estMaxLoss": ""}), "market.position", "estMaxLoss"),
    ("B instruments", put(INSTRUMENTS, {"seriesId": "S"}), "read.instruments", "seriesId"),
    ("B instruments", put(INSTRUMENTS, {"maxPxLmtPct": "no"}), "read.instruments", "maxPxLmtPct"),
    ("B instruments", put(INSTRUMENTS, {"tickSize": "1"}), "read.instruments", "tickSize"),
]  # fmt: skip


@pytest.fixture(scope="module")
def houses() -> Iterator[dict[str, Any]]:
    with ExitStack() as running:
        yield {mode: running.enter_context(fakeokx.launch(pos_mode=mode)) for mode in MODES}


def found_at(venue: Any, mode: str, rewrites: tuple[Rewrite, ...]) -> list[Difference]:
    with rewritten(venue.url, rewrites) as okx:
        lines = run(okx)
    assert nothing_left(venue)
    return differences(before(reference(mode)), lines)


def name_of(difference: Difference) -> str:
    return difference.place.rpartition(".")[2]


# Row by row


def test_every_entry_is_of_a_row_that_is_played_here() -> None:
    assert {one.row for one in KNOWN} == set(OKX)
    assert len({(one.ask, one.field) for one in KNOWN}) == len(KNOWN)


@pytest.mark.parametrize("row", OKX)
def test_what_okx_is_known_to_answer_is_told_as_known_and_nothing_else(
    houses: dict[str, Any], row: str
) -> None:
    mode, rewrites, steps = OKX[row]
    found = found_at(houses[mode], mode, rewrites)
    assert [one for one in found if not one.known] == []
    told = {(one.step, name_of(one)) for one in found if one.known == row}
    assert {step for step, _ in told} == steps
    fields = {one.field.removeprefix("rows.") for one in KNOWN if one.row == row}
    assert {field for _, field in told} == fields
    assert len(told) == len(fields) * len(steps)


@pytest.mark.parametrize(("row", "wrong", "step", "field"), BEYOND)
def test_one_value_beyond_what_is_known_is_a_failure_as_ever(
    houses: dict[str, Any], row: str, wrong: Rewrite, step: str, field: str
) -> None:
    mode, rewrites, steps = OKX[row]
    found = found_at(houses[mode], mode, (*rewrites, wrong))
    failures = {(one.step, name_of(one)) for one in found if not one.known}
    assert (step, field) in failures
    assert {each for each, _ in failures} <= {step, *steps, "reader"}


def pair(one: Known, expected: str | None, found: Any) -> list[Difference]:
    """The differences between two lines that hold an entry's field with these values."""
    name = one.field.removeprefix("rows.")
    lines = []
    for value in (expected, found):
        holder = {"beside": "x", **one.given, **({} if value is None else {name: value})}
        line = {"rows": [holder]} if name != one.field else holder
        lines.append({"step": "s", "ask": one.ask, **line})
    return differences(lines[:1], lines[1:])


@pytest.mark.parametrize("one", KNOWN, ids=lambda one: f"{one.ask} {one.field}")
def test_an_entry_knows_its_own_words_at_its_own_place_and_no_more(one: Known) -> None:
    for word in one.okx:
        assert [each.known for each in pair(one, one.fake, word)] == [one.row]
        # once fakeokx has been mended, too
        for other in one.okx:
            assert all(each.known == one.row for each in pair(one, other, word))
        # not the other way round: OKX does not say what fakeokx does
        assert [each.known for each in pair(one, word, one.fake)] == [""]
        for elsewhere in (
            dataclasses.replace(one, ask="GET trade/fills"),
            dataclasses.replace(one, field=f"{one.field}s"),
            *(dataclasses.replace(one, given={**one.given, name: "0"}) for name in one.given),
        ):
            assert [each.known for each in pair(elsewhere, elsewhere.fake, word)] == [""]
    for wrong in ("integer-id", "list", [], {}, ["text"]):
        assert [each.known for each in pair(one, one.fake, wrong)] == [""]


# Section A


def test_a5_a_stop_left_of_a_canceled_parent_is_left_alone_and_no_difference(
    houses: dict[str, Any],
) -> None:
    venue = houses[NET]
    client = client_of(venue)
    body = {"instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "1",
            "slTriggerPx": "1000", "slOrdPx": "-1", "reduceOnly": "true"}  # fmt: skip
    placed = client.privatePostTradeOrderAlgo({**body, "algoClOrdId": "ofaparent"})["data"][0]
    try:
        assert unknown(reference(NET), run(venue)) == []
        truth = venue.truth()
        alive = [row["algoClOrdId"] for row in truth["algos"] if row["state"] == "live"]
        assert alive == ["ofaparent"]
        assert {row["instId"] for row in truth["orders"][-3:]} == {ETH}
    finally:
        client.privatePostTradeCancelAlgos([{"instId": BTC, "algoId": placed["algoId"]}])


class Late:
    """An index of orders that shows everything, whatever was acknowledged, ``by_s`` later."""

    def __init__(self, clock: VenueClock, by_s: float) -> None:
        self._clock = clock
        self._by_s = by_s
        self._shown: dict[str, list[tuple[float, dict[str, Any]]]] = {}

    def __call__(self, asked: str, params: dict[str, str], answer: dict[str, Any]) -> None:
        if asked not in ("GET trade/order", "GET trade/order-algo"):
            return
        now = self._clock.monotonic_s()
        nothing = {"code": "51603", "msg": "Order does not exist.", "data": []}
        order = next(params[name] for name in ("clOrdId", "algoClOrdId", "ordId") if name in params)
        known = self._shown.setdefault(order, [(now, nothing)])
        if known[-1][1] != answer:
            known.append((now + self._by_s, copy.deepcopy(answer)))
        shown = next(each for since, each in reversed(known) if since <= now)
        answer.clear()
        answer.update(copy.deepcopy(shown))


def run_late(venue: Any, by_s: float) -> tuple[list[Line], float]:
    """The check where orders show ``by_s`` later, and the seconds it took."""
    clock = hurried()
    began = clock.monotonic_s()
    with rewritten(venue.url, (Late(clock, by_s),)) as okx:
        lines = run_sandbox(client_of(okx), clock, SystemIds())
    return lines, clock.monotonic_s() - began


@pytest.mark.parametrize("mode", MODES)
def test_a6_what_shows_after_more_than_25_seconds_is_waited_for(
    houses: dict[str, Any], mode: str
) -> None:
    lines, took_s = run_late(houses[mode], 28.0)
    assert unknown(reference(mode), lines) == []
    assert took_s > 6 * 28
    assert nothing_left(houses[mode])


def test_nothing_is_waited_for_without_end_and_what_is_never_shown_is_left_to_a_human() -> None:
    with fakeokx.launch() as venue:
        lines, took_s = run_late(venue, 1e9)
        assert took_s < 30 * 60
        assert "limit.look_up" in {one.step for one in unknown(reference(NET), lines)}
        left = lines[-1]["left"]
        assert left
        assert all("acknowledged, and cannot be found" in each for each in left)


# The command


@pytest.fixture
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaos.sandbox.command.reference", lambda mode: before(reference(mode)))


def everything(mode: str) -> tuple[Rewrite, ...]:
    return tuple(
        each
        for row, (_, rewrites, _) in OKX.items()
        if row != "A9" or mode == HEDGE
        for each in rewrites
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_command_leaves_with_0_and_tells_all_that_is_known_in_a_section_of_its_own(
    houses: dict[str, Any], as_before: None, mode: str
) -> None:
    rows = [row for row in OKX if row != "A9" or mode == HEDGE]
    count = sum(len(OKX[one.row][2]) for one in KNOWN if one.row in rows) - sum(
        one.row == "B cancelSourceReason" for one in KNOWN
    )  # one step each of these two
    lang = "en" if mode == NET else "zh"
    with rewritten(houses[mode].url, everything(mode)) as okx:
        found = command(okx.url, "--json", "--lang", lang)
    assert found.exit_code == 0, found.output
    lines = found.stderr.splitlines()
    head = next(number for number, line in enumerate(lines) if "okx-live.md" in line)
    assert str(count) in lines[head]
    section = lines[head + 1 : -1]
    assert len(section) == count
    assert [row for row in rows if not any(f"[{row}]" in line for line in section)] == []
    last = {"en": f"but for {count} known, harmless", "zh": f"除{count}处已知的无害差异外"}
    assert last[lang] in lines[-1]
    assert not any(line.startswith("≠") for line in lines)
    assert {line.split()[1] for line in lines[:head] if line.startswith("≈")} == {
        step for row in rows for step in OKX[row][2]
    }
    data = json.loads(found.stdout)
    assert (data["same"], data["differences"], len(data["known"])) == (True, [], count)


def test_a_failure_beside_what_is_known_is_exit_3(houses: dict[str, Any], as_before: None) -> None:
    wrong = put(ORDER, {"sz": "none"}, state="canceled")
    with rewritten(houses[NET].url, (*everything(NET), wrong)) as okx:
        found = command(okx.url)
    assert found.exit_code == 3
    assert "rows[0].sz: text, fakeokx has decimal>0" in found.stdout
    assert "[B cancelSourceReason]" in found.stdout
    assert "1 difference(s) from fakeokx" in found.stdout
