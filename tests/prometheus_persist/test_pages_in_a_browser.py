"""Every page in a headless Chromium: nothing beyond the window, no text on text, at three widths.

One browser for all of them. A picture of each is left in ``PAGE_SCREENSHOTS`` (where that is not
set: ``prometheus-persist-pages`` in the directory for temporary files), for a person to look at.
Fonts differ from machine to machine, and text is most of a page, so what is compared with what is
kept is not the picture's points but what it shows on any fonts (``SHAPE``): which elements, how
many, in which colours, from where to where. After a change that is meant, and after a look at the
pictures: ``PAGE_LAYOUTS=write pytest -n0 tests/prometheus_persist/test_pages_in_a_browser.py``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browserkit import BEYOND, CHROMIUM, CUT, ON_ONE_ANOTHER, PICTURES, SHAPE, Browser
from languagekit import ROOT
from page_gallery import PAGES

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

WIDTHS = (390, 768, 1280)
KEPT = ROOT / "tests" / "golden" / "page_layouts.json"
ASIDE_MAX = 3  # of 100 of the width: what a machine's own scroll bar or font may move a box


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
    seen: dict[str, Any] = {}
    for name, make in PAGES.items():
        browser.look(WIDTHS[0])
        show(browser, make(lang), tmp_path / f"{name}.html")
        for width in WIDTHS:
            is_dark = (width == WIDTHS[1]) is (lang == "en")
            browser.look(width, dark=is_dark)
            tone = "dark" if is_dark else "light"
            picture = f"{name}-{width}-{lang}-{tone}"
            browser.whole_page(PICTURES / f"{picture}.png")
            seen[picture] = browser.evaluate(SHAPE)
            for script in (BEYOND, ON_ONE_ANOTHER, CUT):
                if found := browser.evaluate(script):
                    wrong.setdefault(f"{name} at {width}", []).extend(found[:5])
    assert wrong == {}
    assert browser.problems == []
    kept = json.loads(KEPT.read_text("utf-8"))
    if os.environ.get("PAGE_LAYOUTS") == "write":
        rows = sorted(({k: v for k, v in kept.items() if f"-{lang}-" not in k} | seen).items())
        lines = (f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in rows)
        KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
        return
    due = {name: shape for name, shape in kept.items() if f"-{lang}-" in name}
    assert sorted(seen) == sorted(due)
    assert {name: told for name in due if (told := differs(seen[name], due[name]))} == {}


def differs(shape: dict[str, list[Any]], kept: dict[str, list[Any]]) -> list[str]:
    """What a page shows otherwise than the one that was kept."""
    found = [f"{name}: gone" for name in kept.keys() - shape.keys()]
    found += [f"{name}: new" for name in shape.keys() - kept.keys()]
    for name in kept.keys() & shape.keys():
        (now, colours, *sides), (due, colours_due, *sides_due) = shape[name], kept[name]
        if now != due:
            found.append(f"{name}: {now}, not {due}")
        if colours != colours_due:
            found.append(f"{name}: {colours}, not {colours_due}")
        for side, side_due in zip(sides, sides_due, strict=True):
            if (side is None) != (side_due is None) or abs(
                (side or 0) - (side_due or 0)
            ) > ASIDE_MAX:
                found.append(f"{name}: from {sides}, not {sides_due}")
    return sorted(found)


@pytest.mark.parametrize(
    "harm",
    [
        "document.querySelector('svg').remove()",
        "document.querySelector('h2').style.display = 'none'",
        "document.querySelector('h2').style.opacity = '0'",
        "document.querySelectorAll('table tr')[1].remove()",
        "document.querySelector('svg path, svg rect').remove()",
        "document.querySelector('h1').style.color = 'rgb(1, 2, 3)'",
        "document.body.style.backgroundColor = document.body.style.marginLeft = '40px'",
        "document.querySelectorAll('style').forEach((each) => each.remove())",
    ],
)
def test_a_page_that_lost_something_is_seen(browser: Browser, tmp_path: Path, harm: str) -> None:
    """An element, a word in its colour, its place, its whole look."""
    browser.look(1280)
    show(browser, PAGES["recovery"]("en"), tmp_path / "recovery.html")
    before = browser.evaluate(SHAPE)
    assert differs(before, browser.evaluate(SHAPE)) == []
    browser.evaluate(f"(() => {{ {harm}; }})()")
    assert differs(browser.evaluate(SHAPE), before) != []


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
