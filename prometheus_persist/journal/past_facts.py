"""The kept past of a store, gathered commit by commit for whoever looks at it (``explore``).

Pure: it is told of bases, openings, commits and of what cannot be shown, in their order, and keeps
of them no more than a page can hold, however long the past is:

- ``AGENTS_MAX`` agents with a picture: those that hold or held positions first, then those whose
  equity moved most; the others are counted. Equity of all together is always there.
- A curve has at most ``POINTS_MAX`` points. Of a longer one, the first, the last, the lowest and
  the highest of each stretch of time stay: no peak and no fall is lost, nothing is averaged.
- ``KEYS_MAX`` instruments of an agent, those that moved most; the newest ``MARKS_MAX`` marks.
- ``COMMITS_MAX`` commits with their changes: every one that opened a life of the store, applied a
  reconciliation, shut or lifted a freeze or told of a death, then the newest, then every so many of
  the older ones. Of each at most ``CHANGES_MAX`` fields, and how many more there were.

What is shown of a field. A host may keep anything in its documents, so only values of fields that
this library itself defines are shown (``VALUES``); of every other field, its name. Text passes
``redacted``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.money import ZERO, add, sub
from prometheus_persist.state.names import DEAD
from prometheus_persist.state.redacted import redacted
from prometheus_persist.state.store_facts import Documents, amount_of, positions_of

AGENTS_MAX, KEYS_MAX, MARKS_MAX = 40, 4, 300
POINTS_MAX, COMMITS_MAX, CHANGES_MAX = 400, 1500, 12
TOLD_CHARS_MAX = 120
Point = tuple[int, Decimal]

_RECORD = (
    "total_pnl", "win_rate", "trade_count", "close_count", "win_count", "consecutive_wins",
    "consecutive_losses", "max_consecutive_losses",
)  # fmt: skip
_BOOK = ("capital", "positions", "unrealized_pnl", "version", *_RECORD)
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "agents": (
        "state", "current_capital", "initial_capital", *_RECORD, "days_alive", "trading_level",
        "death_reason",
    ),
    "private_ledgers": _BOOK,
    "public_accounts": _BOOK,
    "intents": (
        "agent_id", "inst_id", "side", "qty_contracts", "kind", "ord_type", "px", "trigger_px",
        "reduce_only", "outcome", "ord_id", "booked_contracts",
    ),
    "watermark": ("fills_ms",),
    "supervisor": ("system_cycle_count", "total_runtime_hours"),
    "freeze": ("everything", "instruments"),
    "unattributed": ("positions",),
    "account_cash": ("ccy", "settled", "reserve", "bill_seen", "bills_ms"),
}  # fmt: skip
_RANK = {family: place for place, family in enumerate(VALUES)}
KEPT = frozenset({"created", "reconcile", "death", "frozen", "unfrozen", "exit"})
"""Reasons of commits that are never left out."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one document; values as text, "" for none, None where only its name is shown."""

    key: str
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ToldCommit:
    """One commit with what it changed; ``more`` fields are not in ``changes``."""

    seq: int
    time_ms: int
    epoch: int
    why: str
    changes: tuple[FieldChange, ...]
    added: tuple[tuple[str, int], ...]
    more: int


@dataclass(frozen=True, slots=True)
class PastMark:
    """Something to be seen on the line of time: ``opened`` (a life of the store begins), ``ended``
    (the life before it ended without a closing save), ``recovered`` (the first reconciliation that
    was applied after it), ``closed``, ``reconcile``, ``death``, ``frozen``, ``unfrozen``."""

    kind: str
    time_ms: int
    seq: int
    epoch: int
    about: str = ""


@dataclass(frozen=True, slots=True)
class UnshownPart:
    """Commits that cannot be shown, and from when to when; why, as the library says it."""

    first: int
    last: int
    from_ms: int
    to_ms: int
    why: str


