"""A bot that is not ours, made crash-safe by ``init`` and ``wrap`` without an edit, and killed.

``WRAP_KILLS=100 pytest -n0 tests/prometheus_persist/test_wrapping_killed.py`` is the long run.
"""

from __future__ import annotations

import ast
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import fakeokx
from chaos.workload.clients import host_client
from prometheus_persist.recovery import restore
from prometheus_persist.state import Contracts, state_from
from prometheus_persist.storage.fs import LocalFs

HERE = Path(__file__).parent
BOT = HERE / "stranger_bot.py"
KILLS = int(os.environ.get("WRAP_KILLS", "5"))
KEYS = {
    "OKX_API_KEY": fakeokx.DEFAULT_KEY,
    "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
    "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
    "PERSIST_IN_FLIGHT_MS": "0",
    "PERSIST_INDEX_LAG_MS": "0",
    "PYTHONHASHSEED": "0",
}


def initiated(at: Path) -> Path:
    """``init`` as a user calls it; its file is used as it is."""
    command = [sys.executable, "-m", "prometheus_persist", "init", str(BOT)]
    subprocess.run(command, cwd=at, check=True, capture_output=True)
    return at / "persist_host.py"


def orders_at(client: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        more = {"after": rows[-1]["ordId"]} if rows else {}
        asked = {"instType": "SWAP", "limit": "100", **more}
        page = client.private_get_trade_orders_history(asked)["data"]
        rows += page
        if len(page) < 100:
            return rows


def killed(command: list[str], at: Path, env: dict[str, str], chance: random.Random) -> None:
    """One life: SIGKILLed at a random moment, as it starts or while it trades."""
    child = subprocess.Popen(
        command, cwd=at, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stderr is not None
        if chance.random() < 0.2:
            time.sleep(chance.random() * 1.5)
        else:
            left = chance.randrange(1, 4)  # printed cycles
            for _ in range(left):
                child.stdout.readline()
            time.sleep(chance.random() * 0.3)
        os.kill(child.pid, signal.SIGKILL)
        said = child.stderr.read()
    assert child.returncode == -signal.SIGKILL, said


@pytest.mark.timeout(240 + 60 * KILLS)
def test_a_bot_that_is_not_ours_is_killed_and_goes_on(tmp_path: Path) -> None:
    """No order lost or doubled, and its own attributes are those of the last commit."""
    said = initiated(tmp_path)
    command = [sys.executable, str(HERE / "wrapped_child.py"), str(said), str(BOT)]
    chance = random.Random(8)
    with fakeokx.launch(tmp_path / "venue") as venue:
        witness = tmp_path / "witness"
        env = {**os.environ, **KEYS, "BOT_URL": venue.url, "WITNESS": str(witness)}
        for _ in range(KILLS):
            killed(command, tmp_path, env | {"BOT_CYCLES": "100000"}, chance)
        last = restore(LocalFs(tmp_path / "persistence")).documents["host/kept"]
        cycles = str(last["values"]["cycle"] + 2)
        done = subprocess.run(
            command, cwd=tmp_path, env=env | {"BOT_CYCLES": cycles}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        end = done.stdout.splitlines()[-1].removeprefix("done ")
        ids: list[str] = ast.literal_eval(end[: end.index("]") + 1])
        assert end.endswith(" 0"), "the bot saw no order of its own refused"
        client = host_client(venue.url)
        rows = orders_at(client)
        positions = client.private_get_account_positions()["data"]
    _exact(witness.read_text().splitlines())
    at_okx = Counter(row["clOrdId"] for row in rows)
    assert max(at_okx.values()) == 1
    assert len(rows) > KILLS
    found = restore(LocalFs(tmp_path / "persistence"))
    state = state_from(found.documents)
    assert not state.intents, "every order is settled"
    booked = Counter(str(row["cl_ord_id"]) for row in found.streams["public_trades"])
    assert booked == at_okx, "each is in the books, once"
    own = {row["ordId"] for row in rows}
    assert len(set(ids)) == len(ids)
    assert set(ids) <= own
    assert len(own) - len(ids) <= KILLS, "only an order in the moment of a kill"
    held = [p.qty_contracts for book in state.private_ledgers.values() for p in book.positions]
    signed = sum((one.value for one in held if isinstance(one, Contracts)), Decimal(0))
    assert signed == sum((Decimal(row["pos"]) for row in positions), Decimal(0))


def _exact(lines: list[str]) -> None:
    """What a restore gave is what its commit was seen to hold."""
    saved: dict[str, str] = {}
    compared = 0
    for line in lines:
        word, seq, told = line.split()
        if word == "saved":
            saved[seq] = told
        elif seq in saved:
            assert told == saved[seq], f"commit {seq}"
            compared += 1
    assert compared >= max(1, KILLS // 2), compared
