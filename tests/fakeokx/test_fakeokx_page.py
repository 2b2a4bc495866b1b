"""The page for people, in a headless Chromium: it shows the truth, and its controls change it."""

import http.client
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browserkit import BEYOND, CHROMIUM, ON_ONE_ANOTHER, PICTURES, Browser
from fakeokx_tools import BTC, RawClient

import fakeokx
from fakeokx import FakeOkx, launch

HTML = (Path(fakeokx.__file__).parent / "page" / "index.html").read_text(encoding="utf-8")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def test_the_page_is_one_file_without_anything_from_elsewhere(server: FakeOkx) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("content-type") == "text/html; charset=utf-8"
    assert response.read().decode() == HTML
    connection.close()
    addresses = set(re.findall(r"https?://[^\s\"'`]+", HTML))
    assert addresses == {"http://www.w3.org/2000/svg"}, "a name space, not an address"
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=\"(?!data:)", HTML)
    assert "innerHTML" not in HTML, "what clients send is shown as text, never as markup"


def test_both_languages_have_every_word() -> None:
    english, chinese = (
        set(re.findall(r"(\w+): [\"{]", part))
        for part in re.split(r"\n  zh: ", HTML.split("const WORDS = {")[1].split("\n};")[0])
    )
    assert english - {"en"} == chinese
    used = set(re.findall(r'data-[tp]="(\w+)"', HTML)) | set(re.findall(r'\bt\("(\w+)"\)', HTML))
    assert used - {"c"} <= chinese


@pytest.fixture(scope="module")
def venue() -> Iterator[FakeOkx]:
    with launch() as running:
        raw = RawClient(running.url)
        order = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "3"}
        raw.call("POST", "trade/order", {**order, "clOrdId": "first", "tag": "LiveAgent01"})
        raw.call(
            "POST", "trade/order", {**order, "ordType": "limit", "px": "48000", "clOrdId": "w1"}
        )
        stop = {**order, "side": "sell", "ordType": "conditional", "reduceOnly": "true"}
        raw.call("POST", "trade/order-algo", {**stop, "slTriggerPx": "47000", "slOrdPx": "-1"})
        yield running


