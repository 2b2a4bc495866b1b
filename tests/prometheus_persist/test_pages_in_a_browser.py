"""Every page in a headless Chromium: nothing beyond the window, no text on text, at three widths.

One browser for all of them. A picture of each is left in ``PAGE_SCREENSHOTS`` (where that is not
set: ``prometheus-persist-pages`` in the directory for temporary files), for a person to look at.
They are not compared with pictures that are kept: fonts differ from machine to machine, and here
the text is most of a page. What is held instead is measured in the browser, on any fonts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browserkit import BEYOND, CHROMIUM, CUT, ON_ONE_ANOTHER, PICTURES, Browser
from page_gallery import PAGES

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

WIDTHS = (390, 768, 1280)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with Browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


def show(browser: Browser, html: str, place: Path) -> None:
    place.write_text(html, "utf-8")
    browser.open(place.as_uri())
    browser.wait("document.readyState === 'complete'")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_lies_beyond_the_window_no_text_on_another_and_no_word_is_cut(
    browser: Browser, tmp_path: Path, lang: str
) -> None:
    """The middle width is dark in English, the two others in Chinese."""
    wrong: dict[str, list[str]] = {}
    for name, make in PAGES.items():
        browser.look(WIDTHS[0])
        show(browser, make(lang), tmp_path / f"{name}.html")
        for width in WIDTHS:
            is_dark = (width == WIDTHS[1]) is (lang == "en")
            browser.look(width, dark=is_dark)
            tone = "dark" if is_dark else "light"
            browser.whole_page(PICTURES / f"{name}-{width}-{lang}-{tone}.png")
            for script in (BEYOND, ON_ONE_ANOTHER, CUT):
                if found := browser.evaluate(script):
                    wrong.setdefault(f"{name} at {width}", []).extend(found[:5])
    assert wrong == {}
    assert browser.problems == []


def test_on_paper_a_page_is_black_on_white_and_as_wide(browser: Browser, tmp_path: Path) -> None:
    """Also where the reader's system is dark: on the width that is left of A4."""
    for name, make in PAGES.items():
        browser.look(720, dark=True, printed=True)
        show(browser, make("zh"), tmp_path / f"{name}.html")
        style = "getComputedStyle(document.body)"
        assert browser.evaluate(f"{style}.color") == "rgb(0, 0, 0)", name
        assert browser.evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)", name
        assert browser.evaluate(BEYOND) == [], name
        assert browser.evaluate(ON_ONE_ANOTHER) == [], name
        browser.whole_page(PICTURES / f"{name}-paper-zh.png")


@pytest.mark.parametrize(
    ("script", "html"),
    [
        (BEYOND, "<div style='position: fixed; left: -9px'>left</div>"),
        (BEYOND, "<pre style='width: 90px'>" + "wide " * 99 + "</pre>"),
        (CUT, "<h2 style='width: 20px; overflow-wrap: anywhere'>commit</h2>"),
        (ON_ONE_ANOTHER, "<p>one</p><p style='margin-top: -2rem'>two</p>"),
    ],
)
def test_the_measures_see_what_they_are_for(
    browser: Browser, tmp_path: Path, script: str, html: str
) -> None:
    show(browser, f"<!doctype html><body>{html}</body>", tmp_path / "bad.html")
    browser.look(390)
    assert len(browser.evaluate(script)) == 1


def test_a_click_on_a_picture_of_the_past_shows_what_the_nearest_commit_changed(
    browser: Browser, tmp_path: Path
) -> None:
    """That of the agent whose picture it is; the arrows go on from there; nothing is fetched."""
    browser.look(1280)
    show(browser, PAGES["history"]("en"), tmp_path / "history.html")
    browser.wait("!document.getElementById('panel').hidden")
    said = (
        "document.getElementById('what').innerText + document.getElementById('changes').innerText"
    )
    assert "exit" in browser.evaluate(said)
    click = """
      (() => {{ const plot = document.querySelector('[data-agent="{agent}"]');
        plot.scrollIntoView(); const box = plot.getBoundingClientRect();
        plot.dispatchEvent(new MouseEvent("click", {{bubbles: true,
          clientX: box.left + box.width * {share}, clientY: box.top + 5}})); }})()"""
    browser.evaluate(click.format(agent="LiveAgent_05", share=0.2))
    first = browser.evaluate(said)
    assert "agents/LiveAgent_05 · current_capital" in first
    assert "mood" in first, "a field of the host's: its name"
    assert "changed (its value is not shown)" in first
    browser.evaluate("document.getElementById('after').click()")
    second = browser.evaluate(said)
    assert second != first
    assert "LiveAgent_05" in second
    lines = (
        "[...new Set([...document.querySelectorAll('.cursor')].map((e) => e.getAttribute('x1')))]"
    )
    (place,) = browser.evaluate(lines)
    assert place.endswith("%")
    seq = browser.evaluate("location.hash")
    browser.evaluate("document.getElementById('before').click()")
    assert browser.evaluate(said) == first
    assert browser.evaluate("location.hash") != seq
    assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
    assert browser.problems == []
