"""I3: damage is repaired or named, never silent.

After every damage, the next look at the store has to name the file. A file that was deleted leaves
no trace where nothing vouches for it (a snapshot); there, that the state is whole is enough.
"""

from __future__ import annotations

from chaos.digest import JsonObject
from chaos.record import Record
from chaos.verdict import RunVerdict


def check(verdict: RunVerdict, record: Record) -> None:
    """Pair every damage with the look that follows it."""
    waiting: list[JsonObject] = []
    wrong: list[str] = []
    done = 0
    for event in record.events:
        if event["event"] == "damage":
            waiting.append(event)
        elif event["event"] == "dump" and waiting:
            named = [item["file"] for item in event.get("damages", ())]
            for damage in waiting:
                done += 1
                silent = damage["what"]["kind"] == "delete" and "snapshot" in damage["path"]
                if damage["path"] not in named and not silent and not event.get("problem"):
                    wrong.append(f"{damage['path']} ({damage['what']['kind']}) was not named")
            waiting = []
    wrong += [f"{damage['path']}: nobody looked after it" for damage in waiting]
    verdict.check("I3", "damage is repaired and named by file", done, wrong)
