"""Shell. WHEN and how it is saved: triggers, the saver, order intents and their gate, signals."""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.saving.admission import Admission
    from prometheus_persist.saving.attached import Attached
    from prometheus_persist.saving.gate import IntentGate, OrderTerms
    from prometheus_persist.saving.intents import IntentHandle
    from prometheus_persist.saving.saver import Saver
    from prometheus_persist.saving.signals import StopRequest, stop_on_signals
    from prometheus_persist.saving.triggers import SaveAction, Trigger, actions_due
    from prometheus_persist.storage.store import Observer
else:
    __getattr__ = exports(
        {
            "SaveAction": "prometheus_persist.saving.triggers",
            "Admission": "prometheus_persist.saving.admission",
            "Attached": "prometheus_persist.saving.attached",
            "IntentGate": "prometheus_persist.saving.gate",
            "IntentHandle": "prometheus_persist.saving.intents",
            "OrderTerms": "prometheus_persist.saving.gate",
            "Observer": "prometheus_persist.storage.store",
            "Saver": "prometheus_persist.saving.saver",
            "StopRequest": "prometheus_persist.saving.signals",
            "Trigger": "prometheus_persist.saving.triggers",
            "actions_due": "prometheus_persist.saving.triggers",
            "stop_on_signals": "prometheus_persist.saving.signals",
        }
    )

__all__ = [
    "Admission",
    "Attached",
    "IntentGate",
    "IntentHandle",
    "Observer",
    "OrderTerms",
    "SaveAction",
    "Saver",
    "StopRequest",
    "Trigger",
    "actions_due",
    "stop_on_signals",
]
