"""Positions that were not read, through the command that people use: nothing is called flat.

A failed, an empty, a stale and a capped answer to ``account/positions``: exit code 5 or 3, no order
sent, nothing closed but what an execution closed; where it failed, no byte of a ledger changed.
Once the exchange answers again the very same command books what had happened.
"""

import json
import os
import subprocess
import sys

import pytest

import fakeokx
from chaos.sweeps.outage_fixture import books_on
from chaos.workload.clients import client_of
from chaos.workload.population import newborn
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.session import Session
from prometheus_persist.state import contracts
from prometheus_persist.storage.fs import LocalFs

BTC, ETH, SOL = "BTC-USDT-SWAP", "ETH-USDT-SWAP", "SOL-USDT-SWAP"
EXIT_HUMAN, EXIT_VENUE = 3, 5
FIRST, SECOND = "private_ledgers/LiveAgent_01", "private_ledgers/LiveAgent_02"
UNREAD = {
    "failed": {"action": "error_before"},
    "failed, html of a gateway": {"action": "error_before", "form": "html", "status": 502},
    "no answer": {"action": "drop_answer"},
    "too often": {"action": "rate_limit"},
    "half of the bytes": {"action": "cut_body"},
    "empty": {"action": "empty"},
    "stale": {"action": "stale_positions"},
    "capped": {"action": "truncate", "keep": 1},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Two agents with three positions, one of them with a stop, and a trader who is gone."""
    root = tmp_path_factory.mktemp("unread")
    with fakeokx.launch(root / "venue") as venue:
        client = client_of(venue.url, 5_000)
        reader = OkxReader(client)
        session = Session.open(root / "store")
        assert session.recover(reader).decision == "go"
        names = [agent.agent_id for agent in (newborn(1, n, 0) for n in (1, 2))]
        session.add_agents([newborn(1, n, 0) for n in (1, 2)])
        for name, inst_id in zip((*names, names[1]), (BTC, ETH, SOL), strict=True):
            with session.order_intent(name, inst_id, "buy", contracts("3")) as intent:
                row = {"instId": inst_id, "tdMode": "cross", "side": "buy", "ordType": "market"}
                row |= {"sz": "3", "clOrdId": intent.cl_ord_id, "tag": intent.intent.tag}
                intent.ack(client.private_post_trade_order(row)["data"][0])
            session.settle(reader, intent.cl_ord_id)
        with session.order_intent(
            names[0], BTC, "sell", contracts("3"), kind="algo", ord_type="conditional",
            trigger_px="49000", reduce_only=True,
        ) as stop:  # fmt: skip
            row = {"instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional"}
            row |= {"sz": "3", "slTriggerPx": "49000", "slOrdPx": "-1", "reduceOnly": "true"}
            row |= {"algoClOrdId": stop.cl_ord_id, "tag": stop.intent.tag}
            stop.ack(client.private_post_trade_order_algo(row)["data"][0])
        session.close()
        venue.checkpoint("gone")
        yield root / "store", venue


def ledgers(store):
    """Every document and record, and every byte of the ledgers that people read."""
    readable = {
        path.name: path.read_bytes()
        for glob in ("public_ledger.json", "private_ledgers/*.json", "agents/*.json")
        for path in sorted((store / "incremental").glob(glob))
    }
    assert len(readable) == 5
    return books_on(LocalFs(store)), readable


def held(store):
    """Who holds what; of the first one the stop has fired, which executions prove."""
    documents = ledgers(store)[0]["documents"]
    return {
        key: [(each["inst_id"], each["qty_contracts"]) for each in document["positions"]]
        for key, document in documents.items()
        if key.startswith("private_ledgers/")
    }


def market(venue):
    truth = venue.truth()
    return {name: truth[name] for name in ("orders", "algos", "fills", "positions")}


def reconcile(store, venue):
    command = [sys.executable, "-m", "prometheus_persist.cli", "reconcile", "--yes", "--json"]
    command += ["--dir", str(store), "--exchange", venue.url, "--lang", "en"]
    keys = {
        "OKX_API_KEY": fakeokx.DEFAULT_KEY,
        "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
        "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
    }
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **keys}, timeout=120
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", UNREAD)
def test_positions_that_were_not_read_are_not_flat(stage, name, tmp_path):
    store, venue = stage
    mine = tmp_path / "store"
    subprocess.run(["cp", "-a", str(store), str(mine)], check=True)
    venue.rewind("gone")
    venue.set_faults([{**UNREAD[name], "path": "account/positions", "times": 0}])
    venue.price(BTC, "48900")  # the stop fires: there is something to book, once all is read
    before, there = ledgers(mine), market(venue)
    code, told, said = reconcile(mine, venue)
    assert [rule["fired"] > 0 for rule in venue.faults()] == [True]
    assert code in (EXIT_HUMAN, EXIT_VENUE), said
    assert told["decision"] in ("incomplete", "human")
    assert held(mine) == held(store) | ({FIRST: []} if told["applied"] else {})
    assert told["applied"] or ledgers(mine) == before
    assert market(venue) == there
    venue.set_faults([])
    code, told, said = reconcile(mine, venue)
    assert code == 0, said
    assert told["applied"] is True
    assert held(mine) == {FIRST: [], SECOND: [(ETH, "3"), (SOL, "3")]}
    assert market(venue) == there
