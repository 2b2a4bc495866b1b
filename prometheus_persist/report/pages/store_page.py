"""A store at a glance: the rows and tables that ``status`` prints and a notebook shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_persist.recovery.facts import Damage
from prometheus_persist.report.pages.making import html_page
from prometheus_persist.report.pages.tables import Cell, Column, Toned, columns, table
from prometheus_persist.report.sections.standing import frozen_name, frozen_reason
from prometheus_persist.report.values import Say, ago, money, speaker, when
from prometheus_persist.state.names import DEAD
from prometheus_persist.state.store_facts import StoreFacts

Cells = tuple[Sequence[Column], Sequence[Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class StoreGlance:
    """What is shown: where, how it stands, what it holds. ``damages`` are in words already;
    ``now_ms`` 0 leaves out how long ago the last save was."""

    directory: str
    held: StoreFacts
    seq: int
    epoch: int
    last_save_ms: int
    records: int
    snapshots: tuple[str, ...] = ()
    damages: tuple[str, ...] = ()
    losses: tuple[Damage, ...] = ()
    now_ms: int = 0
    has_looked: bool = True


def store_rows(one: StoreGlance, say: Say) -> list[tuple[str, Toned]]:
    """Name and value of each line, the store's health first."""
    held = one.held
    rows = {
        "health": _health(one, say),
        "directory": Toned(one.directory, ""),
        "last_save": Toned(_last_save(one, say), ""),
        "equity": Toned(_equity(held, say), ""),
        "settled": Toned(_settled(held, say), ""),
        "agents": Toned(
            say("cli.status.agents", n=held.agents, alive=held.alive, dead=held.dead), ""
        ),
        "positions": Toned(str(held.keys), ""),
        "open_intents": Toned(str(held.open_intents), "dunno" if held.open_intents else ""),
        "frozen": Toned(
            say("report.comma").join(frozen_name(each, say) for each in held.frozen) or "-",
            "dunno" if held.frozen else "",
        ),
        "cycles": Toned(
            say("cli.status.cycles", n=f"{held.cycles:,}", hours=f"{held.runtime_hours:,.1f}"), ""
        ),
        "records": Toned(f"{one.records:,}", ""),
        "snapshots": Toned(_snapshots(one, say), ""),
    }
    return [(say(f"cli.row.{name}"), value) for name, value in rows.items() if value.text]


def store_tables(one: StoreGlance, say: Say) -> list[tuple[str, Cells]]:
    """A title and a table each: agents, positions, freezes, damages; without those that are
    empty."""
    held = one.held
    agents: list[list[Cell]] = [
        [
            each.agent_id,
            Toned(say("page.dead"), "dim") if each.state == DEAD else say("page.alive"),
            _amount(each.capital),
            _amount(each.pnl, signed=True),
            each.positions,
        ]
        for each in held.named
    ]
    positions: list[list[Cell]] = [[each.key, each.contracts, each.owners] for each in held.held]
    frozen: list[list[Cell]] = [
        [
            frozen_name(each, say),
            when(each.since_ms) if each.since_ms else "",
            frozen_reason(each, say),
        ]
        for each in held.frozen
    ]
    tables: list[tuple[str, list[Column], list[list[Cell]]]] = [
        (
            _titled("page.agents", held.agents, len(agents), say),
            columns(say, "..nnn", "", "page.state", "page.capital", "page.pnl", "page.positions"),
            agents,
        ),
        (
            _titled("page.held", held.keys, len(positions), say),
            columns(say, ".nn", "", "page.contracts", "page.holders"),
            positions,
        ),
        (say("cli.row.frozen"), columns(say, ".dt", "", "page.since", "page.cause"), frozen),
        (say("cli.row.damages"), columns(say, "t", ""), [[text] for text in one.damages]),
    ]
    return [(title, (heads, rows)) for title, heads, rows in tables if rows]


STORE = """\
{% extends "page" %}
{% block main %}
<h1>{{ title }}</h1>
{{ rows }}
{% for name, content in tables %}<h2>{{ name }}</h2>
{{ content }}
{% endfor %}
{% endblock %}
"""


def store_page(one: StoreGlance, lang: str) -> str:
    """The glance as a page; raises BadConfig without jinja2."""
    say = speaker(lang)
    return html_page(
        STORE,
        lang,
        title=say("cli.status"),
        rows=table([Column(), Column("", "t")], store_rows(one, say)),
        tables=[(title, table(*cells)) for title, cells in store_tables(one, say)],
    )


def _health(one: StoreGlance, say: Say) -> Toned:
    if one.losses:
        return Toned(say("cli.status.lost", n=len(one.losses)), "off")
    if any(not each.inst_id for each in one.held.frozen):
        return Toned(say("cli.status.all_frozen"), "dunno")
    if one.damages:
        return Toned(say("cli.status.damaged", n=len(one.damages)), "dunno")
    return Toned(say("cli.status.sound" if one.has_looked else "cli.status.open"), "ok")


def _last_save(one: StoreGlance, say: Say) -> str:
    told = {"time": when(one.last_save_ms), "seq": one.seq, "epoch": one.epoch}
    if not one.now_ms:
        return say("cli.status.saved", **told)
    return say("cli.status.saved_ago", ago=ago(one.now_ms - one.last_save_ms, say), **told)


def _equity(held: StoreFacts, say: Say) -> str:
    return say(
        "cli.status.equity",
        equity=_amount(held.equity),
        unrealised=_amount(held.unrealised, signed=True),
        pnl=_amount(held.pnl, signed=True),
    )


def _settled(held: StoreFacts, say: Say) -> str:
    if not held.settled:
        return ""
    return say("cli.status.settled", amount=_amount(held.settled), time=when(held.settled_ms))


def _snapshots(one: StoreGlance, say: Say) -> str:
    if not one.snapshots:
        return "-"
    return say("cli.status.snapshots", n=len(one.snapshots), newest=one.snapshots[-1])


def _titled(name: str, count: int, shown: int, say: Say) -> str:
    return say(name) if shown == count else say("page.first", title=say(name), n=shown, of=count)


def _amount(text: str, *, signed: bool = False) -> str:
    return text if text == "?" else money(text, signed=signed)
