"""A small bot of its own classes that trades through ccxt, attached: the child of a kill test.

``python attached_bot.py DIRECTORY URL TRADES`` trades until every agent has so many, says a line
behind each step, and ends with what the host holds. Whatever it holds comes from ``attach`` alone.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from chaos.workload.clients import host_client
from prometheus_persist import AttachedHost, Settings, attach, contracts

BTC = "BTC-USDT-SWAP"
AT_ONCE = Settings(in_flight_ms=0, index_lag_ms=0, save_every_cycles=1)


class BotAgent:
    """One trader; what it sent and what it was told."""

    def __init__(self, name: str, bot: Bot) -> None:
        self.name, self.bot = name, bot
        self.sent: list[dict[str, Any]] = []
        self.luck = random.random()


class Bot:
    """The root: holds the client, as bots do."""

    def __init__(self, url: str) -> None:
        self.trading = Trading(url)
        self.cycle = 0
        self.ledger: list[dict[str, Any]] = []
        self.agents = {name: BotAgent(name, self) for name in ("Fast", "Slow")}


class Trading:
    """Where the client is."""

    def __init__(self, url: str) -> None:
        self.okx = host_client(url)


def told(step: str) -> None:
    print(step, flush=True)


def trade(bot: Bot, agent: BotAgent, p: AttachedHost) -> None:
    """One order of one contract, and what the host writes down of it."""
    side = "buy" if random.random() < 0.6 else "sell"
    with p.order_intent(agent.name, BTC, side, contracts("1")) as intent:
        told("intent")
        intent.ack(
            bot.trading.okx.create_order("BTC/USDT:USDT", "market", side, 1, None, intent.params)
        )
        told("sent")
    record = {"id": intent.cl_ord_id, "side": side, "agent": agent}
    agent.sent.append(record)
    bot.ledger.append(record)
    p.on_trade(agent.name)
    told(f"written {intent.cl_ord_id}")
    p.settle(intent.cl_ord_id)
    told("settled")


def main(directory: str, url: str, trades: int) -> None:
    """Trade on, wherever the last process was."""
    random.seed(3)
    bot = Bot(url)
    where = {"exchange": "trading.okx", "settings": AT_ONCE}
    with attach(bot, directory, modules=["__main__"], **where) as p:
        assert p.report is not None
        assert p.session.may_trade, p.report.text("en")
        told("attached")
        while len(bot.ledger) < trades:
            bot.cycle += 1
            for agent in bot.agents.values():
                trade(bot, agent, p)
            p.on_cycle(bot.cycle)
            told("cycle")
        assert all(record["agent"].bot is bot for record in bot.ledger)
        held = {name: [record["id"] for record in a.sent] for name, a in bot.agents.items()}
        told(json.dumps({"ids": [record["id"] for record in bot.ledger], "agents": held}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
