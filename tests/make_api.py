"""Writes ``prometheus_persist/docs/api.md`` from the docstrings: ``python tests/make_api.py``.

Every public name of the packages stands in it once: what ``__all__`` of a public module has, with
the public methods and properties of each class, every error with its exit code, and the fixtures
of the two pytest plug-ins. ``test_api.py`` compares the page, and fails for a name without words.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "prometheus_persist" / "docs" / "api.md"
MODULES = (
    "prometheus_persist",
    "prometheus_persist.state",
    "prometheus_persist.exchange",
    "prometheus_persist.saving",
    "prometheus_persist.recovery",
    "fakeokx",
)
PLUGINS = ("prometheus_persist/pytest_plugin.py", "fakeokx/pytest_plugin.py")
HEAD = """\
# API

Generated from the docstrings by `python tests/make_api.py`; every public name stands here once.
Names of `prometheus_persist` and `fakeokx` are imported from there (`from prometheus_persist import
Session`); those of a module below it from that module. What is not here may change at any time.
"""


def page() -> str:
    """The whole page."""
    parts, seen = [HEAD], set[int]()
    for module in MODULES:
        parts.append(f"## {module}\n\n{_paragraphs(importlib.import_module(module))}\n")
        for name, value in public(module):
            if id(value) in seen and not isinstance(value, (str, int, dict)):
                continue
            seen.add(id(value))
            parts.append(entry(name, value))
    parts.append(f"## prometheus_persist.errors\n\n{ERRORS}\n")
    parts += [_error(name, one) for name, one in errors()]
    parts.append("## pytest\n\nFixtures that are there wherever this distribution is installed.\n")
    parts += [f"### `{name}`\n\n{told}\n" for plugin in PLUGINS for name, told in fixtures(plugin)]
    return "\n".join(parts)


ERRORS = """\
Every error that the library raises on purpose is a `PersistError`, with the exit code that the
command line gives it."""


def public(module: str) -> Iterator[tuple[str, Any]]:
    """The names that a module shows, in order."""
    found = importlib.import_module(module)
    for name in sorted(found.__all__, key=str.lower):
        yield name, getattr(found, name)


def errors() -> Iterator[tuple[str, type[Exception]]]:
    """The tree of errors, without its root: that is one of the library's names."""
    module = importlib.import_module("prometheus_persist.errors")
    for name, value in vars(module).items():
        if inspect.isclass(value) and value is not module.PersistError:
            yield name, value


def entry(name: str, value: Any) -> str:
    """One name: its signature, its words; of a class its members."""
    if inspect.isclass(value):
        lines = [f"### `{name}`", "", _paragraphs(value), ""]
        if not issubclass(value, Exception) and "__init__" in vars(value):
            lines[0] = f"### `{name}{_signature(value)}`"
        lines += [_member(each, found) for each, found in members(value)]
        return "\n".join(lines).rstrip() + "\n"
    if callable(value):
        return f"### `{name}{_signature(value)}`\n\n{_paragraphs(value)}\n"
    return f"### `{name}`\n\n`{value!r}`\n"


def members(of: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that this project wrote, by name."""
    found: dict[str, Any] = {}
    for base in reversed(of.__mro__):
        if base.__module__.split(".")[0] in ("prometheus_persist", "fakeokx"):
            found |= vars(base)
    for name, value in sorted(found.items()):
        plain = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        written = inspect.isfunction(plain) or isinstance(plain, property)
        if written and not name.startswith("_") and "validator" not in repr(value):
            yield name, plain


def _member(name: str, value: Any) -> str:
    shown = name if isinstance(value, property) else f"{name}{_signature(value)}"
    return f"- `{shown}`: {_line(value)}"


def _error(name: str, value: Any) -> str:
    return f"### `{name}`\n\n{_line(value)} Exit {value.exit_code}.\n"


def fixtures(plugin: str) -> Iterator[tuple[str, str]]:
    """The fixtures of a plug-in; read, since pytest hides what it decorates."""
    for node in ast.parse((ROOT / plugin).read_text(encoding="utf-8")).body:
        decorated = getattr(node, "decorator_list", ())
        fixture = next((told for one in decorated if "fixture" in (told := ast.unparse(one))), "")
        if fixture:
            assert isinstance(node, ast.FunctionDef)
            named = re.search(r"name='(\w+)'", fixture)
            name = named[1] if named else node.name  # what a test asks for
            if not name.startswith("_"):
                yield name, " ".join((ast.get_docstring(node) or "").split())


def _signature(value: Any) -> str:
    signature = inspect.signature(value)
    shown = []
    for one in signature.parameters.values():
        if one.name in ("self", "cls"):
            continue
        mark = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        if one.kind is one.KEYWORD_ONLY and "*" not in "".join(each[:1] for each in shown):
            shown.append("*")
        text = mark + one.name
        if one.annotation is not one.empty:
            text += f": {_named(one.annotation)}"
        if one.default is not one.empty:
            text += f" = {_default(one.default)}"
        shown.append(text)
    back = signature.return_annotation
    told = "" if back in (signature.empty, None, "None") else f" -> {_named(back)}"
    return f"({', '.join(shown)}){told}"


def _named(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z_])", "", text)


def _default(value: Any) -> str:
    return re.sub(r"<([\w.]+)[^>]*>", r"\1", repr(value))


def _line(value: Any) -> str:
    return " ".join((inspect.getdoc(value) or "").split("\n\n")[0].replace("``", "`").split())


def _paragraphs(value: Any) -> str:
    doc = inspect.getdoc(value) or ""
    if inspect.isclass(value) and "__doc__" not in vars(value):
        doc = ""
    return "\n\n".join(
        "```text\n" + part.rstrip() + "\n```" if re.match(r"\s{2,}|.*\n\s{2,}\S", part) else part
        for part in doc.replace("``", "`").split("\n\n")
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
