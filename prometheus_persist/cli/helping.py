"""How ``--help`` and a usage error are said: one style for every command, in both languages.

1. The English stands at the commands. For Chinese it is looked up (``words.helps``), paragraph by
   paragraph; what is not there is said as it is, and a test finds it.
2. Behind the options come the examples of the command (``words.examples``), then the exit codes.
3. Chinese is broken at any character, two columns each; a word in Latin letters stays whole.
4. The parser's own class of formatter is put in for the time of one command only (``speaking``).
5. A help needs no command but its own: the list of commands is a table (``LazyGroup``), and a test
   holds it to what each command says of itself.
6. A word that fits as it stands is taken so (``_AsGiven``): the parser's validator costs a tenth of
   a second. A test holds that both give the same.

All of it is one module, since it stands twice.

``fakeokx`` has the same of its own, since neither imports the other: below the line a test holds
that the two are one text.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperCommand, TyperGroup

PROGRAM: Final = "prometheus-persist"


def _tables() -> Any:
    """What is said: read once a help is."""
    from prometheus_persist.words import helps

    return helps


def _said_in_chinese(sentence: str) -> str:
    from prometheus_persist.report.in_chinese import in_chinese

    return in_chinese(sentence)


def _examples() -> Any:
    from prometheus_persist.words.examples import EXAMPLES

    return EXAMPLES


def _exits(lang: str) -> str:
    from prometheus_persist.words.exits import exits_in_a_line

    return exits_in_a_line(lang)


# -- the same in prometheus_persist/cli/helping.py and fakeokx/cli/helping.py from here on

_PIECES: Final = re.compile(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+|\s+")
_NEVER_FIRST: Final = "，。；：、！？）》」』”’,.;:!?)…"
_WHOLE: Final = re.compile("0|[1-9][0-9]{0,17}")
_DETAILS: Final = re.compile(r"^(?P<text>.*?)(?:  \[(?P<details>.*)\])?$", re.DOTALL)
_GAP: Final = 2
_Base: Any = typer.Context.formatter_class


def language_last(argv: Sequence[str]) -> list[str]:
    """The words, ``--lang`` moved behind the command that it was written before."""
    words = list(argv)
    size = 2 if words[:1] == ["--lang"] else 1 if words and words[0].startswith("--lang=") else 0
    front, rest = words[:size], words[size:]
    ends = not rest or rest[0].startswith("-")
    return [*front, *rest] if ends else [*rest, *front]


@contextlib.contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Helps in this style and language."""
    contexts: Any = TyperGroup.context_class
    before = contexts.formatter_class
    contexts.formatter_class = type("Help", (Help,), {"lang": lang})
    try:
        yield
    finally:
        contexts.formatter_class = before


def usage_error(problem: Any) -> str:
    """What was asked wrongly, as the parser says it, in Chinese."""
    if type(problem).__name__ == "NoArgsIsHelpError":  # a program without a word: its help
        return f"{problem.format_message()}\n"
    context = getattr(problem, "ctx", None)
    lines = []
    if context is not None:
        with speaking("zh"):
            lines = [context.get_usage(), f"试试 '{context.command_path} --help'。", ""]
    told = " ".join(str(problem.format_message()).split())
    return "\n".join([*lines, f"错误：{_said_in_chinese(told)}", ""])


class Help(_Base):  # type: ignore[misc]
    """The parser's formatter, that speaks two languages and knows examples."""

    lang = "en"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._command = ""
        self._listing = False

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Remembers whose help this is."""
        self._command = prog.partition(" ")[2] if prog.split(" ")[0].endswith(PROGRAM) else prog
        if self.lang == "zh":
            args = " ".join(self._kinds(args).split())
            self.write(f"{self._said('Usage')}：{prog} {args}\n")
            return
        super().write_usage(prog, args, prefix)

    def write_heading(self, heading: str) -> None:
        """The name of a section, as ``Options``."""
        self._listing = heading == "Commands"
        if self.lang == "zh":
            self.write(f"{'':>{self.current_indent}}{self._said(heading)}：\n")
        else:
            super().write_heading(heading)

    def write_text(self, text: str) -> None:
        """A paragraph or more; the last, with the exit codes, comes behind the examples."""
        if text.endswith(_exits("en")):
            self._write_examples()
            before = self._said(text.removesuffix(_exits("en")))
            text = f"{before} {_exits(self.lang)}".strip()
        elif self.lang == "zh":
            text = "\n\n".join(map(self._said, inspect.cleandoc(text).split("\n\n")))
        if self.lang != "zh":
            super().write_text(text)
            return
        for number, paragraph in enumerate(text.split("\n\n")):
            self.write("\n" if number else "")
            for line in wrapped(paragraph, self.width - self.current_indent):
                self.write(f"{'':>{self.current_indent}}{line}\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        """Names, and what each is."""
        if self.lang != "zh":
            super().write_dl(rows, *args, **kwargs)
            return
        told = [(self._kinds(name), self._option(text)) for name, text in rows]
        if self._listing:
            told = [(name, text.rstrip("。")) for name, text in told]
        first = min(max(map(cells, (name for name, _ in told))), 30) + _GAP
        room = max(self.width - first - self.current_indent, 10)
        for name, text in told:
            gap = first - cells(name)
            self.write(f"{'':>{self.current_indent}}{name}")
            lines = wrapped(text, room)
            if gap < _GAP and lines:
                self.write(f"\n{'':>{self.current_indent}}")
                gap = first
            for number, line in enumerate(lines):
                pad = gap if number == 0 else first + self.current_indent
                self.write(f"{'':>{pad}}{line}\n")
            self.write("" if lines else "\n")

    def _write_examples(self) -> None:
        rows = _examples().get(self._command, ())
        if not rows:
            return
        heading = self._said("Examples") + "：" if self.lang == "zh" else "Examples:"
        self.write(f"{heading}\n")
        for (zh, en), line in rows:
            self.write(f"  # {zh if self.lang == 'zh' else en}\n  {PROGRAM} {line}\n")
        self.write("\n")

    def _said(self, paragraph: str) -> str:
        helps: dict[str, str] = _tables().HELPS
        text = " ".join(paragraph.split())
        if self.lang != "zh":
            return text
        if text in helps:
            return helps[text]
        head = text.removesuffix("...").rstrip()  # a list of commands has the beginning alone
        return next((zh for en, zh in helps.items() if head and en.startswith(head)), text)

    def _option(self, text: str) -> str:
        found = _DETAILS.match(text)
        if found is None:
            return text
        told = self._said(found["text"])
        if found["details"] is None:
            return told
        parts = [part.partition(": ") for part in found["details"].split("; ")]
        named = [f"{_tables().DETAILS.get(a, a)}{'：' if cut else ''}{b}" for a, cut, b in parts]
        return f"{told}[{'；'.join(named)}]"

    def _kinds(self, name: str) -> str:
        for en, zh in _tables().KINDS.items():
            name = re.sub(rf"(?<![\w-]){re.escape(en)}(?![\w-])", zh, name)
        return name


class Steps(TyperGroup):
    """A group whose own words stand before the command: with none there, none is looked at.

    The parser loads a validator, a tenth of a second, to find a word that nobody wrote empty.
    What an environment variable says in place of one, the group's function has to look up itself.
    """

    _none_of_its_own = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Which command, and its words."""
        self._none_of_its_own = bool(args) and not args[0].startswith("-")
        try:
            return super().parse_args(ctx, args)
        finally:
            self._none_of_its_own = False

    def get_params(self, ctx: Any) -> list[Any]:
        """The words that are the group's own."""
        return [] if self._none_of_its_own else [*map(_as_given, super().get_params(ctx))]


