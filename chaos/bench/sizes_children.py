"""The processes of ``bench --sizes``: each prints nanoseconds that passed, nanoseconds of processor
time (all of its threads), and its own peak of memory in bytes."""

from __future__ import annotations

_PEAK = """
import sys, time
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
def took(since):
    return time.monotonic_ns() - since[0], time.process_time_ns() - since[1]
def now():
    return time.monotonic_ns(), time.process_time_ns()
"""

GROWN = """
import sys
from pathlib import Path
from chaos.bench.host import Host
host = Host(Path(sys.argv[1]), int(sys.argv[2]))
host.add_trades(int(sys.argv[3]))
last_ms = host.store.image.streams["public_trades"][-1]["ts_ms"]
cash = host.state.account_cash.model_copy(update={"bills_ms": last_ms - 1000})
host.state.account_cash = cash  # it was reconciled a while ago
host.session.save("bench")
host.close()
"""

CLOSE = (
    _PEAK
    + """
from prometheus_persist.session import Session
session = Session.open(sys.argv[1])
since = now()
session.close()
print(*took(since), peak())
"""
)

SNAPSHOT = (
    _PEAK
    + """
from prometheus_persist.session import Session
session = Session.open(sys.argv[1])
since = now()
session.snapshot()
print(*took(since), peak())
session.close(save=False)
"""
)

OPEN = (
    _PEAK
    + """
import statistics
from decimal import Decimal
from prometheus_persist.session import Session
since = now()
session = Session.open(sys.argv[1])
opened, high = took(since), peak()
each = []
for number, name in enumerate(list(session.state.agents)[:200]):
    agent = session.state.agents[name]
    money = agent.current_capital + Decimal(number + 1)
    session.state.agents[name] = agent.model_copy(update={"current_capital": money})
    since = now()
    session.on_trade(name)
    each.append(took(since))
print(*opened, high, *(round(statistics.median(part)) for part in zip(*each)))
session.close(save=False)
"""
)

RECOVER = (
    _PEAK
    + """
from prometheus_persist.session import Session
since = now()
session = Session.open(sys.argv[1])
session.recover(None)
print(*took(since), peak())
session.close(save=False)
"""
)

COMMAND = (
    _PEAK
    + """
import io, os
from prometheus_persist.cli import main
store, words = sys.argv[1], sys.argv[2:]
sys.argv = ["prometheus-persist", *words, "--dir", store, "--json"]
told, sys.stdout = sys.stdout, io.StringIO()
code = 0
try:
    main()
except SystemExit as ended:
    code = ended.code or 0
sys.stdout = told
print(*now(), peak())
sys.exit(code)
"""
)
