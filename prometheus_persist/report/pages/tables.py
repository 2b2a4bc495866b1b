"""Tables of a page; on a narrow screen every value stands behind the name of its column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prometheus_persist.report.pages.making import Drawn, element
from prometheus_persist.report.values import Say


@dataclass(frozen=True, slots=True)
class Column:
    """``kind``: n for figures, d for moments, id for what is copied, t for sentences. The first one
    names its row where it has no ``head``."""

    head: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Toned:
    """A cell's text, in the colour of what it says (see ``look.py``)."""

    text: str
    tone: str


Cell = str | int | Toned | None
"""What stands in one place; None, or an empty text, is nothing, and takes no line of a narrow
screen."""


_KINDS = {".": "", "n": "n", "t": "t", "i": "id", "d": "d"}


def columns(say: Say, kinds: str, *names: str) -> list[Column]:
    """By message ids ("" has no head), with a letter of ``_KINDS`` for each."""
    return [
        Column(say(name) if name else "", _KINDS[kind])
        for kind, name in zip(kinds, names, strict=True)
    ]


def table(heads: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Drawn:
    """The whole table."""
    names = [element("th", each.head, class_=each.kind or None) for each in heads]
    body = [
        element("tr", *(_cell(column, cell) for column, cell in zip(heads, row, strict=True)))
        for row in rows
    ]
    return element("table", element("thead", element("tr", *names)), element("tbody", *body))


def _cell(column: Column, cell: Cell) -> Drawn:
    text, tone = (cell.text, cell.tone) if isinstance(cell, Toned) else (cell, "")
    text = "" if text is None else str(text)
    kinds = " ".join(filter(None, (column.kind, tone, "" if text else "none"))) or None
    return element("td", text, class_=kinds, data_head=column.head or None)
