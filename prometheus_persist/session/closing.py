"""How a session is closed: saved, its readable files renewed, everything given back."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_persist.saving import IntentGate, Saver, Trigger
from prometheus_persist.session.background import Beside
from prometheus_persist.storage.store import Store


def closed(
    store: Store,
    gate: IntentGate,
    saver: Saver,
    beside: Beside,
    let_go: Callable[[], None],
    *,
    save: bool,
) -> None:
    """Wait for what is done beside the loop; what failed there is raised once all is let go."""
    gate.shut("the session is closed")
    try:
        try:
            if save:
                saver.save(Trigger.EXIT)
        except BaseException:
            store.latches.let_go()  # a thread that is waited for below would wait for them
            raise
        finally:
            beside.wait()
        if save:
            store.checkpoint(alone=True)
    except BaseException as problem:
        for other in beside.take_failed():
            problem.add_note(f"and {other!r}")
        raise
    finally:
        let_go()
    beside.raise_failed()