@pytest.fixture(scope="module")
def tab(venue: FakeOkx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        browser.open(venue.url + "/")
        browser.wait("document.querySelectorAll('#positions tr').length > 1")
        yield browser
        refused = [each for each in browser.problems if "status of 400" in each]
        assert browser.problems == refused, "nothing goes wrong but what the exchange declines"


def text(tab: Browser, selector: str) -> str:
    return str(tab.evaluate(f"document.querySelector({selector!r}).innerText"))


def submit(tab: Browser, form: str, values: dict[str, str], button: str = "") -> None:
    for name, value in values.items():
        tab.evaluate(f"document.getElementById({name!r}).value = {value!r}")
    chosen = f"document.querySelector('#{form} {button}')" if button else "undefined"
    tab.evaluate(f"document.getElementById({form!r}).requestSubmit({chosen})")


def becomes(read: Any, wanted: Any) -> None:
    deadline = time.monotonic() + 10
    while read() != wanted:
        assert time.monotonic() < deadline, (read(), wanted)
        time.sleep(0.05)


@needs_browser
def test_it_shows_price_position_orders_and_events(tab: Browser, venue: FakeOkx) -> None:
    venue.trade_by_hand(BTC, "buy", "1", tag="LiveAgent07")
    assert BTC in text(tab, "#positions")
    assert "w1" in text(tab, "#orders")
    assert "47000" in text(tab, "#algos")
    tab.wait("document.getElementById('events').innerText.includes('LiveAgent07')")
    assert "USDT" in text(tab, "#balance")
    tab.wait("document.querySelectorAll('#chart rect').length > 0")
    assert float(text(tab, "#px")) > 0


@needs_browser
def test_its_controls_move_the_market(tab: Browser, venue: FakeOkx) -> None:
    submit(tab, "f-price", {"new-px": "50500"})
    becomes(lambda: venue.truth()["prices"][BTC], "50500")
    tab.wait("document.getElementById('px').innerText === '50500'")
    orders = len(venue.truth()["orders"])
    submit(tab, "f-trade", {"sz": "2"}, "button.sell")
    becomes(lambda: len(venue.truth()["orders"]), orders + 1)
    assert venue.truth()["orders"][-1]["side"] == "sell"
    submit(tab, "f-fund", {"rate": "0.0002"})
    becomes(lambda: venue.truth()["bills"][-1]["type"], "8")
    before = venue.truth()["now_ms"]
    submit(tab, "f-clock", {"ahead": "3600000"})
    becomes(lambda: venue.truth()["now_ms"] - before >= 3_600_000, True)
    tab.evaluate("document.querySelectorAll('#f-nudge button')[3].click()")
    becomes(lambda: venue.truth()["prices"][BTC], "51005")


@needs_browser
def test_faults_are_added_counted_and_cleared(tab: Browser, venue: FakeOkx) -> None:
    submit(tab, "f-fault", {"action": "error_before", "operation": "read_time", "times": "2"})
    becomes(lambda: [rule["action"] for rule in venue.faults()], ["error_before"])
    RawClient(venue.url).call("GET", "public/time")
    tab.wait("document.querySelector('#faults td:last-child')?.innerText === '1'")
    tab.evaluate("document.getElementById('clear').click()")
    becomes(venue.faults, [])


@needs_browser
def test_a_refusal_is_said_and_a_checkpoint_is_gone_back_to(tab: Browser, venue: FakeOkx) -> None:
    submit(tab, "f-price", {"new-px": "abc"})
    tab.wait("document.getElementById('said').innerText.includes('51000')")
    px = venue.truth()["prices"][BTC]
    submit(tab, "f-mark", {"mark-name": "page1"})
    tab.wait("document.getElementById('marks').innerText.includes('page1')")
    venue.price(BTC, "60000")
    row = "[...document.querySelectorAll('#marks tr')].find((r) => r.innerText.includes('page1'))"
    tab.evaluate(f"{row}.querySelector('button').click()")
    becomes(lambda: venue.truth()["prices"][BTC], px)


@needs_browser
def test_it_speaks_two_languages_and_asks_nobody_else(tab: Browser, venue: FakeOkx) -> None:
    shown = []
    for _ in range(2):
        shown.append(text(tab, "main h2 span").lower())
        tab.evaluate("document.getElementById('lang').click()")
    assert sorted(shown) == ["positions", "持仓"]
    loaded = tab.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    assert loaded
    assert all(name.startswith((venue.url, "data:")) for name in loaded)
    served = venue.truth()["requests"]
    assert not any("candles" in path for path in served), "no fault may strike the page itself"


@needs_browser
def test_what_clients_send_is_text_and_not_markup(tab: Browser, venue: FakeOkx) -> None:
    venue.checkpoint("x")
    rule = {"action": "refuse", "path": "<img src=x onerror=alert(1)>"}
    venue.set_faults([rule])
    tab.wait("document.getElementById('faults').innerText.includes('onerror')")
    assert tab.evaluate("document.querySelectorAll('img').length") == 0
    venue.set_faults([])


@needs_browser
def test_a_market_that_has_not_moved_has_one_level_in_its_chart(tmp_path: Path) -> None:
    with launch() as still, Browser(tmp_path) as browser:
        browser.open(still.url + "/")
        browser.wait("document.querySelectorAll('#chart rect').length > 0")
        levels = "[...document.querySelectorAll('#chart text')].map((each) => each.textContent)"
        assert browser.evaluate(levels) == ["50000"]
        assert browser.evaluate(ON_ONE_ANOTHER) == []


@needs_browser
def test_nothing_lies_beyond_the_window_and_no_text_on_another(tab: Browser) -> None:
    """At three widths, in two languages, light and dark; a table may scroll in its own box."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    wrong, chart = {}, "document.getElementById('chart')"
    for lang in ("a", "b"):
        for width in (390, 768, 1280):
            tone = "dark" if width == 768 else "light"
            tab.look(width, dark=tone == "dark")
            tab.wait(f"{chart}.viewBox.baseVal.width === {chart}.clientWidth")  # drawn for it
            tab.whole_page(PICTURES / f"fakeokx-{width}-{lang}-{tone}.png")
            for script in (BEYOND, ON_ONE_ANOTHER):
                if found := tab.evaluate(script):
                    wrong[f"{lang} at {width}"] = found[:5]
        tab.evaluate("document.getElementById('lang').click()")
    tab.look(1280)
    assert wrong == {}
