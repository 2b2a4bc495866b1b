"""The stage: a real store, an unmodified ccxt client, and an exchange in a process of its own.

What can be done on it are verbs ``do_…``, as named in the rows: what agents do
(``scenario_agents.py``), what befalls the books and their directory (``scenario_books.py``), what
the exchange and others do (``scenario_venue.py``), and here the life of the process, and what is
looked at.

The exchange is rewound to its first moment before each scenario, so that prices, clock, faults,
orders and ids of one never reach the next. Faults always contain one rule that does nothing and
counts every POST: what reconciliation sends is read off there.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from scenario_agents import AgentActs
from scenario_books import BookActs
from scenario_client import StageClock, client, reader
from scenario_rows import BTC, ETH, FUT, HEDGE, NET, SOL, Act
from scenario_venue import VenueActs

import fakeokx
from prometheus_persist.exchange import OkxReader
from prometheus_persist.reconcile import Plan
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.sections.findings import finding_words
from prometheus_persist.report.text import render_text
from prometheus_persist.report.values import speaker
from prometheus_persist.session import Session, Settings
from prometheus_persist.session.planning import plan_only
from prometheus_persist.state import Agent, PositionKey
from prometheus_persist.state.documents import CASH_FLOWS

NAMES = {"BTC": BTC, "ETH": ETH, "SOL": SOL, "FUT": FUT}
MODES = {NET: "net_mode", HEDGE: "long_short_mode"}
CCY = "USDT"
CAPITAL = Decimal(100_000)
FIRST = "first"
BOOKS = {"private": "private_ledgers", "public": "public_accounts"}
LOG = "recovery_log.txt"
AT_ONCE = {"in_flight_ms": 0, "index_lag_ms": 0, "background": False}

Held = dict[tuple[str, PositionKey], Decimal]


class Stage(AgentActs, BookActs, VenueActs):
    """One scenario's world; see the module."""

    def __init__(
        self,
        venue: Any,
        root: Path,
        mode: str,
        agents: str,
        settings: Mapping[str, Any],
        earlier: Iterable[Act] = (),
    ) -> None:
        self.venue = venue
        self.root = root
        self.mode = mode
        self.settings = Settings(**{**AT_ONCE, **settings})
        self.clock = StageClock()
        self.key = fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE
        self.client = self.hand = client(venue.url, *self.key)
        self.reader: OkxReader = reader(venue.url, *self.key, self.clock)
        self.last: dict[str, str] = {}
        self.stops: dict[str, tuple[str, ...]] = {}
        self.ids: set[str] = set()
        self.answered: set[str] = set()
        self.kept: dict[tuple[str, str], Any] = {}
        venue.rewind(FIRST)
        self.do_faults()
        if mode == HEDGE:
            venue.set_position_mode(MODES[HEDGE])
        self.play(earlier)
        self.session = self._open()
        self.session.add_agents(
            [
                Agent(agent_id=name, current_capital=CAPITAL, state="MATURE")
                for name in agents.split()
            ]
        )

    def begin(self) -> None:
        """The first reconciliation, of an account in order."""
        assert self.session.recover(self.reader).decision == "go"

    # the process ----------------------------------------------------------------------------

    def _open(self) -> Session:
        return Session.open(self.root, clock=self.clock, settings=self.settings)

    def die(self) -> None:
        """The process ends without saving."""
        self.session.close(save=False)

    def come_back(self) -> None:
        """Another process opens the store."""
        self.session = self._open()

    do_die, do_come_back = die, come_back

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self.session.close(save=False)

    def play(self, acts: Iterable[Act]) -> None:
        for act in acts:
            getattr(self, f"do_{act.verb}")(*act.args, **act.more)

    # reconciliations -------------------------------------------------------------------------

    def looked(self) -> RecoveryFacts:
        """What a reconciliation would come to, read from the files, without a lock."""
        return plan_only(self.root, self.reader, clock=self.clock)

    def reconciled(self) -> RecoveryFacts:
        return self._said(lambda: self.session.sync(self.reader))

    def _said(self, act: Callable[[], RecoveryFacts]) -> RecoveryFacts:
        """Its report says everything that the audit had down before it was corrected, once."""
        log = self.root / LOG
        before = len(log.read_text("utf-8")) if log.exists() else 0
        facts = act()
        lines = log.read_text("utf-8")[before:] if log.exists() else ""
        due = set(re.findall(r" finding (\S+) case=\S+ resolution=\S+ due ", lines))
        text, told = render_text(facts, "en"), facts_to_json(facts)
        assert due <= set(told["applied_ids"])
        plans = [told["plan"], *told["later"]] if due else []
        assert due <= {one["finding_id"] for each in plans for one in each["findings"]}
        plans = [] if facts.plan is None else [facts.plan, *facts.later]
        found = {one.finding_id: (one, each) for each in plans for one in each.findings}
        for name in due:
            assert finding_words(*found[name], speaker("en"))[0] in text, (name, text)
        return facts

    def approved(self, facts: RecoveryFacts, choose: Mapping[str, str]) -> RecoveryFacts:
        """A human's word for what there is to decide: as suggested, or as chosen by case."""
        plan = present(facts)
        choices = {}
        for one in plan.findings:
            name = choose.get(f"{one.case.value} {one.agent_id}") or choose.get(one.case.value)
            if name in [way.name for way in one.alternatives]:
                choices[one.finding_id] = name
        return self._said(lambda: self.session.approve(self.reader, plan.plan_hash, choices))

    def do_sync(self, decision: str = "go", *plan: tuple[str, str, str | None, str]) -> None:
        """A reconciliation that ends like this, and finds this where anything is said of it."""
        facts = self.reconciled()
        assert facts.decision == decision, facts
        if plan:
            assert facts.plan is not None
            assert found_in(facts.plan) == sorted(plan, key=repr), facts.plan

    def do_quiet(self, decision: str = "go") -> None:
        """A reconciliation that finds nothing."""
        facts = self.reconciled()
        assert facts.plan is not None
        assert (facts.decision, found_in(facts.plan)) == (decision, []), facts.plan

    def do_recover(self, decision: str = "go", **more: Any) -> None:
        """The same at a start, as a human asks for it."""
        facts = self._said(lambda: self.session.recover(self.reader, **more))
        assert facts.decision == decision, facts

    def do_approve(self, decision: str = "go", **choose: str) -> None:
        """A human's word for the plan as it is now."""
        facts = self.approved(self.reconciled(), choose)
        assert facts.decision == decision, facts

    def do_restart(self, decision: str = "") -> None:
        """The process ends without saving, and another one comes; it recovers to this."""
        self.die()
        self.come_back()
        if decision:
            self.do_sync(decision)

    def do_holds(self, **holds: str) -> None:
        """Everybody holds just this; ``_`` is nobody."""
        words = {"" if owner == "_" else owner: each for owner, each in holds.items()}
        assert self.books_held() == self.meant(words)

    # what is looked at -----------------------------------------------------------------------

    def store_bytes(self) -> dict[str, bytes]:
        """Every file of the store but the log of recoveries."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.name != LOG
        }

    def posts(self) -> int:
        """How many POST requests have reached the exchange since the last ``do_faults``."""
        return int(self.venue.faults()[0]["matched"])

    def truth(self) -> dict[str, Any]:
        """All that the exchange knows but the time and what it was asked."""
        found = self.venue.truth()
        return {name: found[name] for name in found if name not in ("now_ms", "requests")}

    def venue_held(self) -> dict[PositionKey, Decimal]:
        """What the exchange holds, by its own account of the truth."""
        return {
            PositionKey(row["instId"], row["mgnMode"], row["posSide"]): Decimal(row["pos"])
            for row in self.venue.truth()["positions"]
        }

    def books_held(self, book: str = "private") -> Held:
        """What one set of ledgers says that everybody holds, nobody ("") included."""
        state = self.session.state
        found: Held = {}
        for name, ledger in getattr(state, BOOKS[book]).items():
            found |= {(name, p.key): p.qty_contracts.value for p in ledger.positions}
        return found | {("", p.key): p.qty_contracts.value for p in state.unattributed.positions}

    def cash(self) -> dict[str, dict[str, Decimal]]:
        """The money booked beside executions, by owner and kind; what adds up to nothing too."""
        found: dict[str, dict[str, Decimal]] = {}
        for row in self.session._store.image.streams.get(CASH_FLOWS, []):
            kinds = found.setdefault(row["agent_id"], {})
            kinds[row["kind"]] = kinds.get(row["kind"], Decimal(0)) + Decimal(row["amount"])
        return found

    def venue_settled(self) -> Decimal:
        """The account's money without what is not realised, by the exchange's own truth."""
        row = next(each for each in self.venue.truth()["balance"]["details"] if each["ccy"] == CCY)
        return Decimal(row["eq"]) - Decimal(row["upl"] or 0)

    def meant(self, holds: Mapping[str, str]) -> Held:
        """What is held in the words of a row."""
        found: Held = {}
        for owner, words in holds.items():
            for each in filter(None, words.split(", ")):
                side, quantity, *rest = each.split()
                mgn = "isolated" if "isolated" in rest else "cross"
                named = [word for word in rest if word not in ("isolated", "cross")]
                inst = NAMES.get(named[0], named[0]) if named else BTC
                sign = -1 if self.mode == NET and side == "short" else 1
                pos_side = "net" if self.mode == NET else side
                found[owner, PositionKey(inst, mgn, pos_side)] = sign * Decimal(quantity)
        return found


def present(facts: RecoveryFacts) -> Plan:
    """What there is to decide now."""
    plan = facts.plan if facts.left is None else facts.left
    assert plan is not None, facts.venue_problem
    return plan


def found_in(plan: Plan) -> list[tuple[str, str, str | None, str]]:
    """A plan's findings in the words of a row, sorted."""
    found = [
        (
            one.case.value,
            one.resolution.value,
            one.agent_id,
            "+".join(sorted({type(step).__name__ for step in one.corrections})),
        )
        for one in plan.findings
    ]
    return sorted(found, key=repr)


def offered_in(plan: Plan) -> list[str]:
    """What each finding that has alternatives offers, in the words of a row, sorted."""
    return sorted(
        ", ".join(f"{way.name} {way.grade.value}" for way in one.alternatives)
        for one in plan.findings
        if one.alternatives
    )
