"""Two outages, timed in a fresh process: what the goals of recovery are measured on.

``nine_hours``: ten agents, 3,450 trades behind them, nine hours in which nobody looks and forty
things happen. ``crowd``: a hundred agents on one net position, ten thousand executions while the
trader is dead. The exchange is a fakeokx that refuses what OKX's own limits refuse.
"""

from chaos.outage.course import OUTAGES, Outage, OutageResult, all_well, run_outage
from chaos.outage.table import show

__all__ = ["OUTAGES", "Outage", "OutageResult", "all_well", "run_outage", "show"]
