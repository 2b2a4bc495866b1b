"""Rows on saving one trade: fresh store, each kind of mirror, beside the peers; and under load."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chaos.bench.context import Options
from chaos.bench.host import Host, HostTrade, payloads
from chaos.bench.peers import JsonFiles, Lmdb, Peer, Pickle, Raw, Sqlite, SqliteJob, missing
from chaos.bench.race import Contestant, Race, run_race
from chaos.bench.table import BenchRow, RequiredBar, TableLine, ratio, timed_line
from prometheus_persist.journal.change import Change
from prometheus_persist.storage.committer import MirrorSync

AGENTS = 10
PAYLOADS = 512
MIRRORS: tuple[MirrorSync, ...] = ("off", "behind", "ack")
SAVE_RATIO_MAX = 1.6
SQLITE_RATIO_MAX = 0.9
MIRROR_RATIO_MAX = 1.35
TAIL_MS_MAX = 100.0
_LOAD = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
block = os.urandom(256 * 1024)
while os.getppid() == int(sys.argv[2]):  # nobody is left to end it: it ends itself
    for number in range(64):
        os.pwrite(file, block, number * len(block))
        os.fsync(file)
"""


def saving_rows(options: Options) -> Iterator[list[BenchRow]]:
    """One race for all of: no mirror, mirror behind, mirror acknowledged, and the peers."""
    with ExitStack() as stack:
        contestants = _contestants(options, stack)
        while True:
            yield _saved(run_race(contestants, options.seconds))


def _saved(race: Race) -> list[BenchRow]:
    lines = {name: timed_line(name, samples) for name, samples in race.samples.items()}
    lines.setdefault("lmdb", TableLine("lmdb", why_not="not_installed:lmdb"))
    peers = ("raw_given", "raw_grown", "sqlite_job", "sqlite", "lmdb", "json_files", "pickle")
    notes = collector_notes(race)
    return [
        _row("save", lines, ("trade_off", *peers), SAVE_RATIO_MAX, notes),
        _row("commit", lines, ("commit_off", "raw_given", "sqlite"), None, notes),
        _row("mirror", lines, ("trade_behind", "commit_behind", "raw_given"), MIRROR_RATIO_MAX),
        _row("ack", lines, ("trade_ack", "commit_ack", "raw_given"), None),
    ]


def _row(
    row_id: str,
    lines: dict[str, TableLine],
    names: tuple[str, ...],
    limit: float | None,
    notes: tuple[str, ...] = (),
) -> BenchRow:
    subject = lines[names[0]]
    checks: tuple[RequiredBar, ...] = ()
    if limit is not None:
        checks = ratio("to_raw", subject, lines["raw_given"], "<=", limit)
    if "sqlite_job" in names and limit is not None:
        checks += ratio("to_job", subject, lines["sqlite_job"], "<", SQLITE_RATIO_MAX)
    return BenchRow(
        row_id,
        lines=[lines[name] for name in names],
        checks=checks,
        notes=notes,
        base="raw_given",
    )


def _contestants(options: Options, stack: ExitStack) -> list[Contestant]:
    folder = options.place("saving")
    scratch = Host(options.place("saving/scratch"), AGENTS)
    stack.callback(scratch.close)
    frames = list(payloads(scratch, PAYLOADS))
    found = []
    peers: dict[str, Peer] = {
        "raw_given": Raw(folder, scratch, frames, given=True),
        "raw_grown": Raw(folder, scratch, frames, given=False),
        "sqlite": Sqlite(folder, scratch, frames),
        "sqlite_job": SqliteJob(folder, scratch),
        "json_files": JsonFiles(folder, scratch),
        "pickle": Pickle(folder, scratch),
    }
    if not missing("lmdb"):
        peers["lmdb"] = Lmdb(folder, scratch, frames)
    for name, peer in peers.items():
        stack.callback(peer.close)
        found.append(Contestant(name, peer.prepare, peer.save))
    for mirror in MIRRORS:
        host = Host(options.place(f"saving/{mirror}"), AGENTS, mirror)
        stack.callback(host.close)
        found += [saving(f"trade_{mirror}", host), committing(f"commit_{mirror}", host)]
    return found


def saving(name: str, host: Host, agent: str = "") -> Contestant:
    """Book, then save from typed state to disk."""
    waiting: list[HostTrade] = []

    def prepare() -> None:
        waiting.append(host.trade(agent))

    def save() -> None:
        host.save(waiting.pop())

    return Contestant(name, prepare, save, host.settle)


def committing(name: str, host: Host) -> Contestant:
    """Book and capture, then commit the finished change."""
    waiting: list[Change] = []

    def prepare() -> None:
        waiting.append(host.change_of(host.trade()))

    def commit() -> None:
        host.store.commit(waiting.pop())

    return Contestant(name, prepare, commit, host.settle)


def load_row(options: Options) -> Iterator[list[BenchRow]]:
    """The tail of a durable save while another process keeps the disk busy."""
    folder = options.place("load")
    host = Host(options.place("load/host"), AGENTS)
    raw = Raw(folder, host, list(payloads(host, PAYLOADS)), given=True)
    try:
        contestants = [saving("trade_load", host), Contestant("raw_load", raw.prepare, raw.save)]
        while True:
            with disk_load(folder / "noise"):
                race = run_race(contestants, options.seconds * 2)
            yield [_loaded(race)]
    finally:
        raw.close()
        host.close()


def _loaded(race: Race) -> BenchRow:
    lines = [timed_line(name, race.samples[name]) for name in ("trade_load", "raw_load")]
    checks: list[RequiredBar] = []
    notes = list(collector_notes(race))
    subject, peer = (line.times for line in lines)
    if subject is not None and peer is not None:
        checks = [RequiredBar("tail_ms", subject.p999_ns / 1e6, "<", TAIL_MS_MAX, "ms")]
        if peer.p999_ns / 1e6 >= TAIL_MS_MAX:
            notes.append("disk_too_slow")
    return BenchRow("load", lines=lines, checks=checks, notes=notes, base="raw_load")


@contextmanager
def disk_load(path: Path) -> Iterator[int]:
    """A process that writes and syncs 256 KiB blocks without pause; gives its pid."""
    command = [sys.executable, "-c", _LOAD, str(path), str(os.getpid())]
    process = subprocess.Popen(  # noqa: S603 our own interpreter and our own code
        command,
        process_group=0,  # Ctrl+C is for this process, which ends it
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def collector_notes(race: Race) -> tuple[str, ...]:
    """What the garbage collector did while the clock ran."""
    return (f"gc:{race.pauses}:{race.longest_pause_ns / 1e6:.1f}",)
