"""An attached bot that trades: ``exchange=`` reconciles as it attaches, and reads for the rest."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import types
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attached_bot import AT_ONCE, BTC, Bot

import prometheus_persist
from chaos.workload.clients import host_client
from prometheus_persist import attach, contracts
from prometheus_persist.errors import BadConfig, Frozen
from prometheus_persist.recovery import restore
from prometheus_persist.state import state_from
from prometheus_persist.storage.fs import LocalFs

CHILD = Path(__file__).with_name("attached_bot.py")
STEPS = ("written", "sent", "intent", "settled", "written", "cycle")
TRADES = 14


def test_a_bot_that_is_killed_anywhere_loses_no_order_and_sends_none_twice(
    tmp_path: Path, venue: Any
) -> None:
    """SIGKILLed behind a step of each kind; its own objects come back with the typed books."""
    store = tmp_path / "store"
    command = [sys.executable, str(CHILD), str(store), venue.url, str(TRADES)]
    end, acknowledged = "", set()
    for step in (*STEPS, "never"):
        left = 2  # of that step
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            for line in child.stdout:
                word, _, what = line.strip().partition(" ")
                acknowledged |= {what} if word == "written" else set()
                end = line
                left -= word == step
                if not left:
                    os.kill(child.pid, signal.SIGKILL)
                    break
            said = child.stderr.read()
        assert child.returncode == (0 if step == "never" else -signal.SIGKILL), said
    host = json.loads(end)
    client = host_client(venue.url)
    rows = client.private_get_trade_orders_history({"instType": "SWAP", "limit": "100"})["data"]
    at_okx = Counter(row["clOrdId"] for row in rows)
    assert max(at_okx.values()) == 1
    wrote = host["ids"]
    assert len(set(wrote)) == len(wrote)
    assert set(wrote) <= set(at_okx)
    assert acknowledged <= set(wrote), "what on_trade had saved"
    unwritten = len(at_okx) - len(wrote)
    assert unwritten <= len(STEPS), "only an order in the moment of a kill is not in the ledger"
    assert sorted(wrote) == sorted(one for sent in host["agents"].values() for one in sent)
    (position,) = client.private_get_account_positions()["data"] or [{"pos": "0"}]
    state = state_from(restore(LocalFs(store)).documents)
    held = [p.qty_contracts for book in state.private_ledgers.values() for p in book.positions]
    signed = sum((Decimal(str(one)) for one in held), Decimal(0))
    assert signed == Decimal(position["pos"])
    assert not state.intents, "every order is settled"


def test_the_guide_trades_as_printed(tmp_path: Path, venue: Any) -> None:
    """Its loop's body on its own bot, with a client, and the same once more afterwards."""
    page = Path(prometheus_persist.__path__[0]) / "docs/attach.md"
    system, _, order, _ = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)
    order = order.replace('"persistence"', repr(str(tmp_path / "s")))
    module = types.ModuleType("bot")
    sys.modules["bot"] = module
    try:
        exec(system, vars(module))
        for _ in range(2):
            bot = module.Bot()
            bot.okx = host_client(venue.url)
            names = {"bot": bot, "attach": attach, "contracts": contracts}
            exec(order, names)
    finally:
        del sys.modules["bot"]
    state = state_from(restore(LocalFs(tmp_path / "s")).documents)
    (position,) = state.private_ledgers["LiveAgent_01"].positions
    assert position.qty_contracts == contracts("0.2")
    (row,) = bot.okx.private_get_account_positions()["data"]
    assert Decimal(row["pos"]) == Decimal("0.2")


def test_the_exchange_is_where_the_root_says_or_refused_by_name(tmp_path: Path, venue: Any) -> None:
    for wrong, message in (("trading.okex", "Trading has no attribute 'okex'"), ("", "''")):
        with pytest.raises(BadConfig, match=message):
            attach(Bot(venue.url), tmp_path / "s", modules=["attached_bot"], exchange=wrong)
    with attach(Bot(venue.url), tmp_path / "s", modules=["attached_bot"]) as p:
        with pytest.raises(BadConfig, match=r"attach\(\.\.\., exchange="):
            p.recover()
        with pytest.raises(Frozen):
            p.order_intent("Fast", BTC, "buy", contracts("1"))
    bot = Bot(venue.url)
    with attach(
        bot, tmp_path / "s", modules=["attached_bot"], exchange=bot.trading.okx, settings=AT_ONCE
    ) as p:
        assert p.report is not None
        assert p.session.may_trade
        assert p.recover() is p.report


def test_a_class_whose_settled_records_change_is_said_in_the_log_once(
    tmp_path: Path, venue: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Bot(venue.url)
    bot.ledger = [{"id": n, "agent": None} for n in range(200)]
    caplog.set_level("INFO", logger="prometheus_persist.attach")
    with attach(bot, tmp_path / "s", modules=["attached_bot"]) as p:
        for n in range(12):
            bot.ledger[n]["id"] = -n
            p.on_cycle(n + 1)
        count = p.late["builtins:dict"]
        assert p.check() == [f"late: builtins:dict: {count}"], "named and counted, and all is saved"
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith("late: builtins:dict: ")
