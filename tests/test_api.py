"""The reference is complete: names, settings, variables of the environment, exit codes, options."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import make_api
from languagekit import ROOT

from prometheus_persist import Settings

DOCS = ROOT / "prometheus_persist" / "docs"
TEXT = make_api.PAGE.read_text(encoding="utf-8")
HEADINGS = re.findall(r"^### `(\w+)", TEXT, re.MULTILINE)


def test_the_page_is_what_the_docstrings_say() -> None:
    assert make_api.page() == TEXT, "run: python tests/make_api.py"


def test_every_public_name_stands_there_once_and_has_words() -> None:
    due = {name for module in make_api.MODULES for name, _ in make_api.public(module)}
    due |= {name for name, _ in make_api.errors()}
    due |= {name for plugin in make_api.PLUGINS for name, _ in make_api.fixtures(plugin)}
    assert sorted(HEADINGS) == sorted(due)
    silent = []
    for module in make_api.MODULES:
        for name, value in make_api.public(module):
            if callable(value) and not inspect.getdoc(value):
                silent.append(name)
            if inspect.isclass(value):
                silent += [
                    f"{name}.{each}" for each, one in make_api.members(value) if not one.__doc__
                ]
    assert silent == []


def test_every_setting_stands_in_the_table_once() -> None:
    for page in (DOCS / "operations.md", DOCS / "zh" / "operations.md"):
        text = page.read_text(encoding="utf-8")
        for each in fields(Settings):
            assert len(re.findall(rf"^\| `{each.name}` \|", text, re.MULTILINE)) == 1, each.name


def test_every_variable_of_the_environment_stands_in_the_table_once() -> None:
    code = "".join(
        path.read_text(encoding="utf-8")
        for package in ("prometheus_persist", "fakeokx", "chaos")
        for path in (ROOT / package).rglob("*.py")
    )
    named = set(re.findall(r"\"((?:PERSIST|OKX_API|FAKEOKX)_[A-Z_]+)\"", code)) - {"PERSIST_"}
    for page in (DOCS / "commands.md", DOCS / "zh" / "commands.md"):
        text = page.read_text(encoding="utf-8")
        rows = re.findall(r"^\| `((?:PERSIST|OKX_API|FAKEOKX)_[A-Z_]+)` \|", text, re.MULTILINE)
        assert sorted(rows) == sorted(named), page
