"""What befalls the books on the stage, durably: one ledger alone, a document gone, an agent dead,
an older copy of the whole directory; and the clocks, keys and accounts of the machine.
"""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from scenario_client import client, reader
from scenario_rows import BTC, HEDGE, HOUR_MS, NET

import fakeokx
from prometheus_persist.recovery import restore
from prometheus_persist.recovery.restore_into import write_into
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, Position, VirtualPosition, contracts
from prometheus_persist.storage.fs import LocalFs

MODES = {NET: "net_mode", HEDGE: "long_short_mode"}
BOOKS = {"private": "private_ledgers", "public": "public_accounts"}
OTHER_KEY = ("otherkey", "otherSecret1", "otherPass1")


class BookActs:
    """Verbs of ``Stage``."""

    # ledgers and documents -------------------------------------------------------------------

    def do_edit(
        self: Any, agent: str, book: str, *, newer: int = 0, scale: str = "", **fields: Any
    ) -> None:
        """One ledger changes alone; ``scale`` multiplies what it holds, ``newer`` its version."""
        books = getattr(self.session.state, BOOKS[book])
        old = books[agent]
        update: dict[str, Any] = {"version": old.version + newer, **fields}
        if "capital" in update:
            update["capital"] = Decimal(update["capital"])
        if scale:
            update["positions"] = [
                p.model_copy(
                    update={"qty_contracts": contracts(str(p.qty_contracts.value * Decimal(scale)))}
                )
                for p in old.positions
            ]
        books[agent] = old.model_copy(update=update)
        self.session.save("edited")

    def do_turn(self: Any, agent: str, *books: str) -> None:
        """The ledgers come to say the other side."""
        for book in books:
            ledgers = getattr(self.session.state, BOOKS[book])
            ledgers[agent] = ledgers[agent].model_copy(
                update={"positions": [_turned(p) for p in ledgers[agent].positions]}
            )
        self.session.save("turned")

    def do_move(self: Any, agent: str, *books: str, **fields: Any) -> None:
        """Fields of every position in these ledgers change."""
        for book in books:
            ledgers = getattr(self.session.state, BOOKS[book])
            ledgers[agent] = ledgers[agent].model_copy(
                update={"positions": [_with(p, fields) for p in ledgers[agent].positions]}
            )
        self.session.save("moved")

    def do_swap(self: Any, one: str, other: str) -> None:
        """Both ledgers of two agents come to hold each other's positions."""
        for book in BOOKS.values():
            ledgers = getattr(self.session.state, book)
            held = {name: ledgers[name].positions for name in (one, other)}
            for name, there in ((one, other), (other, one)):
                update = {"positions": held[there], "version": ledgers[name].version + 1}
                ledgers[name] = ledgers[name].model_copy(update=update)
        self.session.save("swapped")

    def do_imagine(self: Any, agent: str) -> None:
        """The private ledger has a virtual position."""
        ledgers = self.session.state.private_ledgers
        imagined = {
            "symbol": "BTC/USDT:USDT",
            "side": "buy",
            "amount": "7",
            "entry_price": "50000",
            "timestamp": "2026-01-01T00:00:00+00:00",
        }
        row = VirtualPosition.model_validate(imagined)
        ledgers[agent] = ledgers[agent].model_copy(update={"virtual_positions": [row]})
        self.session.save("imagined")

    def do_drop(self: Any, kind: str, name: str) -> None:
        """A document is gone: ``private_ledgers``, ``public_accounts``, ``agents``."""
        del getattr(self.session.state, kind)[name]
        self.session.save("dropped")

    def do_keep(self: Any, kind: str, name: str) -> None:
        """Remember a document, for ``do_restore``."""
        self.kept[kind, name] = getattr(self.session.state, kind)[name].model_copy(deep=True)

    def do_restore(self: Any, kind: str, name: str) -> None:
        """A document is what it was when it was kept."""
        getattr(self.session.state, kind)[name] = self.kept[kind, name]
        self.session.save("restored")

    def do_forget_answer(self: Any, agent: str) -> None:
        """The last order's intent is as before its answer."""
        intents = self.session.state.intents
        name = self.last[agent]
        intents[name] = intents[name].model_copy(update={"outcome": "PENDING", "ord_id": ""})
        self.session.save("forgotten")

    def do_forget_intent(self: Any, agent: str) -> None:
        """The last order's intent is gone without a trace."""
        del self.session.state.intents[self.last[agent]]
        self.session.save("forgotten")

    def do_dies(self: Any, agent: str) -> None:
        """The agent dies, as the host tells it."""
        self.session.state.agents[agent].state = "DEAD"
        self.session.on_agent_death(agent)

    def do_unfreeze(self: Any, inst: str = BTC) -> None:
        """A human lifts the freeze of an instrument."""
        self.session.unfreeze(inst, "looked at it")

    # the directory ---------------------------------------------------------------------------

    def do_copy(self: Any) -> None:
        """The directory is copied as it lies there, while the process runs."""
        self.session.checkpoint()
        target = self.root.with_name("copy")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.root, target)

    def do_put_back(self: Any) -> None:
        """The process has ended, and the copy lies in the directory's place."""
        shutil.rmtree(self.root)
        shutil.copytree(self.root.with_name("copy"), self.root)

    def do_born(self: Any, name: str) -> None:
        """Another agent is registered."""
        self.session.add_agent(
            Agent(agent_id=name, current_capital=Decimal(100_000), state="MATURE")
        )

    def do_in_copy(self: Any, decision: str, *acts: Any) -> None:
        """Another process recovers the copy, beside the original, trades there and ends."""
        mine = self.root, self.session, dict(self.last), dict(self.stops)
        self.root = self.root.with_name("copy")
        self.come_back()
        self.do_sync(decision)
        self.play(acts)
        self.session.close(save=False)
        self.root, self.session, self.last, self.stops = mine

    def do_into(self: Any) -> None:
        """The process has ended; its newest state is restored into a store of its own, with which
        it goes on."""
        target = self.root.with_name("into")
        write_into(restore(LocalFs(self.root), clock=self.clock), target, self.clock)
        self.root = target

    def do_second_store(self: Any, agents: str, *acts: Any) -> None:
        """Another store with agents of the same names trades in the account, and ends."""
        mine = self.root, self.session, dict(self.last), dict(self.stops)
        self.root = Path(f"{self.root}-second")
        self.session = Session.open(self.root, clock=self.clock, settings=self.settings)
        if self.session.fresh:
            self.session.add_agents(
                [
                    Agent(agent_id=name, current_capital=Decimal(100_000), state="MATURE")
                    for name in agents.split()
                ]
            )
        facts = self.session.recover(self.reader)
        if facts.decision == "human":
            facts = self.approved(facts, {})
        for inst in list(self.session.state.freeze.instruments):
            self.session.unfreeze(inst, "it is the other store's")
        self.play(acts)
        self.session.close(save=False)
        self.root, self.session, self.last, self.stops = mine

    # clocks, keys, accounts ------------------------------------------------------------------

    def do_clock(self: Any, hours: float) -> None:
        """The machine's clock is so far ahead of the exchange's, or behind it."""
        self.clock.ahead_ms += round(hours * HOUR_MS) - self.kept.get(("clock", ""), 0)
        self.kept["clock", ""] = round(hours * HOUR_MS)

    def do_sub_account(self: Any, deposit: object = 1_000_000) -> None:
        """From now on the key is one of another account."""
        self.venue.open_account("sub", MODES[self.mode])
        self.venue.add_key(*OTHER_KEY, account="sub")
        if deposit:
            self.venue.deposit("USDT", str(deposit), account="sub")
        self._use(OTHER_KEY)

    def do_demo_account(self: Any) -> None:
        """From now on the key is one of demo trading."""
        self.venue.add_key(*OTHER_KEY, demo=True)
        self.venue.set_position_mode(MODES[self.mode], account="demo")
        self._use(OTHER_KEY, demo=True)

    def do_second_key(self: Any) -> None:
        """From now on the key is another one of the same account."""
        self.venue.add_key(*OTHER_KEY)
        self._use(OTHER_KEY)

    def do_own_account(self: Any) -> None:
        """The key is the right one again."""
        self._use((fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE))

    def do_adopt_account(self: Any, decision: str = "go") -> None:
        """A human means it: the books are kept for this account from now on."""
        self.do_recover(decision, adopt_account=self._uid())

    def do_settings(self: Any, **changes: Any) -> None:
        """The host runs with other settings from now on."""
        self.settings = Settings(**{**self.settings.to_json(), **changes})

    def _uid(self: Any) -> str:
        return str(self.client.private_get_account_config({})["data"][0]["uid"])

    def _use(self: Any, key: tuple[str, str, str], *, demo: bool = False) -> None:
        self.key = key
        self.client = client(self.venue.url, *key, demo=demo)
        self.reader = reader(self.venue.url, *key, self.clock, demo=demo)


def _with(position: Position, fields: dict[str, Any]) -> Position:
    return Position.model_validate(position.model_dump(mode="json") | fields)


def _turned(position: Position) -> Position:
    if position.pos_side == "net":
        return position.model_copy(update={"qty_contracts": -position.qty_contracts})
    other = {"long": "short", "short": "long"}[position.pos_side]
    return position.model_copy(update={"pos_side": other})
