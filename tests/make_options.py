"""Writes the page of options in both languages: ``python tests/make_options.py``.

One row for every option and argument that means the same, with the commands that take it; and one
for every command of ``fakeokx ctl``. What the other commands do is in ``commands.md``. The words
are those of ``--help``. ``test_documented_once.py`` compares the pages.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

import fakeokx.cli.app
import fakeokx.cli.helps
from chaos.arguments import in_language
from chaos.cli.app import parser as chaos_parser
from chaos.demo.__main__ import parser as demo_parser
from prometheus_persist.cli.app import app
from prometheus_persist.words import helps

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "en": ROOT / "prometheus_persist" / "docs" / "options.md",
    "zh": ROOT / "prometheus_persist" / "docs" / "zh" / "options.md",
}
HEADS = {
    "en": """\
# Options

[What a word means](glossary.md) · [what the commands do](commands.md)

Made from the programs by `python tests/make_options.py`, in the words of their `--help`. One row
for each option and argument, with the commands that take it; the default counts where it is absent.
""",
    "zh": """\
# 选项

[词义](glossary.md) · [各命令的作用](commands.md)

由 `python tests/make_options.py` 从程序生成，说明与 `--help` 相同。
每个选项和参数一行，并列出使用它的命令；不写时取默认值。
""",
}
COLUMNS = {
    "en": ("option", "default", "what it is", "of"),
    "zh": ("选项", "默认值", "含义", "用于"),
}
STEER = {"en": ("command", "does"), "zh": ("命令", "作用")}
EVERY = {"en": "every command", "zh": "所有命令"}
PROGRAMS = ("prometheus-persist", "prometheus-chaos", "fakeokx")
CTL = "fakeokx ctl"


@dataclass(frozen=True)
class Taken:
    """One option or argument of one command."""

    command: str
    names: tuple[str, ...]
    default: str
    help: str


@dataclass(frozen=True)
class Command:
    """One command, its first sentence, and what it takes."""

    path: str
    does: str
    takes: tuple[Taken, ...]


def commands() -> list[Command]:
    """Every command of every program; a program without a command is one, too."""
    found = list(_of_typer(typer.main.get_command(app), "prometheus-persist"))
    demo = next(each for each in found if each.path == "prometheus-persist demo")
    found[found.index(demo)] = _of_parser(demo_parser([]), demo.path, demo.does)
    chaos = chaos_parser("en")
    found.append(_of_parser(chaos, "prometheus-chaos", ""))
    for action in chaos._actions:
        if isinstance(action, argparse._SubParsersAction):
            does = {each.dest: each.help for each in action._choices_actions}
            found += [
                _of_parser(one, f"prometheus-chaos {name}", does[name] or "")
                for name, one in action.choices.items()
            ]
    return found + list(_of_typer(typer.main.get_command(fakeokx.cli.app.app), "fakeokx"))


def _of_typer(command: Any, path: str, parent: Any = None) -> Iterator[Command]:
    context = typer.Context(command, parent=parent, **command.context_settings)
    takes = []
    for one in command.get_params(context):
        is_option = one.param_type_name == "option"
        names = [*one.opts, *one.secondary_opts] if is_option else [one.metavar or one.name.upper()]
        told = one.help if isinstance(getattr(one, "help", None), str) else ""
        takes.append(Taken(path, _long(names), _default(one, is_option), " ".join(told.split())))
    does = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    yield Command(path, does, tuple(takes))
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from _of_typer(command.get_command(context, name), f"{path} {name}", context)


def _long(names: list[str]) -> tuple[str, ...]:
    """The long name first."""
    return tuple(sorted(names, key=lambda name: not name.startswith("--")))


def _default(one: Any, is_option: bool) -> str:
    if not is_option or one.default in (None, "", False, []) or callable(one.default):
        return ""
    if one.secondary_opts:
        return one.opts[0] if one.default else one.secondary_opts[0]
    return "" if one.is_flag else str(one.default)


def _of_parser(parser: argparse.ArgumentParser, path: str, does: str) -> Command:
    takes = []
    for one in parser._actions:
        if isinstance(one, argparse._SubParsersAction):
            continue
        names = one.option_strings or [str(one.metavar or one.dest).upper()]
        plain = one.default in (None, "", False, [], argparse.SUPPRESS)
        default = "" if plain else str(one.default)
        takes.append(Taken(path, _long(names), default, " ".join((one.help or "").split())))
    return Command(path, does, tuple(takes))


def rows(program: str, found: list[Command]) -> dict[tuple[Any, ...], list[str]]:
    """The commands of each row; a row is names, default, help."""
    told: dict[tuple[Any, ...], list[str]] = {}
    for command in found:
        if command.path.split()[0] == program:
            for one in command.takes:
                told.setdefault((one.names, one.default, one.help), []).append(command.path)
    return told


def page(lang: str) -> str:
    """The whole page."""
    found = commands()
    parts = [HEADS[lang]]
    for program in PROGRAMS:
        parts.append(f"## {program}\n\n{_table(COLUMNS[lang])}")
        number = sum(each.path.split()[0] == program for each in found)
        for (names, default, told), of in sorted(rows(program, found).items(), key=_place):
            short = [path.removeprefix(program).strip() or program for path in of]
            where = EVERY[lang] if len(of) == number else " · ".join(f"`{each}`" for each in short)
            named = ", ".join(f"`{_cell(each)}`" for each in names)
            value = f"`{_cell(default)}`" if default else ""
            parts[-1] += f"| {named} | {value} | {_cell(said(told, lang))} | {where} |\n"
    steered = [each for each in found if each.path.startswith(f"{CTL} ")]
    parts.append(f"## {CTL}\n\n{_table(STEER[lang])}")
    parts[-1] += "".join(f"| `{one.path}` | {_cell(said(one.does, lang))} |\n" for one in steered)
    return "\n".join(parts)


def _place(row: tuple[tuple[Any, ...], list[str]]) -> tuple[bool, str, str]:
    name = row[0][0][0]
    return not name.startswith("-"), name.lstrip("-[").lower(), row[1][0]


def _table(columns: tuple[str, ...]) -> str:
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def said(text: str, lang: str) -> str:
    """A help in a language."""
    if lang == "en":
        return text
    tables = (helps.HELPS, fakeokx.cli.helps.HELPS)
    return next((table[text] for table in tables if text in table), in_language(text, "zh"))


if __name__ == "__main__":
    for lang, path in PAGES.items():
        path.write_text(page(lang), encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
