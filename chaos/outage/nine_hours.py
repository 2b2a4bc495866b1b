"""Ten agents with thousands of trades behind them; nine hours without a trader; forty events.

The trades go round in fives: every agent opens, adds, reduces, on five instruments in both
directions, and every round is booked before the next begins. At the death the agents hold
positions with stops and targets, orders rest, and four orders are of unknown fate. Then, in nine
hours: stops and targets fire, resting orders are filled, in whole and in part, others are taken
away or added by hand, somebody trades by hand, funding is charged, money comes and goes, one shared
position is liquidated and another deleveraged. What is taken away unfilled is taken away late: OKX
forgets such orders after two hours, and what became of them would be a question for a human.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from chaos.chance import generator
from chaos.instruments import CONTRACTS, INST_IDS
from chaos.outage.stage import Ask, OutageStage
from chaos.workload.clients import client_of

AGENTS: Final = 10
TRADES: Final = 3_400
QUICK_TRADES: Final = 345
ROUND: Final = 345
EVENTS: Final = 40
HOUR_MS: Final = 3_600_000
BREAK_MS: Final = HOUR_MS // 4
BTC, DOGE, ETH, SOL, XRP = INST_IDS
_BEARS: Final = (SOL, XRP)
"""Instruments on which the account ends short."""


def build(stage: OutageStage, trades: int) -> None:
    """Trade, protect, die, and let the nine hours pass."""
    rng = generator(stage.seed, "nine hours")
    for done in range(0, trades, ROUND):
        stage.trade([_ask(stage, done + n, rng) for n in range(min(ROUND, trades - done))])
        stage.pause(BREAK_MS)
    stage.trade(
        Ask(name, inst_id, "sell" if inst_id in _BEARS else "buy", Decimal(200 + number))
        for number, name in enumerate(stage.names)
        for inst_id in INST_IDS
    )
    stage.pause(BREAK_MS)
    stops = _protect(stage)
    resting = _rest(stage)
    lost = _lose(stage)
    stage.die()
    _hours(stage, stops, resting, lost)


def _ask(stage: OutageStage, number: int, rng: Any) -> Ask:
    inst_id = INST_IDS[number % len(INST_IDS)]
    name = stage.names[(number // len(INST_IDS)) % AGENTS]
    side = rng.choice(("buy", "sell"))
    return Ask(name, inst_id, side, Decimal(rng.randint(1, 400)) / 100)


def _away(inst_id: str, share: str) -> Decimal:
    contract = CONTRACTS[inst_id]
    return contract.on_tick(contract.first_px * (1 + Decimal(share)))


def _protect(stage: OutageStage) -> dict[str, str]:
    """Ten stops and two targets; clOrdId by what each waits for."""
    client, found = client_of(stage.venue.url), {}
    wishes = [(f"stop {n}", BTC, n, f"-0.0{n + 1}1") for n in range(5)]
    wishes += [(f"stop {n}", SOL, n, f"0.0{n - 4}1") for n in range(5, 8)]
    wishes += [("target 1", ETH, 1, "0.03"), ("target 2", ETH, 2, "0.04")]
    wishes += [("deep stop 1", BTC, 8, "-0.40"), ("deep stop 2", BTC, 9, "-0.45")]
    for what, inst_id, agent, share in wishes:
        side = "buy" if inst_id in _BEARS else "sell"
        px = _away(inst_id, share)
        name = stage.names[agent]
        sz = Decimal(20 + agent)
        with stage.intent(
            name, inst_id, side, sz, kind="algo", ord_type="conditional", trigger_px=px,
            reduce_only=True,
        ) as handle:  # fmt: skip
            prefix = "tp" if what.startswith("target") else "sl"
            row = {"instId": inst_id, "tdMode": "cross", "side": side, "ordType": "conditional"}
            row |= {"sz": str(sz), "reduceOnly": "true", "tag": handle.intent.tag}
            row |= {"algoClOrdId": handle.cl_ord_id, f"{prefix}TriggerPx": str(px)}
            row |= {f"{prefix}OrdPx": "-1"}
            handle.ack(client.private_post_trade_order_algo(row)["data"][0])
        found[what] = handle.cl_ord_id
    return found


def _rest(stage: OutageStage) -> dict[str, str]:
    """Eight limit orders below the market; clOrdId by name."""
    wishes = [(ETH, "-0.02"), (ETH, "-0.021"), (DOGE, "-0.02"), (DOGE, "-0.021")]
    wishes += [(DOGE, "-0.05"), (ETH, "-0.30"), (ETH, "-0.31"), (XRP, "-0.30")]
    found = {}
    for number, (inst_id, share) in enumerate(wishes):
        with stage.intent(
            stage.names[number], inst_id, "buy", Decimal(6), ord_type="limit",
            px=_away(inst_id, share),
        ) as handle:  # fmt: skip
            handle.ack(_send(stage, handle))
        found[f"rest {number}"] = handle.cl_ord_id
    return found


def _send(stage: OutageStage, handle: Any) -> Any:
    asked = handle.intent
    row = {"instId": asked.inst_id, "tdMode": "cross", "side": asked.side}
    row |= {"ordType": asked.ord_type, "sz": str(asked.qty_contracts)}
    row |= {"clOrdId": asked.cl_ord_id, "tag": asked.tag}
    row |= {} if asked.px is None else {"px": str(asked.px)}
    return client_of(stage.venue.url).private_post_trade_order(row)["data"][0]


def _lose(stage: OutageStage) -> int:
    """Three orders that the exchange has and the trader does not know of."""
    for number, inst_id in ((0, BTC), (1, DOGE), (2, ETH)):
        _send(stage, stage.intent(stage.names[number], inst_id, "buy", Decimal(2)))
    return 3


def _hours(stage: OutageStage, stops: dict[str, str], resting: dict[str, str], lost: int) -> None:
    venue, client = stage.venue, client_of(stage.venue.url)
    for number in range(lost):
        stage.note(f"order {number + 1} of unknown fate was executed")

    def px(inst_id: str, share: str, *events: str) -> None:
        venue.price(inst_id, _away(inst_id, share))
        for what in events:
            stage.note(what)

    venue.advance(HOUR_MS)
    px(ETH, "-0.0205", "a resting ETH order was filled")
    venue.partial(DOGE, "2")
    px(DOGE, "-0.0205", "a resting DOGE order was filled in part")
    px(DOGE, "-0.0206", "and then the rest of it")
    px(ETH, "-0.022", "a second resting ETH order was filled")
    px(DOGE, "-0.022", "a second resting DOGE order was filled")
    venue.advance(HOUR_MS)
    px(ETH, "0.031", "a target fired at ETH")
    px(ETH, "0.041", "another target fired at ETH")
    for number in range(5):
        px(BTC, f"-0.0{number + 1}2", f"BTC stop {number + 1} fired")
    venue.advance(HOUR_MS)
    for number in range(5, 8):
        px(SOL, f"0.0{number - 4}2", f"SOL stop {number - 4} fired")
    for inst_id, side, sz in (
        (BTC, "buy", "1.5"), (ETH, "buy", "3"), (DOGE, "buy", "0.25"), (SOL, "sell", "2"),
        (XRP, "sell", "7"), (BTC, "buy", "0.01"),
    ):  # fmt: skip
        venue.trade_by_hand(inst_id, side, sz)
        stage.note(f"somebody traded {inst_id} by hand")
    venue.advance(HOUR_MS)
    for inst_id, rate in ((BTC, "0.0001"), (ETH, "-0.00005"), (DOGE, "0.0002"), (SOL, "0.0001")):
        venue.fund(inst_id, rate)
        stage.note(f"funding was charged for {inst_id}")
    venue.advance(HOUR_MS)
    for amount, out in (("2500", False), ("1000", True)):
        venue.deposit("USDT", amount, out=out)
        stage.note("money left" if out else "money came in")
    venue.advance(2 * HOUR_MS)
    for inst_id in (BTC, ETH, DOGE, SOL):
        venue.fund(inst_id, "0.0001")
        stage.note(f"funding was charged for {inst_id} again")
    venue.advance(HOUR_MS // 2)
    venue.adl(DOGE, "100")
    stage.note("a shared DOGE position was deleveraged in part")
    venue.advance(HOUR_MS // 2)
    venue.liquidate(XRP)
    stage.note("a shared XRP position was liquidated")
    for name, inst_id in (("rest 5", ETH), ("rest 6", ETH)):
        client.private_post_trade_cancel_order({"instId": inst_id, "clOrdId": resting[name]})
        stage.note(f"a resting {inst_id} order was taken away by hand")
    client.private_post_trade_cancel_algos([{"instId": BTC, "algoClOrdId": stops["deep stop 2"]}])
    stage.note("a stop was taken away by hand")
    row = {"instId": ETH, "tdMode": "cross", "side": "buy", "ordType": "limit", "sz": "1"}
    client.private_post_trade_order({**row, "px": "1500"})
    stage.note("somebody left an order at the exchange")
    venue.advance(HOUR_MS)
    assert len(stage.happened) == EVENTS, len(stage.happened)
