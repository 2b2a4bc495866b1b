"""Saving and restoring for pytest-benchmark. Plain tests unless ``--benchmark-enable`` is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.bench.host import Host
from prometheus_persist.recovery import restore
from prometheus_persist.storage.committer import MirrorSync
from prometheus_persist.storage.fs import LocalFs


@pytest.fixture(params=["off", "behind", "ack"])
def host(request, tmp_path: Path) -> Iterator[Host]:
    mirror: MirrorSync = request.param
    made = Host(tmp_path, 10, mirror)
    yield made
    made.close()


def test_benchmark_save_of_one_trade(benchmark, host: Host) -> None:
    """Typed state to disk, durable on return."""
    before = host.session.seq
    benchmark.pedantic(host.save, setup=lambda: ((host.trade(),), {}), rounds=500)
    assert host.session.seq > before


def test_benchmark_commit_of_a_ready_change(benchmark, host: Host) -> None:
    """The same trade without capturing it."""
    before = host.session.seq
    benchmark.pedantic(
        host.store.commit, setup=lambda: ((host.change_of(host.trade()),), {}), rounds=500
    )
    assert host.session.seq > before


def test_benchmark_restore_of_a_small_store(benchmark, tmp_path: Path) -> None:
    """10 agents, 3,450 records."""
    host = Host(tmp_path, 10)
    host.add_records(3_450)
    digest = host.session.digest()
    host.close()
    found = benchmark.pedantic(lambda: restore(LocalFs(tmp_path)), rounds=20)
    assert found.image.digest() == digest
