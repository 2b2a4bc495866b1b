"""The command line: what it prints, what it leaves untouched, and what it exits with."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from freezegun import freeze_time
from typer.testing import CliRunner

import fakeokx
from chaos.workload.clients import client_of
from prometheus_persist.cli.app import app
from prometheus_persist.cli.ending import default_language
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, contracts

HOLDS = """
import sys
from prometheus_persist import Session
with Session.open(sys.argv[1]):
    print(flush=True)
    sys.stdin.read()
"""
KEYS = {
    "OKX_API_KEY": fakeokx.DEFAULT_KEY,
    "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
    "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
}


def run(*arguments, env=None):
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env or {})


def files_of(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def store(tmp_path):
    """A store with three agents, a few commits, readable files and a snapshot."""
    root = tmp_path / "persistence"
    session = Session.open(root)
    for number in range(3):
        session.add_agent(Agent(agent_id=f"LiveAgent_0{number}", current_capital=Decimal(1000)))
    for cycle in range(1, 11):
        session.state.supervisor.system_cycle_count = cycle
        session.save("test")
    session.checkpoint()
    session.snapshot()
    session.state.supervisor.system_cycle_count = 11
    session.close()
    return root


def test_status_describes_the_store_and_changes_no_byte(store):
    before = files_of(store)
    said = run("status", "--dir", store, "--json")
    assert said.exit_code == 0
    found = json.loads(said.stdout)
    assert (found["agents"], found["cycles"], found["fresh"]) == (3, 11, False)
    assert files_of(store) == before


def test_verify_names_the_damaged_file_and_restore_repairs_it(store):
    (store / "incremental/checkpoint_latest.json").write_text("x\n")
    said = run("verify", "--dir", store, "--json")
    assert said.exit_code == 0
    (damage,) = json.loads(said.stdout)["damages"]
    assert damage["file"] == "incremental/checkpoint_latest.json"
    assert run("restore", "--dir", store).exit_code == 0
    assert json.loads(run("verify", "--dir", store, "--json").stdout)["sound"]


def test_damage_beyond_the_promise_is_exit_4_with_file_and_next_step_and_no_traceback(store):
    for copy in ("incremental/journal", "mirror"):
        for segment in (store / copy).iterdir():
            segment.write_bytes(segment.read_bytes()[:400])
    for snapshot in (store / "snapshots").iterdir():
        snapshot.unlink()
    said = run("restore", "--dir", store, "--lang", "en")
    assert said.exit_code == 4
    assert "incremental/journal" in said.stderr
    assert "next:" in said.stderr
    assert "Traceback" not in said.stderr + said.stdout


def test_an_earlier_moment_goes_into_a_store_of_its_own(store, tmp_path):
    before = files_of(store)
    newest = json.loads(run("status", "--dir", store, "--json").stdout)
    newest |= json.loads(run("verify", "--dir", store, "--json").stdout)
    said = run("restore", "--dir", store, "--seq", 10, "--into", tmp_path / "earlier", "--json")
    assert said.exit_code == 0
    earlier = json.loads(run("status", "--dir", tmp_path / "earlier", "--json").stdout)
    earlier |= json.loads(run("verify", "--dir", tmp_path / "earlier", "--json").stdout)
    assert earlier["digest"] == json.loads(said.stdout)["digest"] != newest["digest"]
    assert earlier["epoch"] > newest["epoch"], "clOrdIds of the old store must not come again"
    assert files_of(store) == before
    again = run("restore", "--dir", store, "--seq", 10, "--into", tmp_path / "earlier")
    assert again.exit_code == 2
    assert run("restore", "--dir", store, "--seq", 10).exit_code == 2
    assert run("restore", "--dir", store, "--seq", 10_000, "--dry-run").exit_code == 2


def test_a_time_is_taken_as_utc_and_finds_what_was_there_then(tmp_path):
    root = tmp_path / "persistence"
    with freeze_time("2026-03-01T10:00:00Z"):
        session = Session.open(root)
        session.state.supervisor.system_cycle_count = 1
        session.save("test")
        session.close()
    with freeze_time("2026-03-01T11:00:00Z"):
        session = Session.open(root)
        session.state.supervisor.system_cycle_count = 2
        session.save("test")
        session.close()
    into = tmp_path / "then"
    said = run("restore", "--dir", root, "--at", "2026-03-01T10:30:00", "--into", into)
    assert said.exit_code == 0, said.output
    assert json.loads(run("status", "--dir", into, "--json").stdout)["cycles"] == 1
    assert run("restore", "--dir", root, "--at", "yesterday", "--dry-run").exit_code == 2
    assert run("restore", "--dir", root, "--at", "2020-01-01", "--dry-run").exit_code == 2


def test_dry_run_writes_nothing_at_all(store):
    before = files_of(store)
    assert run("restore", "--dir", store, "--dry-run").exit_code == 0
    assert files_of(store) == before


def test_a_store_in_use_is_exit_6_and_names_the_holder(store):
    command = [sys.executable, "-c", HOLDS, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        said = run("save", "--dir", store, "--lang", "en")
        holder.communicate()
    assert said.exit_code == 6
    assert f"in use by another process (pid {holder.pid})" in said.stderr


def test_save_takes_a_snapshot_that_holds_everything(store):
    said = run("save", "--dir", store, "--json")
    assert said.exit_code == 0
    assert Path(json.loads(said.stdout)["snapshot"]).is_file()


def test_an_unknown_language_is_a_usage_error(store):
    assert run("status", "--dir", store, "--lang", "fr").exit_code == 2


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "PERSIST_LANG": "zh"}, "zh"),
    ],
)
def test_the_language_follows_the_locale(environ, language):
    assert default_language(environ) == language


def test_every_command_has_help_that_names_the_exit_codes():
    listed = run("--help").stdout
    names = re.findall(r"^  (\w+)  ", listed, re.MULTILINE)
    assert {"demo", "status", "save", "restore", "reconcile", "verify"} <= set(names)
    for name in {"status", "save", "restore", "reconcile", "verify"}:
        said = run(name, "--help")
        assert said.exit_code == 0
        assert "Exit codes" in said.stdout


def test_a_terminal_is_not_needed_and_a_pipe_gets_no_colour(store):
    done = subprocess.run(
        [sys.executable, "-m", "prometheus_persist.cli", "status", "--dir", store, "--lang", "zh"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "存储状态" in done.stdout
    assert "\x1b" not in done.stdout


class TestReconcile:
    """``reconcile`` against a real exchange process through unmodified ccxt."""

    @pytest.fixture
    def venue(self, tmp_path):
        with fakeokx.launch(tmp_path / "venue") as venue:
            yield venue

    @pytest.fixture
    def books(self, store, venue):
        """A store whose first agent is long one BTC contract, in agreement with the exchange."""
        client = client_of(venue.url)
        reader = OkxReader(client)
        session = Session.open(store)
        assert session.recover(reader).decision == "go"
        with session.order_intent("LiveAgent_00", "BTC-USDT-SWAP", "buy", contracts("1")) as intent:
            row = {"instId": "BTC-USDT-SWAP", "side": "buy", "ordType": "market", "sz": "1"}
            answer = client.privatePostTradeOrder({**row, **intent.params})
            intent.ack(answer["data"][0])
        assert session.settle(reader, intent.cl_ord_id).outcome == "FILLED"
        session.close()
        return store

    def reconcile(self, books, venue, *more):
        return run("reconcile", "--dir", books, "--exchange", venue.url, *more, env=KEYS)

    def test_agreement_is_exit_0_and_changes_no_ledger(self, books, venue):
        said = self.reconcile(books, venue, "--json")
        assert said.exit_code == 0
        assert json.loads(said.stdout)["decision"] == "go"
        page = books.parent / "report.html"
        assert self.reconcile(books, venue, "--html", page).exit_code == 0
        assert "LiveAgent_00" in page.read_text(encoding="utf-8")

    def test_plan_writes_nothing_and_a_flip_needs_an_approval_by_hash(self, books, venue, tmp_path):
        venue.trade_by_hand("BTC-USDT-SWAP", "sell", "3")
        before, plan = files_of(books), tmp_path / "plan.json"
        assert self.reconcile(books, venue, "--plan", plan).exit_code == 3
        assert files_of(books) == before, "--plan wrote into the store"
        stopped = self.reconcile(books, venue, "--lang", "en")
        assert stopped.exit_code == 3
        assert "--apply" in stopped.stdout
        ledgers = [name for name in before if "ledger" in name]
        assert ledgers
        assert all(files_of(books)[name] == before[name] for name in ledgers)

        forged = tmp_path / "forged.json"
        forged.write_text(
            plan.read_text().replace(json.loads(plan.read_text())["plan"]["plan_hash"], "0" * 64)
        )
        assert self.reconcile(books, venue, "--apply", forged).exit_code == 2
        assert self.reconcile(books, venue, "--apply", plan).exit_code == 0
        assert self.reconcile(books, venue).exit_code == 0
        assert self.reconcile(books, venue, "--apply", plan).exit_code == 3, "a plan applies once"

    def test_an_approval_dies_when_the_view_has_changed(self, books, venue, tmp_path):
        venue.trade_by_hand("BTC-USDT-SWAP", "sell", "3")
        plan = tmp_path / "plan.json"
        assert self.reconcile(books, venue, "--plan", plan).exit_code == 3
        venue.trade_by_hand("BTC-USDT-SWAP", "sell", "1")
        assert self.reconcile(books, venue, "--apply", plan).exit_code == 3

    def test_an_unreachable_exchange_is_exit_5_and_nothing_is_called_flat(self, books, venue):
        venue.stop()
        before = files_of(books / "incremental" / "private_ledgers")
        said = self.reconcile(books, venue, "--json")
        assert said.exit_code == 5
        assert json.loads(said.stdout)["decision"] == "incomplete"
        assert files_of(books / "incremental" / "private_ledgers") == before

    def test_missing_keys_are_a_usage_error_that_names_them(self, books):
        said = run("reconcile", "--dir", books, env={"OKX_API_KEY": ""})
        assert said.exit_code == 2
        assert "OKX_API_SECRET" in said.stderr

    def test_what_is_no_plan_cannot_be_applied(self, books, venue, tmp_path):
        (tmp_path / "plan.json").write_text("{}")
        assert self.reconcile(books, venue, "--apply", tmp_path / "plan.json").exit_code == 2
