"""The control API, by its Python client and by ``fakeokx ctl``: each request does what it says."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient
from test_fakeokx_server_errors import ETH, SOL, World, limit, order

from fakeokx import ControlRefused, FakeOkx, launch

FUTURE = "ETH-USDT-310328"


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[FakeOkx]:
    with launch(tmp_path / "venue") as running:
        yield running


def ctl(server: FakeOkx, *words: str, stdin: str = "") -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "fakeokx.cli", "ctl", "--url", server.url, *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        input=stdin,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def held(world: World, inst_id: str = BTC) -> str:
    rows = world.raw.call("GET", f"account/positions?instId={inst_id}")[1]["data"]
    return str(rows[0]["pos"]) if rows else "none"


def test_mark_and_last_price_move_apart(server: FakeOkx) -> None:
    server.mark(SOL, "151")
    truth = server.truth()
    assert (truth["prices"][SOL], truth["marks"][SOL]) == ("150", "151")
    raw = RawClient(server.url)
    path = f"public/mark-price?instType=SWAP&instId={SOL}"
    assert raw.call("GET", path)[1]["data"][0]["markPx"] == "151"
    assert raw.call("GET", f"market/ticker?instId={SOL}")[1]["data"][0]["last"] == "150"
    server.price(SOL, "150")


def test_a_seeded_book_is_seen_and_eaten(server: FakeOkx) -> None:
    world = World(server, "book")
    server.book(ETH, bids=[("2999", "5"), ("2998", 7)], asks=[("3001", "5"), ("3002", "5")])
    try:
        (book,) = world.raw.call("GET", f"market/books?instId={ETH}&sz=10")[1]["data"]
        assert book["asks"] == [["3001", "5", "0", "1"], ["3002", "5", "0", "1"]]
        assert [level[0] for level in book["bids"]] == ["2999", "2998"]
        (ticker,) = world.raw.call("GET", f"market/ticker?instId={ETH}")[1]["data"]
        assert (ticker["bidPx"], ticker["bidSz"], ticker["askPx"]) == ("2999", "5", "3001")
        world.done(instId=ETH, sz="7")
        fills = world.raw.call("GET", "trade/fills")[1]["data"]
        assert [(row["fillPx"], row["fillSz"]) for row in fills] == [("3002", "2"), ("3001", "5")]
        trades = world.raw.call("GET", f"market/trades?instId={ETH}&limit=2")[1]["data"]
        assert [(row["px"], row["sz"], row["side"]) for row in trades] == [
            ("3002", "2", "buy"), ("3001", "5", "buy"),
        ]  # fmt: skip
    finally:
        server.book(ETH)
        server.price(ETH, "3000")


def test_candles_add_up_what_was_traded(venue: FakeOkx) -> None:
    raw = RawClient(venue.url)
    venue.advance(60_000 - int(raw.call("GET", "public/time")[1]["data"][0]["ts"]) % 60_000 + 1_000)
    for px in ("50100", "49900", "50050"):
        venue.price(BTC, px)
    venue.trade_by_hand(BTC, "buy", "3")
    venue.advance(60_000)
    venue.price(BTC, "50200")
    rows = raw.call("GET", f"market/candles?instId={BTC}&limit=2")[1]["data"]
    ts, o, h, lo, c, vol, vol_ccy, vol_quote, confirm = rows[1]
    assert (o, h, lo, c, confirm) == ("50000", "50100", "49900", "50050", "1")
    assert (vol, vol_ccy, vol_quote) == ("3", "0.03", "1501.5")
    assert rows[0][8] == "0"
    assert int(ts) % 60_000 == 0
    assert raw.call("GET", f"market/candles?instId={BTC}&after={rows[0][0]}&limit=1")[1][
        "data"
    ] == [rows[1]]
    assert raw.call("GET", f"market/history-candles?instId={BTC}&limit=1")[1]["data"] == [rows[1]]
    (hour,) = raw.call("GET", f"market/candles?instId={BTC}&bar=1H&limit=1")[1]["data"]
    assert hour[2] in ("50200", "50100")


def test_a_price_script_goes_on_by_itself(server: FakeOkx) -> None:
    server.script("XRP-USDT-SWAP", ["0.51", "0.52", "0.53"], every_ms=20)
    deadline = time.monotonic() + 5
    while server.truth()["prices"]["XRP-USDT-SWAP"] != "0.53" and time.monotonic() < deadline:
        time.sleep(0.02)
    (script,) = [row for row in server.scripts() if row["instId"] == "XRP-USDT-SWAP"]
    assert (script["done"], script["running"], script["error"]) == (3, False, "")
    server.script("XRP-USDT-SWAP", ["0.5"], every_ms=20, loop=True)
    assert [row["running"] for row in server.scripts()] == [True]
    server.script("XRP-USDT-SWAP", [])
    assert server.scripts() == []
    with pytest.raises(ControlRefused, match="prices"):
        server.script("XRP-USDT-SWAP", ["0.5", "x"])


def test_funding_delivery_adl_and_deposits_befall_an_account(server: FakeOkx) -> None:
    world = World(server, "fate")
    world.done(sz="10")
    server.set_funding_rate(BTC, "0.0003")
    rate = world.raw.call("GET", f"public/funding-rate?instId={BTC}")[1]["data"][0]
    assert rate["fundingRate"] == "0.0003"
    server.set_funding_rate(BTC, "0")
    server.fund(BTC, "0.001")
    (bill,) = world.raw.call("GET", "account/bills?type=8")[1]["data"]
    assert (bill["subType"], bill["balChg"], bill["pnl"]) == ("173", "-5", "-5")
    (past,) = world.raw.call("GET", f"public/funding-rate-history?instId={BTC}&limit=1")[1]["data"]
    assert past["realizedRate"] == "0.001"
    assert server.adl(BTC, "4", account="fate")
    assert held(world) == "6"
    world.done(instId=FUTURE, sz="2")
    before = float(world.raw.call("GET", "account/balance")[1]["data"][0]["totalEq"])
    server.deposit("USDT", "12.5", account="fate")
    after = float(world.raw.call("GET", "account/balance")[1]["data"][0]["totalEq"])
    assert after - before == pytest.approx(12.5)
    server.deliver(FUTURE, "3100")
    assert held(world, FUTURE) == "0"
    (life,) = world.raw.call("GET", f"account/positions-history?instId={FUTURE}")[1]["data"]
    assert (life["pnl"], life["closeAvgPx"]) == ("20", "3100")
    listed = world.raw.call("GET", "public/instruments?instType=FUTURES")[1]["data"]
    assert FUTURE not in [row["instId"] for row in listed]


def test_a_checkpoint_is_gone_back_to_byte_for_byte(venue: FakeOkx) -> None:
    world = World(venue, "sub")
    world.done(sz="3")
    world.done(**limit("40000", clOrdId="waiting"))
    venue.set_switch("msg.place_ok", "")
    venue.checkpoint("before")

    def still() -> dict[str, Any]:
        truth = venue.truth()
        return {name: truth[name] for name in truth if name not in ("now_ms", "requests")}

    was = still()
    for _ in range(2):
        world.done(sz="5")
        venue.price(BTC, "41000")
        venue.price(BTC, "39000")
        venue.set_switch("msg.place_ok", "Order placed")
        venue.checkpoint("after")
        assert still() != was
        venue.rewind("before")
        assert still() == was
        assert [each["name"] for each in venue.checkpoints()] == ["before"]
    venue.kill()
    venue.restart()
    assert still() == was, "what never happened does not come back"
    venue.rewind("before")
    assert still() == was, "a checkpoint survives a restart"
    ids = [world.done(sz="1")]
    venue.rewind("before")
    assert [world.done(sz="1")] == ids, "its ids are given out again"
    with pytest.raises(ControlRefused, match="name"):
        venue.rewind("never")
    with pytest.raises(ControlRefused, match="name"):
        venue.checkpoint("../up")


def test_accounts_have_money_orders_and_positions_of_their_own(venue: FakeOkx) -> None:
    main = RawClient(venue.url)
    sub = World(venue, "sub1")
    sub.done(sz="2", clOrdId="same")
    sub.done(**limit("40000"))
    assert main.call("POST", "trade/order", order(clOrdId="same"))[1]["code"] == "0"
    paths = (
        "trade/orders-pending", "trade/orders-history?instType=SWAP", "trade/fills",
        "account/bills", "account/positions", "trade/orders-history-archive?instType=SWAP",
    )  # fmt: skip
    mine = {path: len(main.call("GET", path)[1]["data"]) for path in paths}
    theirs = {path: len(sub.raw.call("GET", path)[1]["data"]) for path in paths}
    assert list(mine.values()) == [0, 1, 1, 1, 1, 1]
    assert list(theirs.values()) == [1, 1, 1, 2, 1, 1]
    one = main.call("GET", "account/config")[1]["data"][0]
    two = sub.raw.call("GET", "account/config")[1]["data"][0]
    assert one["uid"] == one["mainUid"] == two["mainUid"] != two["uid"]
    assert one["uid"] != two["uid"]
    stranger = main.call("GET", "trade/orders-history?instType=SWAP")[1]["data"][0]["ordId"]
    assert sub.top("GET", f"trade/order?instId={BTC}&ordId={stranger}") == (200, "51603")
    canceling = sub.row("trade/cancel-order", {"instId": BTC, "ordId": stranger})
    assert canceling == (200, "51400")
    venue.kill()
    venue.restart()
    assert sub.top("GET", "account/config") == (200, "0"), "keys survive a kill"
    assert [each["account"] for each in venue.accounts()] == ["main", "sub1"]


def test_a_key_of_another_account_on_the_command_line_opens_it(tmp_path: Path) -> None:
    keys = ["a:b:c:trade:desk2", "r:b:c:read_only:desk2"]
    with launch(tmp_path / "v", keys=keys) as venue:
        command_line = Path(f"/proc/{venue.pid}/cmdline").read_bytes()
        assert b"a:b:c" not in command_line, "everybody on the machine reads arguments"
        assert [each.stat().st_mode & 0o777 for each in (tmp_path / "v").glob("*keys*")] == [0o600]
        trader, reader = (RawClient(venue.url, name, "b", "c") for name in ("a", "r"))
        assert trader.call("GET", "account/config")[1]["data"][0]["perm"] == "read_only,trade"
        assert reader.call("GET", "account/config")[1]["data"][0]["perm"] == "read_only"
        assert trader.call("GET", "account/balance")[1]["data"][0]["totalEq"] == "0"
        venue.deposit("USDT", 5000, account="desk2")
        assert trader.call("POST", "trade/order", order())[1]["code"] == "0"
        for path in ("trade/order", "trade/close-position", "trade/cancel-all-after"):
            assert reader.call("POST", path, order())[1]["code"] == "50030"
        assert len(reader.call("GET", "trade/fills")[1]["data"]) == 1


def test_keys_come_and_go(server: FakeOkx) -> None:
    server.add_key("brief", "s", "p", perm="read_only", environment="live")
    raw = RawClient(server.url, "brief", "s", "p")
    assert raw.call("GET", "account/config")[1]["code"] == "0"
    demo = raw.call("GET", "account/config", headers={"x-simulated-trading": "1"})
    assert demo[1]["code"] == "50101"
    (row,) = [each for each in server.api_keys() if each["name"] == "brief"]
    assert row == {
        "name": "brief", "perm": "read_only", "account": "main", "environment": "live", "ips": "",
    }  # fmt: skip
    server.drop_key("brief")
    assert raw.call("GET", "account/config")[1]["code"] == "50119"
    with pytest.raises(ControlRefused, match="account"):
        server.add_key("lost", "s", "p", account="nowhere")


def test_every_account_has_an_identity_and_a_demo_account_is_another_one(venue: FakeOkx) -> None:
    def config(key: str, *, demo: bool) -> dict[str, Any]:
        raw = RawClient(venue.url, key, "s", "p")
        body = raw.call("GET", "account/config", headers={"x-simulated-trading": str(int(demo))})
        return {"code": body[1]["code"]} | (body[1].get("data") or [{}])[0]

    for name in ("b", "a"):
        venue.open_account(name)
        venue.add_key(name, "s", "p", account=name, environment="live", ips=["127.0.0.1"])
    venue.add_key("real", "s", "p", environment="live")
    venue.add_key("play", "s", "p", demo=True)
    assert config("play", demo=False)["code"] == config("real", demo=True)["code"] == "50101"
    play, real = config("play", demo=True), config("real", demo=False)
    one, other = config("a", demo=False), config("b", demo=False)
    assert len({each["uid"] for each in (play, real, one, other)}) == 4
    assert [each["uid"] == each["mainUid"] for each in (play, real, one)] == [True, True, False]
    assert one["mainUid"] == real["uid"]
    assert (one["acctLv"], one["perm"], one["ip"], play["type"]) == (
        "2", "read_only,trade", "127.0.0.1", "0",
    )  # fmt: skip
    (detail,) = RawClient(venue.url, "play", "s", "p").call(
        "GET", "account/balance", headers={"x-simulated-trading": "1"}
    )[1]["data"][0]["details"]
    assert (detail["ccy"], detail["cashBal"]) == ("USDT", "100000")
    venue.add_key("play2", "s", "p", demo=True)
    assert config("play2", demo=True)["uid"] == play["uid"]
    with launch(seed=7) as elsewhere:
        elsewhere.open_account("a")
        elsewhere.add_key("a", "s", "p", account="a")
        strange = RawClient(elsewhere.url, "a", "s", "p").call("GET", "account/config")[1]["data"]
        assert strange[0]["uid"] != one["uid"]


def test_notices_and_events(server: FakeOkx) -> None:
    raw = RawClient(server.url)
    server.set_status(
        [{"title": "soon", "state": "scheduled"}, {"title": "was", "state": "completed"}]
    )
    assert [row["title"] for row in raw.call("GET", "system/status")[1]["data"]] == ["soon"]
    done = raw.call("GET", "system/status?state=completed")[1]["data"]
    assert [row["title"] for row in done] == ["was"]
    server.set_status([])
    with pytest.raises(ControlRefused, match="state"):
        server.set_status([{"state": "perhaps"}])
    server.price("DOGE-USDT-SWAP", "0.11")
    newest = server.events()[0]
    assert (newest["event"], newest["row"]) == ("price", {"instId": "DOGE-USDT-SWAP", "px": "0.11"})
    numbers = [each["n"] for each in server.events()]
    assert numbers == sorted(numbers, reverse=True)


def test_every_ctl_command_works(venue: FakeOkx) -> None:
    assert ctl(venue, "price", BTC, "50010")[0]["event"] == "price"
    assert ctl(venue, "mark", BTC, "50020")[0]["event"] == "mark"
    assert ctl(venue, "book", ETH, "--bid", "2999:1", "--ask", "3001:2") == {"instId": ETH}
    assert ctl(venue, "script", SOL, "151", "152", "--every-ms", "50")[0]["prices"] == 2
    assert ctl(venue, "account", "sub")[-1]["account"] == "sub"
    assert ctl(venue, "deposit", "USDT", "9000", "--account", "sub")
    assert (
        ctl(venue, "key", "--add", "--account", "sub", "--perm", "read_only", stdin="k:s:p\n")[-1][
            "name"
        ]
        == "k"
    )
    assert ctl(venue, "key", "--add", "--demo", stdin="d:s:p")[-1]["account"] == "demo"
    assert ctl(venue, "drop-key", "k")
    assert ctl(venue, "checkpoint", "here")[0]["name"] == "here"
    assert ctl(venue, "partial", BTC, "0.5")
    assert ctl(venue, "trade", BTC, "buy", "1", "--account", "sub")["ordId"]
    assert ctl(venue, "price", BTC, "50011")
    assert ctl(venue, "funding-rate", BTC, "0.0001")["rate"] == "0.0001"
    assert ctl(venue, "fund", BTC)
    assert ctl(venue, "adl", BTC, "0.5", "--account", "sub")["ordId"]
    assert ctl(venue, "liquidate", BTC, "--account", "sub")["ordId"]
    assert ctl(venue, "instrument", SOL, "--state", "suspend")
    assert ctl(venue, "settle", "BTC-USDT-301227", "50100") == []
    assert ctl(venue, "foreign", "inverse")["main"]
    assert ctl(venue, "foreign") == {}
    row = '[{"instId": "X", "instType": "SWAP", "cTime": "1"}]'
    assert ctl(venue, "foreign-rows", "account/positions", "-", stdin=row)["main"]
    assert ctl(venue, "rescale", FUTURE, "10", "--no-history")[0]["event"] == "rescaled"
    assert ctl(venue, "deliver", FUTURE)[-1]["event"] in ("delivered", "setting")
    assert ctl(venue, "advance", "1000")["now_ms"]
    assert ctl(venue, "position-mode", "long_short_mode", "--account", "sub")
    assert ctl(venue, "switch", "caa.time_unit", "ms")["caa.time_unit"] == "ms"
    rule = '[{"action": "refuse", "path": "trade/fills"}]'
    assert ctl(venue, "faults", "-", stdin=rule)[0]["fired"] == 0
    assert ctl(venue, "faults", "[]") == []
    assert ctl(venue, "notice", "0") == {"connections": 0}
    assert ctl(venue, "events")[0]["n"] > 10
    assert ctl(venue, "truth")["switches"]["caa.time_unit"] == "ms"
    assert ctl(venue, "rewind", "here")["now_ms"]
    assert ctl(venue, "truth")["switches"]["caa.time_unit"] == "s"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["price", "NO", "1"], 2, "51001"),
        (["--url", "nonsense", "truth"], 2, "FAKEOKX_URL"),
        (["--url", "http://127.0.0.1:1", "truth"], 5, "refused"),
        (["book", BTC, "--bid", "1"], 2, "PX:SZ"),
        (["faults", "{"], 2, "JSON"),
    ],
)
def test_ctl_says_what_went_wrong(server: FakeOkx, words: list[str], code: int, said: str) -> None:
    url = [] if words[0] == "--url" else ["--url", server.url]
    done = subprocess.run(
        [sys.executable, "-m", "fakeokx.cli", "ctl", *url, *words],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_coverage_lists_what_is_served() -> None:
    command = [sys.executable, "-m", "fakeokx.cli", "coverage"]
    data = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=True).stdout)
    assert {"method": "GET", "path": "/api/v5/market/books", "signed": False} in data["rest"]
    assert "POST /control/rewind" in data["control"]
    table = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert "| `books5` |" in table
    assert "| GET | `market/books` |" in table


class TestOptions:
    """A class that wants its exchange otherwise overrides one fixture."""

    @pytest.fixture
    def fakeokx_options(self) -> dict[str, Any]:
        return {"pos_mode": "long_short_mode", "switches": {"caa.time_unit": "ms"}}

    def test_the_fixture_takes_options(self, fakeokx: FakeOkx) -> None:
        assert fakeokx.accounts() == [{"account": "main", "posMode": "long_short_mode"}]
        assert fakeokx.switches()["caa.time_unit"] == "ms"


def test_a_factory_makes_as_many_as_are_asked_for(
    fakeokx_factory: Callable[..., FakeOkx],
) -> None:
    one, two = fakeokx_factory(), fakeokx_factory(seed=2)
    one.price(BTC, "1000")
    assert two.truth()["prices"][BTC] == "50000"
    assert one.url != two.url