@dataclass(slots=True)
class Thinned:
    """A curve of bounded size (see the module)."""

    points: list[Point] = field(default_factory=list)
    limit: int = POINTS_MAX
    ever: int = 0

    def put(self, time_ms: int, value: Decimal) -> None:
        """The value from this time on; nothing where it is the same still."""
        if self.points and self.points[-1][1] == value:
            return
        self.ever += 1
        self.points.append((time_ms, value))
        if len(self.points) > 2 * self.limit:
            self.points = thinned(self.points, self.limit)

    def final(self) -> list[Point]:
        """The points, as many as may be."""
        return self.points if len(self.points) <= self.limit else thinned(self.points, self.limit)

    @property
    def span(self) -> Decimal:
        """From the lowest to the highest."""
        values = [value for _, value in self.points] or [ZERO]
        return sub(max(values), min(values))


def thinned(points: list[Point], limit: int) -> list[Point]:
    """Of each of ``limit`` / 4 stretches of time the first, lowest, highest and last point."""
    begin, end = points[0][0], points[-1][0]
    stretches = max(limit // 4, 1)
    groups: dict[int, list[Point]] = {}
    for point in points:
        place = (point[0] - begin) * stretches // (end - begin + 1)
        groups.setdefault(place, []).append(point)
    found: list[Point] = []
    for group in groups.values():
        values = [value for _, value in group]
        peaks = (values.index(min(values)), values.index(max(values)))
        places = {0, len(group) - 1, *peaks}
        found += [group[place] for place in sorted(places)]
    return found


@dataclass(slots=True)
class AgentTrack:
    """One agent through time: equity, and contracts by key (short below zero)."""

    agent_id: str
    equity: Thinned = field(default_factory=Thinned)
    held: dict[str, Thinned] = field(default_factory=dict)
    state: str = ""


@dataclass(frozen=True, slots=True)
class PastFacts:
    """All that is shown. ``agents_ever`` and ``commits_ever`` count what was there; ``unshown`` is
    what is not, and ``problems`` says what else was wrong; ``is_whole``: nothing is lost."""

    from_ms: int
    to_ms: int
    first_seq: int
    last_seq: int
    total: tuple[Point, ...]
    agents: tuple[AgentTrack, ...]
    agents_ever: int
    commits: tuple[ToldCommit, ...]
    commits_ever: int
    marks: tuple[PastMark, ...]
    marks_ever: int
    down: tuple[tuple[int, int], ...]
    unshown: tuple[UnshownPart, ...]
    problems: tuple[str, ...]
    is_whole: bool


class PastCollector:
    """Told of everything in its order; ``facts`` then has what is kept of it."""

    def __init__(self) -> None:
        self._tracks: dict[str, AgentTrack] = {}
        self._worth: dict[str, Decimal] = {}
        self._total = Thinned(limit=2 * POINTS_MAX)
        self._sum = ZERO
        self._commits = _KeptCommits()
        self._marks: list[PastMark] = []
        self._down: list[tuple[int, int]] = []
        self._unshown: list[UnshownPart] = []
        self._epoch = self._last_seq = self._last_ms = self._first_seq = self._from_ms = 0
        self._last_why = ""
        self._recovers = False

    def base(self, documents: Documents, seq: int, time_ms: int, epoch: int, why: str) -> None:
        """The past goes on from here; where it was interrupted, what is between is not shown."""
        if self._last_seq and seq > self._last_seq:
            gap = UnshownPart(self._last_seq + 1, seq, self._last_ms, time_ms, why)
            self._unshown.append(gap)
            self._epoch, self._last_why = epoch, ""
        elif not self._last_seq:
            self._epoch, self._first_seq, self._from_ms = epoch, seq + 1, time_ms
        for name in list(self._worth):
            if f"agents/{name}" not in documents:
                self._gone(name, time_ms)
        for key in documents:
            if key.startswith("agents/"):
                self._looked(key.removeprefix("agents/"), documents, time_ms)
        self._total.put(time_ms, self._sum)
        self._last_seq, self._last_ms = seq, time_ms

    def opened(self, seq: int, epoch: int, time_ms: int) -> None:
        """A segment was begun; a life of the store, where its epoch is new."""
        if epoch != self._epoch:
            if self._last_why and self._last_why != "exit":
                ended = PastMark("ended", self._last_ms, self._last_seq, self._epoch)
                self._marks.append(ended)
            self._recovers = bool(self._last_why)
            if self._last_why:
                self._down.append((self._last_ms, time_ms))
            self._marks.append(PastMark("opened", time_ms, seq, epoch))
        self._epoch, self._last_seq = epoch, seq
        self._last_ms = max(self._last_ms, time_ms)
        self._from_ms = self._from_ms or time_ms
        self._first_seq = self._first_seq or seq

    def commit(
        self,
        told: ToldCommit,
        touched: Iterable[str],
        documents: Documents,
    ) -> None:
        """``documents`` as they are behind it."""
        for name in sorted({_agent_of(key) for key in touched} - {""}):
            if f"agents/{name}" in documents:
                self._looked(name, documents, told.time_ms)
            else:
                self._gone(name, told.time_ms)
        if self._tracks:
            self._total.put(told.time_ms, self._sum)
        if told.why in ("reconcile", "death", "frozen", "unfrozen", "exit"):
            kind = "closed" if told.why == "exit" else told.why
            if kind == "reconcile" and self._recovers:
                kind, self._recovers = "recovered", False
            about = _about(told)
            self._marks.append(PastMark(kind, told.time_ms, told.seq, told.epoch, about))
        self._commits.put(told)
        self._last_seq, self._last_ms, self._last_why = told.seq, told.time_ms, told.why
        self._from_ms = self._from_ms or told.time_ms
        self._first_seq = self._first_seq or told.seq

    def unshown(self, last: int, to_ms: int, why: str) -> None:
        """What is behind the end cannot be shown."""
        self._unshown.append(UnshownPart(self._last_seq + 1, last, self._last_ms, to_ms, why))

    def facts(self, problems: Iterable[str] = (), *, is_whole: bool = True) -> PastFacts:
        """What is kept. ``is_whole``: the state of now comes back, and nothing is lost."""
        ranked = sorted(
            self._tracks.values(),
            key=lambda one: (not one.held, -one.equity.span, one.agent_id),
        )[:AGENTS_MAX]
        return PastFacts(
            from_ms=self._from_ms,
            to_ms=max(self._last_ms, self._from_ms),
            first_seq=self._first_seq,
            last_seq=self._last_seq,
            total=tuple(self._total.final()),
            agents=tuple(sorted(ranked, key=lambda one: one.agent_id)),
            agents_ever=len(self._tracks),
            commits=tuple(self._commits.kept()),
            commits_ever=self._commits.ever,
            marks=tuple(self._marks[-MARKS_MAX:]),
            marks_ever=len(self._marks),
            down=tuple(self._down),
            unshown=tuple(self._unshown),
            problems=tuple(problems),
            is_whole=is_whole and not self._unshown,
        )

    def _looked(self, name: str, documents: Documents, time_ms: int) -> None:
        track = self._tracks.get(name)
        if track is None:
            track = self._tracks[name] = AgentTrack(name)
        agent, ledger = documents[f"agents/{name}"], documents.get(f"private_ledgers/{name}")
        track.state = str(agent.get("state", ""))
        money = agent.get("current_capital") if ledger is None else ledger.get("capital")
        paper = None if ledger is None else amount_of(ledger.get("unrealized_pnl"))
        worth = add(amount_of(money) or ZERO, paper or ZERO)
        if track.state == DEAD and not worth:
            worth = ZERO
        track.equity.put(time_ms, worth)
        held = positions_of(ledger)
        for key in held.keys() | track.held.keys():
            track.held.setdefault(key, Thinned(limit=POINTS_MAX // 2)).put(
                time_ms, held.get(key, ZERO)
            )
        self._sum = add(self._sum, sub(worth, self._worth.get(name, ZERO)))
        self._worth[name] = worth

    def _gone(self, name: str, time_ms: int) -> None:
        self._sum = sub(self._sum, self._worth.pop(name, ZERO))
        if name in self._tracks:
            self._tracks[name].equity.put(time_ms, ZERO)


@dataclass(slots=True)
class _KeptCommits:
    """Some commits of many: what must stay, the newest, and every so many of the older."""

    older: list[tuple[int, ToldCommit]] = field(default_factory=list)
    newest: list[ToldCommit] = field(default_factory=list)
    stays: list[ToldCommit] = field(default_factory=list)
    every: int = 1
    ever: int = 0

    def put(self, one: ToldCommit) -> None:
        self.ever += 1
        part = COMMITS_MAX // 3
        self.newest.append(one)
        if len(self.newest) <= part:
            return
        old, number = self.newest.pop(0), self.ever - part
        if old.why in KEPT:
            self.stays = [*self.stays, old][-part:]
        elif number % self.every == 0:
            self.older.append((number, old))
        if len(self.older) > part:
            self.every *= 2
            self.older = [each for each in self.older if each[0] % self.every == 0]

    def kept(self) -> list[ToldCommit]:
        found = [*self.stays, *(one for _, one in self.older), *self.newest]
        return sorted(found, key=lambda one: one.seq)


def told_changes(
    before: Mapping[str, JsonObject | None], after: Documents
) -> tuple[tuple[FieldChange, ...], int]:
    """What differs between documents, the first ``CHANGES_MAX`` fields, and how many more."""
    ranked = sorted(before, key=lambda key: (_RANK.get(key.partition("/")[0], len(_RANK)), key))
    found = [change for key in ranked for change in _changes(key, before[key], after.get(key))]
    return tuple(found[:CHANGES_MAX]), max(len(found) - CHANGES_MAX, 0)


def _changes(key: str, old: JsonObject | None, new: JsonObject | None) -> Iterator[FieldChange]:
    family = key.partition("/")[0]
    shown = VALUES.get(family, ())
    if old is None or new is None:
        yield FieldChange(key, "", "" if old is None else None, "" if new is None else None)
    for name in dict.fromkeys([*(new or {}), *(old or {})]):
        one, other = (old or {}).get(name), (new or {}).get(name)
        is_there = one not in (None, "", 0, "0", [], {}) or other not in (None, "", 0, "0", [], {})
        if one == other or not is_there:
            continue
        if name in shown:
            yield FieldChange(key, name, _told(one), _told(other))
        elif old is not None and new is not None:
            yield FieldChange(key, name, None, None)


def _told(value: object) -> str:
    """A value as people read it, without what looks like a secret."""
    if value is None:
        return ""
    if isinstance(value, list):
        text = ", ".join(filter(None, map(_told, value)))
    elif isinstance(value, dict) and "qty_contracts" in value:
        key = f"{value.get('inst_id')} {value.get('mgn_mode')} {value.get('pos_side')}"
        text = f"{key} {value['qty_contracts']} @ {value.get('entry_px')}"
    elif isinstance(value, dict) and "reason" in value:
        text = str(value["reason"])
    elif isinstance(value, dict):
        text = ", ".join(f"{name}: {_told(one)}" for name, one in value.items())
    else:
        text = str(value)
    text = redacted(text)
    return text if len(text) <= TOLD_CHARS_MAX else text[: TOLD_CHARS_MAX - 1] + "…"


def _agent_of(key: str) -> str:
    family, _, name = key.partition("/")
    return name if family in ("agents", "private_ledgers") else ""


def _about(told: ToldCommit) -> str:
    """The agent of a death, the instrument of a freeze."""
    if told.why == "death":
        died = [one for one in told.changes if one.name == "state" and one.after == DEAD]
        return ", ".join(one.key.partition("/")[2] for one in died)
    names = [one.after or one.before or "" for one in told.changes if one.key == "freeze"]
    return ", ".join(filter(None, names)) if told.why in ("frozen", "unfrozen") else ""
