"""Live: from where a recovery has ended, what the report names leads back to trading.

``way_out`` does what a person does who has nothing but the report: carry out one of its steps
(``next`` of the facts as JSON), look at what it says then, and so on, ``STEPS_MAX`` times at most.
Steps are taken in the report's order, each once as long as nothing has changed by it; where it says
to read again, some time passes. ``Hands`` carry a command out: in this process (``Inside``), or
through the command line (``commands.py``).

Given a generator, some questions are answered in another way than suggested.

A dead end is: nothing named that has not been tried, a step that raises, no trading after
``STEPS_MAX`` steps, or an order that does not pass, or leaves other books than the exchange's, once
trading is said to work. After every step the gate is looked at (``safe``).
"""

from __future__ import annotations

import itertools
import random
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from chaos.detect.restart import Restart
from chaos.detect.safe import wrongly_open
from chaos.detect.world import NOBODY, TRADED, World
from fakeokx.engine.commands import (
    AlgoRef,
    CancelAlgos,
    CancelOrders,
    OrderRef,
    OrderRequest,
    PlaceOrders,
)
from fakeokx.engine.instruments import LIVE
from prometheus_persist.cli.adopting import owners_of
from prometheus_persist.errors import PersistError
from prometheus_persist.exchange.okx.query import ReadOnlyClient
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.state import contracts
from prometheus_persist.state.models import PosSide

STEPS_MAX = 40
OTHERWISE = 0.5
LATER_MS = 60_000
Told = Mapping[str, Any]
LOOKS = ("step.orders", "step.go_on")
"""Steps that move nothing."""
ADOPTS = "step.adopt"
"""For who knows more than the report: nobody's stays nobody's, or a generator names an owner."""
OTHERS_FIRST = "settle it first"
CHOOSE = "--choose"
PAIRED, APPROVES = "step.write_plan", "step.apply_plan"


class Hands(Protocol):
    """What carries a command out."""

    def carry_out(self, command: str) -> Told | None:
        """What the command says as JSON; None where that is no report."""
        ...

    def start(self) -> Told:
        """What a start says now."""
        ...

    def wait(self) -> None:
        """Let some time pass."""
        ...

    def shut(self) -> list[str]:
        """Contracts of ours, listed, on which no new entry passes."""
        ...

    def wrong(self) -> list[str]:
        """What is open on books that are not the exchange's."""
        ...


@dataclass(slots=True)
class WayOut:
    """What was done, what was open on wrong books on the way, and why it leads nowhere ("")."""

    steps: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    dead: str = ""


def way_out(hands: Hands, told: Told, rng: random.Random | None = None) -> WayOut:
    """Follow what the report names until everything trades; with ``rng`` choose among its ways."""
    way, tried = WayOut(), set[str]()
    way.wrong += hands.wrong()
    seen = _situation(told)
    while _stuck(hands, told) and not way.dead:
        step = next((one for one in _named(told, rng) if one[1] not in tried), None)
        if step is None or len(way.steps) >= STEPS_MAX:
            why = "no further step is named" if step is None else f"not after {STEPS_MAX} steps"
            way.dead = f"{', '.join(_stuck(hands, told))} shut, {why}: {_situation(told)}"
            break
        text, commands = step
        tried.add(commands)
        if text == APPROVES and rng is not None:
            commands += _chosen(told, rng)
        if text == ADOPTS and rng is not None:
            commands = _owned(told, commands, rng)
        if "read_again" in text or "postponed" in text:
            hands.wait()
        try:
            for command in commands.split("\n"):
                way.steps.append(command)
                said = hands.carry_out(command)
            told = said or hands.start()
        except (PersistError, AssertionError) as problem:
            if text == ADOPTS and OTHERS_FIRST in str(problem):
                continue  # the plan has the same answer, and more
            way.dead = f"{way.steps[-1]}: {type(problem).__name__}: {problem}"
        way.wrong += hands.wrong()
        if _situation(told) != seen:
            seen, tried = _situation(told), set()
    return way


def _stuck(hands: Hands, told: Told) -> list[str]:
    """Contracts and agents that take no new entries."""
    return [*hands.shut(), *(one["agent_id"] for one in told["withheld"] if one["agent_id"])]


