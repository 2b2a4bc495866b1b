"""What ``status`` shows: a store looked at in passing, once or again and again, as text or JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import JustifyMethod
from rich.control import Control
from rich.table import Table
from rich.text import Text

from prometheus_persist.cli.ending import reader_gone, write_document
from prometheus_persist.cli.options import refuse_fresh, refuse_missing
from prometheus_persist.cli.output import Output, damage_rows, utc
from prometheus_persist.clock import SystemClock
from prometheus_persist.recovery.follow import Follower
from prometheus_persist.recovery.in_short import Summary, summary
from prometheus_persist.report.pages.store_page import StoreGlance, store_rows, store_tables
from prometheus_persist.report.pages.tables import Cell, Column, Toned
from prometheus_persist.session.settings_sources import visited
from prometheus_persist.shown import shown

_STYLES = {"ok": "green", "dunno": "yellow", "off": "bold red", "dim": "dim"}


def shown_once(directory: Path, output: Output) -> Summary:
    """What is in the store, said; raises NoStore."""
    found = _looked(directory)
    _print(found, directory, output, SystemClock().now_ms())
    output.data(_data(found, directory, output))
    return found


def _looked(directory: Path) -> Summary:
    found = summary(visited(directory))
    refuse_fresh(directory, found.facts)
    return found


def watch(directory: Path, output: Output, every: float) -> None:
    """Until a signal ends it, or the store is gone, or who read along."""
    output.working.line.close()
    clock, follower = SystemClock(), Follower(visited(directory))
    follower.next()
    stays, found, is_new = output.people.is_terminal and not output.as_json, None, True
    while True:
        if found is None or is_new:
            found = _looked(directory)
        if stays:
            output.people.control(Control.home(), Control.clear())
        if output.as_json and is_new:
            write_document(_data(found, directory, output), indent=None)
        elif stays or is_new:
            _print(found, directory, output, clock.now_ms())
            output.text(output.say("cli.status.watched", s=f"{every:g}") if stays else "")
        if reader_gone():
            return
        clock.sleep(every)
        refuse_missing(directory)
        is_new = bool(follower.next())


def _glance(found: Summary, directory: Path, output: Output, now_ms: int) -> StoreGlance:
    return StoreGlance(
        directory=str(directory),
        held=found.held,
        seq=found.facts.seq,
        epoch=found.facts.epoch,
        last_save_ms=found.facts.last_save_ms,
        records=found.records,
        snapshots=found.snapshots,
        damages=tuple(output.damage(item) for item in damage_rows(found.facts, directory)),
        losses=found.facts.losses,
        now_ms=now_ms,
    )


def _print(found: Summary, directory: Path, output: Output, now_ms: int) -> None:
    glance = _glance(found, directory, output, now_ms)
    lines = Table(title=output.say("cli.status"), title_justify="left", show_header=False, box=None)
    lines.add_column(style="cyan", no_wrap=True)
    lines.add_column(overflow="fold")
    for name, value in store_rows(glance, output.say):
        lines.add_row(name, _cell(value))
    output.people.print(lines)
    for title, (columns, rows) in store_tables(glance, output.say):
        output.people.print()
        output.people.print(_table(title, columns, rows))


def _table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    table.show_header = any(each.head for each in columns)
    for each in columns:
        is_figure = each.kind == "n"
        justify: JustifyMethod = "right" if is_figure else "left"
        table.add_column(each.head, justify=justify, overflow="fold", no_wrap=is_figure)
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: Cell) -> Text:
    if isinstance(value, Toned):
        return Text(shown(value.text), style=_STYLES.get(value.tone, ""))
    return Text("" if value is None else shown(str(value)))


def _data(found: Summary, directory: Path, output: Output) -> dict[str, Any]:
    held = found.held
    return {
        "directory": str(directory),
        "fresh": found.facts.fresh,
        "last_save": utc(found.facts.last_save_ms),
        "sequence": found.facts.seq,
        "epoch": found.facts.epoch,
        "cycles": held.cycles,
        "runtime_hours": held.runtime_hours,
        "equity": held.equity,
        "unrealised": held.unrealised,
        "pnl": held.pnl,
        "settled": held.settled,
        "agents": held.agents,
        "alive": held.alive,
        "dead": held.dead,
        "heroes": held.heroes,
        "first_agents": [dataclasses.asdict(one) for one in held.named],
        "positions": held.keys,
        "first_positions": [dataclasses.asdict(one) for one in held.held],
        "records": found.records,
        "open_intents": held.open_intents,
        "frozen": [*found.frozen, *(["everything"] if found.everything else [])],
        "freezes": [dataclasses.asdict(one) for one in held.frozen],
        "snapshots": list(found.snapshots),
        "damages": [output.damage(item) for item in damage_rows(found.facts, directory)],
    }
