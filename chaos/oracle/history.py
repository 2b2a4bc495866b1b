"""Which state is due at which sequence, from what the child said and nothing else.

Every commit was said in full before its first byte was written. Replaying those changes up to a
sequence gives the state that a restore of that sequence has to return, exactly. A frame that only
opens a segment carries a sequence and no change, so the state due at R is that of the last commit
at or before R.

A child that was killed may have begun one commit that was never acknowledged: it may be there or
not, but nothing beyond it, and never a part of it. Once somebody has looked at the store of a dead
writer, commits beyond what was found are struck from the history, unless they were acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos.digest import JsonObject, fingerprint
from chaos.record import Record

Streams = dict[str, list[JsonObject]]


@dataclass(slots=True)
class State:
    """Documents and streams."""

    documents: dict[str, JsonObject] = field(default_factory=dict)
    streams: Streams = field(default_factory=dict)

    def change(self, change: JsonObject) -> None:
        """Take one commit in."""
        self.documents.update(change.get("put", {}))
        for key in change.get("del", ()):
            self.documents.pop(key, None)
        for name, records in change.get("add", {}).items():
            self.streams.setdefault(name, []).extend(records)


@dataclass(frozen=True, slots=True)
class Look:
    """One time that somebody looked at a restored state.

    ``lost`` acknowledged commits that were not there; ``ahead`` commits that were there without
    having been acknowledged; ``differences`` documents and streams that are not as they are due.
    """

    label: str
    run: int
    seq: int
    acked: int
    ahead: int
    lost: int
    differences: tuple[str, ...]
    agents_due: int
    agents_exact: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The child held one thing and the library saved another."""

    seq: int
    keys: tuple[str, ...]


@dataclass(slots=True)
class AckHistory:
    """The commits in force, the last acknowledged one, and everything that was looked at."""

    commits: list[tuple[int, JsonObject]] = field(default_factory=list)
    acked: int = 0
    looks: list[Look] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)
    helds: int = 0

    def at(self, seq: int) -> State:
        """The state due at a sequence."""
        state = State()
        for number, change in self.commits:
            if number <= seq:
                state.change(change)
        return state

    def take(self, event: JsonObject) -> None:
        """The next event of the record."""
        name = event["event"]
        if name == "begin":
            self.commits.append((event["seq"], event["change"]))
        elif name == "durable":
            self.acked = max(self.acked, event["seq"])
        elif name == "opened":
            self._strike(event["restore"]["seq"])
        elif name == "dump":
            self._look(event, event["label"], event.get("streams"))
            if not event.get("problem"):
                self._strike(event["seq"])
        elif name == "woke":
            self._look(event, f"child {event['run']} woke", None)
        elif name == "held":
            self._held(event)

    def _strike(self, seq: int) -> None:
        """The writer is dead and the store ends at ``seq``: what lies beyond never happened."""
        kept = max(seq, self.acked)
        self.commits = [commit for commit in self.commits if commit[0] <= kept]

    def _look(self, event: JsonObject, label: str, streams: Streams | None) -> None:
        run = event["run"]
        if event.get("problem"):
            due = self.at(self.acked)
            agents = _agents(due)
            self.looks.append(
                Look(label, run, 0, self.acked, 0, 0, (), len(agents), 0, event["problem"])
            )
            return
        seq = event["seq"]
        due = self.at(seq)
        found = event["documents"]
        wrong = _unequal(due.documents, found)
        if streams is not None:
            wrong += [f"stream {name}" for name in _unequal(due.streams, streams)]
        agents = _agents(due)
        exact = sum(not _touched(agent, wrong) for agent in agents)
        numbers = [number for number, _ in self.commits]
        self.looks.append(
            Look(
                label,
                run,
                seq,
                self.acked,
                ahead=sum(self.acked < number <= seq for number in numbers),
                lost=sum(seq < number <= self.acked for number in numbers),
                differences=tuple(wrong),
                agents_due=len(agents),
                agents_exact=exact if seq >= self._last_acked_commit(numbers) else 0,
            )
        )

    def _last_acked_commit(self, numbers: list[int]) -> int:
        return max((number for number in numbers if number <= self.acked), default=0)

    def _held(self, event: JsonObject) -> None:
        self.helds += 1
        due = {key: fingerprint(item) for key, item in self.at(event["seq"]).documents.items()}
        said: dict[str, str] = event["hashes"]
        keys = set(said) | set(due) if event["whole"] else {*said, *event.get("gone", ())}
        wrong = sorted(key for key in keys if said.get(key) != due.get(key))
        if wrong:
            self.mismatches.append(Mismatch(event["seq"], tuple(wrong)))


def history(record: Record) -> AckHistory:
    """The whole record, replayed."""
    found = AckHistory()
    for event in record.events:
        found.take(event)
    return found


def _agents(state: State) -> list[str]:
    return [key.partition("/")[2] for key in state.documents if key.startswith("agents/")]


def _touched(agent: str, wrong: list[str]) -> bool:
    return any(key.endswith(f"/{agent}") for key in wrong)


def _unequal(due: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return sorted(key for key in due.keys() | found.keys() if due.get(key) != found.get(key))