def _named(told: Told, rng: random.Random | None) -> Iterator[tuple[str, str]]:
    """Step and command, a plan with its approval as one."""
    plan = ""
    skipped = LOOKS if rng is not None and _living(told) else (*LOOKS, ADOPTS)
    for one in told["next"]:
        if one["step"] == PAIRED:
            plan = one["command"]
        elif one["command"] and one["step"] not in skipped:
            yield one["step"], f"{plan}\n{one['command']}" if plan else one["command"]
            plan = ""


def _living(told: Told) -> list[str]:
    return [one["agent_id"] for one in told["system"]["agents"] if one["alive"]]


def _owned(told: Told, command: str, rng: random.Random) -> str:
    """The command with an owner named for each position, or for some."""
    words = shlex.split(command)
    given = [word for word in words if word.endswith("=AGENT")]
    left_out = set(rng.sample(given, rng.randint(0, len(given) - 1)))
    owned = (word.removesuffix("AGENT") + rng.choice(_living(told)) for word in given)
    names = dict(zip(given, owned, strict=True))
    return shlex.join(names.get(word, word) for word in words if word not in left_out)


def _chosen(told: Told, rng: random.Random) -> str:
    """Options that answer some of the questions in another way than suggested."""
    plan = told["left"] or told["plan"]
    humans = {one["finding_id"] for one in plan["findings"] if one["resolution"] == "HUMAN"}
    ways: dict[str, list[str]] = {}
    for one in told["choices"]:
        if one["finding_id"] in humans:
            ways.setdefault(one["finding_id"], []).append(one["alternative"])
    picked = {
        name: rng.choice(each)
        for name, each in ways.items()
        if len(each) > 1 and rng.random() < OTHERWISE
    }
    return "".join(f" {CHOOSE} {shlex.quote(f'{name}={way}')}" for name, way in picked.items())


def _situation(told: Told) -> str:
    plan = told["left"] or told["plan"] or {"findings": []}
    open_ = [
        f"{one['case']} {one['resolution']} {one['what']} {one['finding_id']}"
        for one in plan["findings"]
        if one["resolution"] in ("HUMAN", "UNKNOWN")
    ]
    frozen = [*told["frozen_instruments"], *(["everything"] if told["frozen_all"] else [])]
    withheld = sorted(one["inst_id"] or one["agent_id"] or "all" for one in told["withheld"])
    problem = told["venue_problem"]
    return f"{told['decision']}, {open_}, withheld {withheld}, frozen {frozen} {problem}"


def ours(world: World) -> list[str]:
    """Contracts that the books keep and the exchange lists."""
    markets = world.venue.venue.markets
    return [name for name in TRADED if markets[name].state == LIVE]


@dataclass(slots=True)
class Inside:
    """Commands carried out on a session in this process, as the command line carries them out."""

    restart: Restart
    plan_hash: str = ""

    def start(self) -> Told:
        """Recover, as the trader does."""
        return facts_to_json(self.restart.recover())

    def wait(self) -> None:
        """A minute."""
        self.restart.world.venue.advance(LATER_MS)

    def shut(self) -> list[str]:
        """By the gate itself."""
        passes = self.restart.session.may_trade_on
        return [name for name in ours(self.restart.world) if not passes(name)]

    def wrong(self) -> list[str]:
        """By the gate itself."""
        return wrongly_open(self.restart.session, self.restart.world)

    def carry_out(self, command: str) -> Told | None:
        """One of the commands that a report prints."""
        words = shlex.split(command)
        assert words.pop(0) == "prometheus-persist", command
        if words[:1] == ["reconcile"]:
            return self._reconcile(words[1:])
        if words[:1] == ["unfreeze"]:
            self.restart.session.unfreeze(None if words[1] == "--all" else words[1], "by a test")
        elif words[:1] == ["adopt"]:
            given = [word for word in words[1:] if "=" in word]
            rows = ReadOnlyClient(self.restart.world.venue.client()).get("account/positions")
            self.restart.session.adopt(rows, owners_of(given))
        elif words[:2] == ["orders", "settle"]:
            for name in sorted(self.restart.session.state.intents):
                self.restart.session.settle(self.restart.reader, name)
        elif words[:2] == ["orders", "give-up"]:
            self.restart.session.give_up(words[2], "by a test")
        elif words[:2] == ["orders", "cancel"]:
            self._cancel(words[2], _options(words[2:]), algo="--algo" in words)
        else:
            raise AssertionError(f"a command that nobody knows: {command}")
        return None

    def _reconcile(self, words: list[str]) -> Told | None:
        restart, options = self.restart, _options(words)
        if "--plan" in options:
            looked = restart.session.recover(restart.reader, policy="observe")
            assert looked.plan is not None, looked.venue_problem
            self.plan_hash = looked.plan.plan_hash
            return None
        if "--apply" in options:
            said = [after for word, after in itertools.pairwise(words) if word == CHOOSE]
            choices = dict(each.split("=", 1) for each in said)
            return facts_to_json(restart.approve(self.plan_hash, choices))
        return facts_to_json(restart.recover(options.get("--adopt-account", "")))

    def _cancel(self, name: str, options: Mapping[str, str], *, algo: bool) -> None:
        """At the exchange; of one of ours it is then asked what became of it."""
        restart = self.restart
        one = restart.session.state.intents.get(name)
        inst_id = options["--inst"] if one is None else one.inst_id
        ord_id = options["--ord-id"] if one is None else (one.child_ord_id or one.ord_id)
        if algo or (one is not None and one.kind == "algo" and not one.child_ord_id):
            restart.world.venue.do(CancelAlgos(algos=(AlgoRef(inst_id=inst_id, algo_id=ord_id),)))
        else:
            ref = OrderRef(inst_id=inst_id, ord_id=ord_id)
            restart.world.venue.do(CancelOrders(orders=(ref,)))
        if one is not None:
            restart.session.settle(restart.reader, name)


