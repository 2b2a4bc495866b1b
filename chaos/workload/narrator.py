"""What the child says about itself: every commit, every acknowledgement, every order.

It is the library's ``Observer``. In full detail each commit is said with its whole content, before
the first byte is written; the oracle replays that. In digest detail (kill sweeps with thousands of
children) only the digest of the state after the commit is said; the same fold, done in the child.

``held`` is the other half: after a save returned, the child dumps its own live objects, those that
the save was about, and says the hash of each, which of them are gone, and the content of those that
changed since. Library and child must agree on what was saved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

from chaos.digest import Fold, JsonObject, fingerprint
from chaos.record import Voice
from prometheus_persist.state import SystemState, to_documents


def plainly(value: object) -> Any:
    """Facts as JSON: dataclasses become objects that name their class, other values text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: plainly(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
        return {"is": type(value).__name__, **fields}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plainly(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: plainly(item) for key, item in value._asdict().items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plainly(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


class Speaker(Protocol):
    """Where the words go: a record's voice, or a test's list."""

    def say(self, event: str, **fields: Any) -> None:
        """One event."""
        ...


class Narrator:
    """Observer of one session, and the mouth of its workload."""

    def __init__(self, voice: Voice | Speaker, *, fold: Fold | None = None) -> None:
        """``fold`` given: digest detail, starting from the state it holds."""
        self.say = voice.say
        self._fold = fold
        self._seen: dict[str, JsonObject] = {}

    def begin(self, seq: int, change: JsonObject) -> None:
        """A commit is about to be written."""
        if self._fold is None:
            self.say("begin", seq=seq, change=change)
            return
        self._fold.change(change)
        self.say("begin", seq=seq, why=change.get("why"), digest=self._fold.value())

    def durable(self, seq: int, elapsed_s: float) -> None:
        """It was acknowledged."""
        self.say("durable", seq=seq, elapsed_s=elapsed_s)

    def held(
        self,
        seq: int | None,
        state: SystemState,
        took_s: float,
        why: str,
        owner: str | None = None,
        order: str | None = None,
    ) -> None:
        """A save returned after ``took_s`` by the child's own watch.

        ``owner`` names the one agent that the save was about; without it, it was about everything.
        ``order`` names the order that it settled with its agent.
        """
        if self._fold is not None:
            self.say("held", seq=seq, took_s=took_s, why=why)
            return
        documents = to_documents(state)
        gone: list[str] = []
        if owner is not None:
            about = _about(owner, order)
            documents = {key: item for key, item in documents.items() if key in about}
            gone = [key for key in about if key not in documents]
        changed = {key: item for key, item in documents.items() if self._seen.get(key) != item}
        self._seen.update(documents)
        self.say(
            "held",
            seq=seq,
            took_s=took_s,
            why=why,
            whole=owner is None,
            gone=gone,
            hashes={key: fingerprint(item) for key, item in documents.items()},
            changed=changed,
        )

    def woke(self, seq: int, state: SystemState) -> None:
        """The typed state as it came back, before anything else happened to it."""
        self._seen = to_documents(state)
        self.say("woke", seq=seq, documents=self._seen)


def _about(agent_id: str, order: str | None) -> tuple[str, ...]:
    """What a save about one agent, or about one of its orders, has to hold."""
    families = ("agents", "private_ledgers", "public_accounts")
    orders = () if order is None else (f"intents/{order}", "watermark")
    return (*(f"{family}/{agent_id}" for family in families), *orders)
