"""Pure. WHO is right: views → compare → attribute → decide → plan.

Three books are laid side by side: every agent's private ledger, the public ledger, and what the
exchange says. Nothing here reads a clock, a file or a socket; every correction points at the rows
that prove it.
"""

from prometheus_persist.reconcile.apply import Applied, apply_plan
from prometheus_persist.reconcile.decide import reconcile
from prometheus_persist.reconcile.plan import (
    Case,
    Correction,
    Finding,
    Item,
    ItemVerdict,
    KeyBalance,
    Plan,
    Resolution,
    Verdict,
)
from prometheus_persist.reconcile.planjson import plan_to_json
from prometheus_persist.reconcile.views import (
    Books,
    Instrument,
    IntentLookup,
    SourceStatus,
    VenueAlgoOrder,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueView,
)

__all__ = [
    "Applied",
    "Books",
    "Case",
    "Correction",
    "Finding",
    "Instrument",
    "IntentLookup",
    "Item",
    "ItemVerdict",
    "KeyBalance",
    "Plan",
    "Resolution",
    "SourceStatus",
    "VenueAlgoOrder",
    "VenueFill",
    "VenueOrder",
    "VenuePosition",
    "VenueView",
    "Verdict",
    "apply_plan",
    "plan_to_json",
    "reconcile",
]
