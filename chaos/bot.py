"""A bot that is not ours: it trades on a fakeokx of its own, is killed while it does, and judged.

The bot is a command. Its account comes in its environment, under the names that the commands of the
library use: OKX_API_KEY, OKX_API_SECRET, OKX_API_PASSPHRASE; PERSIST_OKX_URL, the address of every
request; PERSIST_DIR, where it keeps its store, empty at first. It is started ``kills`` times, each
time awaited until it has placed an order, and killed a random moment later (SIGKILL, to its whole
process group). Prices move while it is dead. The last time it may go on for as long, is told to end
(SIGTERM) and, if it does not within ``ENDS_S_MAX``, killed as well.

Judged by the exchange's own ledger and by what any other process reads in the store:

- after each kill: every commit that was acknowledged is restored (I1), every order at the exchange
  that has an agent's tag was written down before it left (I8), and it trades again (*live*);
- at the end every order has one; a copy of the store is reconciled, which leaves nothing to a human
  (*live*): what is left to one cannot be judged before he has chosen; and then the books are the
  exchange's (I5), each order known once, each fill booked once (I8). The store itself is left as
  the bot left it.

It is void, and proves nothing, where the first life placed no order, one was over before it was
struck, there was no store to look at, or the exchange went away; and where the bot traded what the
judge cannot count (net mode, the contracts of ``chaos.instruments``). ``OUT/bot.log`` has what the
bot said, ``OUT/report.txt`` the report of that last reconciliation.

Raises FileExistsError where OUT holds a run already, OSError where the command cannot be started.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Final

import fakeokx
from chaos.chance import generator
from chaos.digest import JsonObject
from chaos.instruments import CONTRACTS
from chaos.invariants import books, orders
from chaos.market import OutsideMarket
from chaos.oracle.history import State
from chaos.verdict import RunVerdict
from chaos.workload.clients import client_of
from fakeokx.process.runner import LOG_NAME
from prometheus_persist.errors import PersistError
from prometheus_persist.exchange import OkxReader
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.mark import marks, read_mark

KILLS: Final = 5
PATIENCE_S: Final = 60.0
KILL_WITHIN_S: Final = 1.5
ENDS_S_MAX: Final = 20.0
BALANCE: Final = "1000000"
_LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class BotPlan:
    """What is run, and how. ``patience_s``: until a life has placed its order, imports included."""

    command: tuple[str, ...]
    out: Path
    kills: int = KILLS
    seed: int = 1
    patience_s: float = PATIENCE_S

    @property
    def store(self) -> Path:
        """Where the bot keeps its store."""
        return self.out / "store"


def play(plan: BotPlan, told: Callable[[int], None] = lambda _: None) -> RunVerdict:
    """Run it, kill it, judge it; ``told`` hears of each life as it begins, from 0."""
    verdict = RunVerdict("bot", plan.seed, record=str(plan.out))
    began = time.monotonic()
    plan.out.mkdir(parents=True, exist_ok=True)
    venue_dir = plan.out / "venue"
    venue_dir.mkdir()
    with fakeokx.launch(venue_dir, seed=plan.seed, balance=BALANCE) as venue:
        gone = ""
        try:
            _lives(plan, venue, verdict, told)
        except (ConnectionError, TimeoutError, HTTPException) as problem:  # of the venue
            gone = f"{type(problem).__name__}: "
        answers = venue.is_running and not gone
        verdict.assume("its exchange ran to the end", answers, f"{gone}see {venue_dir / LOG_NAME}")
    verdict.seconds = time.monotonic() - began
    return verdict


def _lives(
    plan: BotPlan, venue: fakeokx.FakeOkx, verdict: RunVerdict, told: Callable[[int], None]
) -> None:
    market = OutsideMarket(venue, plan.seed)
    looks: list[_Look] = []
    for life in range(plan.kills + 1):
        told(life)
        went_on = _live(plan, venue, life, verdict)
        looks.append(_look(plan.store))
        if looks[-1].state is not None:
            orders.known(verdict, f"life {life + 1}", looks[-1].state, venue.truth())
        if not went_on:
            break
        market.step(life)
    _restored(verdict, looks)
    if all(each.holds for each in verdict.assumptions) and looks[-1].state is not None:
        _ended(plan, venue, looks[-1].state, verdict)


def _live(plan: BotPlan, venue: fakeokx.FakeOkx, life: int, verdict: RunVerdict) -> bool:
    """One life of the bot, until it is struck, or told to end the last time; whether it traded and
    was struck."""
    before, last = _placed(venue), life == plan.kills
    delay_s = generator(plan.seed, "bot", life).uniform(0, KILL_WITHIN_S)
    with (plan.out / "bot.log").open("ab") as log:
        bot = subprocess.Popen(  # noqa: S603 the command that was asked for, no shell
            plan.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **_account(plan, venue)},
            start_new_session=True,
        )
    try:
        until_s = time.monotonic() + plan.patience_s
        while _placed(venue) == before and bot.poll() is None and time.monotonic() < until_s:
            time.sleep(_LOOK_S)
        traded = _placed(venue) > before
        if traded:
            with suppress(subprocess.TimeoutExpired):
                bot.wait(delay_s)
        lived = bot.poll() is None
        if last and lived:
            os.killpg(bot.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                bot.wait(ENDS_S_MAX)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(bot.pid, signal.SIGKILL)
        bot.wait()
    see = f"see {plan.out / 'bot.log'}"
    if life:
        idle = [] if traded else [f"it placed no order, {see}"]
        verdict.check("live", f"after kill {life} it trades again", 1, idle)
    else:
        verdict.assume("it placed an order", traded, see)
    if traded and not last:
        left = f"it had left with {bot.returncode}, {see}"
        verdict.assume(f"life {life + 1} was killed while it ran", lived, left)
    return traded and (lived or last)


def _account(plan: BotPlan, venue: fakeokx.FakeOkx) -> Mapping[str, str]:
    return {
        "OKX_API_KEY": fakeokx.DEFAULT_KEY,
        "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
        "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
        "PERSIST_OKX_URL": venue.url,
        "PERSIST_DIR": str(plan.store.absolute()),
    }


def _placed(venue: fakeokx.FakeOkx) -> int:
    truth = venue.truth()
    return len(truth["orders"]) + len(truth["algos"])


@dataclass(frozen=True, slots=True)
class _Look:
    """What a dead bot left: the newest commit that was acknowledged, and what is restored."""

    acked: int
    seq: int = 0
    state: State | None = None
    problem: str = ""


def _look(store: Path) -> _Look:
    disk, acked = LocalFs(store), 0
    try:
        found = [mark for name in marks(disk) if (mark := read_mark(disk, name)) is not None]
        acked = max((mark.seq for mark in found), default=0)
        restored = restore(disk, thorough=True)
    except PersistError as problem:
        return _Look(acked, problem=f"{type(problem).__name__}: {problem.detail}")
    streams = {name: list(rows) for name, rows in restored.streams.items()}
    return _Look(acked, restored.seq, State(dict(restored.documents), streams))


def _restored(verdict: RunVerdict, looks: Sequence[_Look]) -> None:
    verdict.assume(
        "the bot kept a store in PERSIST_DIR",
        any(look.acked for look in looks),
        "nothing that was acknowledged was found there",
    )
    wrong, acked = [], 0
    for look in looks:
        acked = max(acked, look.acked)  # whatever became of the file that says so
        if look.problem or look.seq < acked:
            wrong.append(look.problem or f"{acked} was acknowledged, {look.seq} is restored")
    verdict.check("I1", "every acknowledged commit is there after each kill", len(looks), wrong)


def _ended(plan: BotPlan, venue: fakeokx.FakeOkx, left: State, verdict: RunVerdict) -> None:
    """The books against the exchange's, once a copy of the store was reconciled."""
    _tagged(verdict, left, venue.truth())
    copy, said_in = plan.out / "reconciled", plan.out / "report.txt"
    shutil.copytree(plan.store, copy)
    identity = left.documents.get("account_cash", {}).get("identity") or {}
    client = client_of(venue.url, sandbox=identity.get("demo", True))  # as the bot's own asks
    with Session.open(copy) as session:
        report = session.recover(OkxReader(client))
        said_in.write_text(report.text(), encoding="utf-8")
        shut = [] if session.may_trade else [str(report.decision)]
    withheld = {one.inst_id or one.agent_id or "everything" for one in report.withheld}
    left_open = [*shut, *sorted(withheld)]
    settled = "a reconciliation at the end settles all of it, and leaves nothing to a human"
    verdict.check("live", settled, 1, [f"{name}, see {said_in}" for name in left_open])
    if left_open:
        return
    look, truth = _look(copy), venue.truth()
    rows = [*truth["orders"], *truth["algos"], *truth["fills"]]
    strange = sorted({row["instId"] for row in rows} - CONTRACTS.keys())
    verdict.assume("it traded what the judge can count", not strange, ", ".join(strange))
    verdict.assume("what it left can be read", look.state is not None, look.problem)
    if strange or look.state is None:
        return
    agents = _agents(look.state)
    said = {
        row.get("clOrdId") or row["algoClOrdId"]: agents[row["tag"]]
        for row in (*truth["orders"], *truth["algos"])
        if row["tag"] in agents
    }
    begun = _begun(copy, look.state.documents, look.seq)
    books.check(verdict, "at the end", begun, said, truth)
    orders.check(verdict, "at the end", look.state, said, truth)


def _begun(store: Path, documents: Mapping[str, JsonObject], last: int) -> dict[str, JsonObject]:
    """The documents, each agent's with the capital that it had when it first stood in the store."""
    found = {**documents}
    for key in documents:
        family, _, name = key.partition("/")
        if family == "agents":
            early, late = 1, last
            while early < late:
                middle = (early + late) // 2
                there = key in restore(LocalFs(store), seq=middle).documents
                early, late = (early, middle) if there else (middle + 1, late)
            first = restore(LocalFs(store), seq=early).documents[f"private_ledgers/{name}"]
            found[key] = {**documents[key], "initial_capital": first["capital"]}
    return found


def _tagged(verdict: RunVerdict, left: State, truth: JsonObject) -> None:
    agents = _agents(left)
    placed = [row for row in truth["orders"] if row["category"] == "normal"]
    verdict.check(
        "I8",
        "every order has an agent's tag (intent.params)",
        len(placed),
        [f"order {row['ordId']} has none" for row in placed if row["tag"] not in agents],
    )


def _agents(state: State) -> dict[str, str]:
    """Agents by their tags."""
    rows = state.documents.get("registry", {}).get("rows", {}).values()
    return {row["tag"]: row["agent_id"] for row in rows}
