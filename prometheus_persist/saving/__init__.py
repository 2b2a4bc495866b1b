"""Shell. WHEN and how it is saved: triggers, the saver, order intents and their gate, signals."""

from prometheus_persist.saving.intents import IntentGate, IntentHandle
from prometheus_persist.saving.saver import Saver
from prometheus_persist.saving.signals import StopRequest, stop_on_signals
from prometheus_persist.saving.triggers import Action, Trigger, actions_due
from prometheus_persist.storage.store import Observer

__all__ = [
    "Action",
    "IntentGate",
    "IntentHandle",
    "Observer",
    "Saver",
    "StopRequest",
    "Trigger",
    "actions_due",
    "stop_on_signals",
]