def _options(words: list[str]) -> dict[str, str]:
    """Every option with the word after it."""
    return {
        word: words[place + 1] if place + 1 < len(words) else ""
        for place, word in enumerate(words)
        if word.startswith("--")
    }


def trades(restart: Restart, inst_ids: list[str]) -> str:
    """An order on each of these contracts by a living agent, booked; what went wrong, or ""."""
    world, session = restart.world, restart.session
    name = next((one for one in world.agents if one in session.state.agents
                 and session.state.agents[one].alive), NOBODY)  # fmt: skip
    orders = world.venue.venue.orders.values()
    before = {order.cl_ord_id for order in orders if order.account == world.venue.account}
    for inst_id in inst_ids if name else ():
        try:
            wrong = _traded(restart, name, inst_id, before)
        except PersistError as problem:
            return f"an order of {name} on {inst_id}: {type(problem).__name__}: {problem}"
        if wrong:
            return wrong
    after = restart.recover()
    told = wrongly_open(session, world)
    if shut := Inside(restart).shut():
        told.append(f"then {after.decision}, {', '.join(shut)} shut")
    return "; ".join(told)


def _traded(restart: Restart, name: str, inst_id: str, before: set[str]) -> str:
    world, session = restart.world, restart.session
    venue = world.venue.venue
    hedged = venue.account(world.venue.account).pos_mode != "net_mode"
    lot = Decimal(venue.instrument(inst_id).lot_sz)
    pos_side: PosSide = "long" if hedged else "net"
    with session.order_intent(name, inst_id, "buy", contracts(lot), pos_side=pos_side) as intent:
        if reused := _reused(restart, intent.cl_ord_id, before):
            return reused
        request = OrderRequest(
            inst_id=inst_id, td_mode="cross", side="buy", ord_type="market", sz=format(lot, "f"),
            pos_side="" if pos_side == "net" else pos_side, cl_ord_id=intent.cl_ord_id,
            tag=intent.intent.tag,
        )  # fmt: skip
        command = PlaceOrders(orders=(request,), account=world.venue.account)
        ord_id = world.venue.ordered(command)
        world.sent[ord_id] = name
        intent.ack({"ordId": ord_id, "clOrdId": intent.cl_ord_id, "sCode": "0"})
    outcome = session.settle(restart.reader, intent.cl_ord_id).outcome
    return "" if outcome == "FILLED" else f"a market order on {inst_id} ended {outcome}"


def _reused(restart: Restart, name: str, before: set[str]) -> str:
    """Whether an id is taken, or of an epoch that the exchange knows ids of this store from."""
    epoch_of = restart.session.state.registry.epoch_of
    epochs = [epoch for one in before if (epoch := epoch_of(one)) is not None]
    mine = epoch_of(name)
    if name in before or mine is None or mine <= max(epochs, default=0):
        return f"{name} is of an epoch whose ids the exchange knows"
    return ""
