"""``python -m chaos.sweeps.recovery_child STORE URL``: one recovery on real files, killed on time.

``--fault`` as ``faults.seam`` reads it, ``--request before:N`` or ``after:N``. Exit code 0 where
nothing struck: the library's own decision is not its business.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from chaos.faults import FaultyFs, parse_fault
from chaos.faults.wire import WireSwitch
from chaos.sweeps.outage_fixture import SETTINGS, TIMEOUT_MS
from chaos.workload.clients import client_of
from chaos.workload.clocks import VenueClock
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.session import Session
from prometheus_persist.storage.fs import LocalFs


def main(argv: Sequence[str] | None = None) -> int:
    """One recovery."""
    parser = argparse.ArgumentParser(
        prog="python -m chaos.sweeps.recovery_child", description=__doc__
    )
    parser.add_argument("store", type=Path)
    parser.add_argument("url")
    parser.add_argument("--ahead-ms", type=int, default=0)
    parser.add_argument("--fault", type=parse_fault)
    parser.add_argument("--request", default="before:0")
    args = parser.parse_args(argv)
    clock = VenueClock(args.ahead_ms)
    moment, _, number = args.request.partition(":")
    wire = WireSwitch(int(number), moment, die=_killed)
    session = Session.open(
        args.store,
        fs=FaultyFs(LocalFs(args.store), args.fault),
        clock=clock,
        settings=SETTINGS,
    )
    session.wait()
    session.recover(OkxReader(wire.onto(client_of(args.url, TIMEOUT_MS)), clock))
    session.checkpoint()
    session.close()
    return 0


def _killed(_where: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # the signal is on its way


if __name__ == "__main__":
    raise SystemExit(main())