class _AsGiven:
    """Of one parameter: a value that fits as it stands is taken as it is; at any other the parser
    looks itself, and loads its validator for that."""

    def __init__(self, look: Any) -> None:
        self._look = look

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value that a command is given; raises a usage error."""
        kind, more = param.type_descriptor.annotation, param.type_descriptor.parameter_info
        is_list = param.multiple or param.nargs == -1
        if value is None:
            return () if is_list else None
        if is_list and more.parser is None and kind == list[str] and {*map(type, value)} == {str}:
            return list(value)
        is_one = not is_list and param.nargs == 1 and more.parser is None
        if is_one and kind is str and type(value) is str:
            return value
        number = int(value) if kind is int and _WHOLE.fullmatch(str(value)) else value
        if is_one and kind in (int, float) and type(number) is kind:
            least, most = (number if each is None else each for each in (more.min, more.max))
            if least <= number <= most:
                return number
        if is_one and kind is Path and isinstance(value, (str, Path)) and _fits(value, more):
            return Path(value)
        return self._look().coerce(value, param=param, ctx=ctx)


def _fits(path: str | Path, more: Any) -> bool:
    """Whether it is a path for an option that takes any, and can be read if it is there."""
    if not (more.file_okay and more.dir_okay and more.path_type is None):
        return False
    if more.exists or more.writable or more.resolve_path:
        return False
    return os.access(path, os.R_OK) or not os.path.lexists(path)


def _as_given(param: Any) -> Any:
    """The parameter; of a version of the parser that has no such validator, as it was."""
    look = getattr(param, "get_runtime_param", None)
    if look is not None and hasattr(param, "type_descriptor") and not isinstance(look, partial):
        vars(param)["get_runtime_param"] = partial(_AsGiven, look)
    return param


def _light(command: Any) -> Any:
    """The command, its parameters ``_AsGiven``, and those of a group."""
    params = command.get_params
    vars(command)["get_params"] = lambda ctx: [*map(_as_given, params(ctx))]
    for each in getattr(command, "commands", {}).values():
        _light(each)
    return command


class LazyGroup(Steps):
    """A group whose commands are imported when they are called, or their own help is asked for.

    ``table``: by name, ``module:name`` of a function or group, and the first sentence of its help;
    the list of commands is made of these alone.
    """

    table: ClassVar[Mapping[str, tuple[str, str]]]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        vars(self)["commands"] = _WhenCalled(self.table)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands."""
        listed: Any = TyperGroup(name=self.name)
        for name, (_, says) in self.table.items():
            listed.add_command(TyperCommand(name, help=says))
        listed.format_commands(ctx, formatter)


class _WhenCalled(Mapping[str, Any]):
    """The commands of a table, each imported and made when it is asked for."""

    def __init__(self, table: Mapping[str, tuple[str, str]]) -> None:
        self._table, self._made = table, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            module, _, attribute = self._table[name][0].partition(":")
            found = getattr(import_module(module), attribute)
            if not isinstance(found, typer.Typer):
                function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
                found.command(name=name, epilog=_exits("en"))(function)
            self._made[name] = _light(typer.main.get_command(found))
            self._made[name].name = name
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most so many columns."""
    lines, line = [], ""
    width -= 4  # a bracket and a full stop may hang
    for piece in _PIECES.findall(" ".join(text.split())):
        if line and cells(line) + cells(piece) > width and piece not in _NEVER_FIRST:
            lines.append(line.rstrip())
            line = ""
        line = line + piece if line or piece.strip() else ""
    return [*lines, line.rstrip()] if line else lines
