"""Pure. WHO is right: views → compare → attribute → decide → plan.

Three books are laid side by side: every agent's private ledger, the public ledger, and what the
exchange says. Nothing here reads a clock, a file or a socket; every correction points at the rows
that prove it.
"""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.reconcile.apply import Applied, apply_plan
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
    from prometheus_persist.reconcile.plan_json import plan_to_json
    from prometheus_persist.reconcile.reconciler import reconcile
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
else:
    __getattr__ = exports(
        {
            "Applied": "prometheus_persist.reconcile.apply",
            "Books": "prometheus_persist.reconcile.views",
            "Case": "prometheus_persist.reconcile.plan",
            "Correction": "prometheus_persist.reconcile.plan",
            "Finding": "prometheus_persist.reconcile.plan",
            "Instrument": "prometheus_persist.reconcile.views",
            "IntentLookup": "prometheus_persist.reconcile.views",
            "Item": "prometheus_persist.reconcile.plan",
            "ItemVerdict": "prometheus_persist.reconcile.plan",
            "KeyBalance": "prometheus_persist.reconcile.plan",
            "Plan": "prometheus_persist.reconcile.plan",
            "Resolution": "prometheus_persist.reconcile.plan",
            "SourceStatus": "prometheus_persist.reconcile.views",
            "VenueAlgoOrder": "prometheus_persist.reconcile.views",
            "VenueFill": "prometheus_persist.reconcile.views",
            "VenueOrder": "prometheus_persist.reconcile.views",
            "VenuePosition": "prometheus_persist.reconcile.views",
            "VenueView": "prometheus_persist.reconcile.views",
            "Verdict": "prometheus_persist.reconcile.plan",
            "apply_plan": "prometheus_persist.reconcile.apply",
            "plan_to_json": "prometheus_persist.reconcile.plan_json",
            "reconcile": "prometheus_persist.reconcile.reconciler",
        }
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
