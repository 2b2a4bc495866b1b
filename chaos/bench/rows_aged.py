"""Rows on age: the same save on a fresh store, among many agents, and on a long ledger."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.bench.context import Options
from chaos.bench.host import Host
from chaos.bench.race import Contestant, Race, run_race
from chaos.bench.rows_saving import collector_notes, saving
from chaos.bench.table import BenchRow, ratio, timed_line
from prometheus_persist.saving import Trigger

AGENTS = 10
AGED_RATIO_MAX = 1.3
LOOKING = 0.2  # of the time of the others: a look at 10,000 agents is one block


def aged_rows(options: Options) -> Iterator[list[BenchRow]]:
    """One race of three stores: fresh, with many agents, with a long ledger.

    In each, one agent trades and that trade is saved. Beside them, without a bar, the save of a
    host that does not say what it touched, where everything is looked at.
    """
    scale = options.scale
    hosts: dict[str, Host] = {}
    try:
        hosts["fresh"] = Host(options.place("aged/fresh"), AGENTS)
        hosts["many_agents"] = Host(options.place("aged/agents"), scale.agents)
        hosts["long_ledger"] = Host(options.place("aged/ledger"), AGENTS)
        hosts["long_ledger"].add_records(scale.records)
        contestants = [saving(name, host, host.names[0]) for name, host in hosts.items()]
        looking = [_looking(f"{name}_all", hosts[name]) for name in ("fresh", "many_agents")]
        while True:
            race = run_race(contestants, options.seconds)
            race.samples |= run_race(looking, options.seconds * LOOKING).samples
            yield _rows_of(options, race)
    finally:
        for host in hosts.values():
            host.close()


def _rows_of(options: Options, race: Race) -> list[BenchRow]:
    scale = options.scale
    lines = {name: timed_line(name, samples) for name, samples in race.samples.items()}
    params = {"agents": f"{scale.agents:,}", "records": f"{scale.records:,}"}
    notes = collector_notes(race)
    return [
        BenchRow(
            row_id,
            params=params,
            lines=[lines[name] for name in names],
            checks=ratio("to_fresh", lines[names[0]], lines["fresh"], "<=", AGED_RATIO_MAX),
            notes=notes,
            base="fresh",
        )
        for row_id, names in (
            ("aged_agents", ("many_agents", "fresh", "many_agents_all", "fresh_all")),
            ("aged_ledger", ("long_ledger", "fresh")),
        )
    ]


def _looking(name: str, host: Host) -> Contestant:
    """Book one agent's trade, then save whatever changed."""

    def save() -> None:
        host.session.save(Trigger.TRADE)

    def prepare() -> None:
        host.trade(host.names[0])

    return Contestant(name, prepare, save, host.settle)
