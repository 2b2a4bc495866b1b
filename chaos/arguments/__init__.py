"""The parser of the harness's command lines, in English and in Chinese.

1. The English stands at the arguments. For Chinese it is looked up in ``helps``; a test holds that
   every help has its Chinese there.
2. The language is known before the command line is parsed (``asked_language``), so help and errors
   are in it already.
3. What is said back of a wrong command line is shown; a name that is none of those to choose from
   is answered with the nearest one, or with all of them.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from chaos.arguments.helps import HEADINGS, HELPS
from prometheus_persist.report.in_chinese import in_chinese
from prometheus_persist.shown import shown_lines

_WIDTH = 78


def in_language(text: str, lang: str) -> str:
    """A help, or a table of them line by line, in a language."""
    if lang != "zh":
        return text
    whole = " ".join(text.split())
    if whole in HELPS:
        return HELPS[whole]
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    head, gap, tail = _parted(line)
    return head + gap + HELPS.get(tail.strip(), tail)


def _parted(line: str) -> tuple[str, str, str]:
    found = re.match(r"(\S.*?\S)(\s{2,})(\S.*)$", line)
    if found:
        return found[1], found[2], found[3]
    narrow = re.match(r"(prometheus-chaos .*--seed \d+) (.*)$", line)
    return (narrow[1], " ", narrow[2]) if narrow else ("", "", line)


class Parser(argparse.ArgumentParser):
    """argparse's, in two languages; help, usage and errors pass ``shown``."""

    lang = "en"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.lang = kwargs.pop("lang", self.lang)
        for name in ("description", "epilog"):
            if kwargs.get(name):
                kwargs[name] = in_language(kwargs[name], self.lang)
        if self.lang == "zh" and "formatter_class" not in kwargs:
            kwargs["formatter_class"] = Wide
        super().__init__(*args, **kwargs)

    def format_help(self) -> str:
        """With headings, and what argparse says by itself, in the language."""
        if self.lang == "zh":
            for action in self._actions:
                if action.help:
                    action.help = in_language(action.help, self.lang)
                for chosen in getattr(action, "_choices_actions", ()):
                    chosen.help = in_language(chosen.help or "", self.lang)
        return self._headed(super().format_help())

    def format_usage(self) -> str:
        """Likewise."""
        return self._headed(super().format_usage())

    def error(self, message: str) -> NoReturn:
        """The usage, the error, exit 2."""
        if self.lang != "zh":
            super().error(message)
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}：错误：{in_chinese(message)}\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as wrong:
            if near := difflib.get_close_matches(str(value), map(str, action.choices or ()), n=1):
                meant = f"invalid choice: {value!r}; did you mean {near[0]}?"
                raise argparse.ArgumentError(action, meant) from wrong
            raise

    def _headed(self, text: str) -> str:
        if self.lang == "zh":
            for en, zh in HEADINGS.items():
                text = re.sub(rf"^{re.escape(en)}", zh, text, flags=re.MULTILINE)
        return text

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(shown_lines(message), file)


class Wide(argparse.RawDescriptionHelpFormatter):
    """Lines by columns: a Chinese character takes two."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return broken(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        for line in text.split("\n"):
            head, gap, tail = _parted(line)
            if line.startswith(" "):  # a list, set already
                lines.append(line)
            elif head:
                lines.append(head + gap + tail)
            else:
                lines += broken(line, width) or [""]
        return "\n".join(indent + line for line in lines)


def broken(text: str, width: int) -> list[str]:
    """Lines of at most so many columns."""
    from prometheus_persist.cli.helping import wrapped

    split: Callable[[str, int], list[str]] = wrapped
    return split(text, min(width, _WIDTH))
