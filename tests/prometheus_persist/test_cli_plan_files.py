"""What a plan file is worth: its content, for one store, one account, and demo trading or real.

Every refusal is said by name, and not one byte of the store changes.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakekit import AGENTS, BTC, KEYS, booked, files_of, founded, held, opened, reader_of
from test_report_every_kind import UNSAID
from typer.testing import CliRunner, Result

import prometheus_persist.cli.recovering as recovering
from prometheus_persist.cli.app import app
from prometheus_persist.cli.venue import venue_reader
from prometheus_persist.session import plan_only

fakeokx = pytest.importorskip("fakeokx")

ONE, TWO, _ = AGENTS
OTHER = {"OKX_API_KEY": "other-key", "OKX_API_SECRET": "s", "OKX_API_PASSPHRASE": "p"}


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with fakeokx.launch(tmp_path_factory.mktemp("venue")) as running:
        running.open_account("other")
        running.add_key("other-key", "s", "p", account="other")
        yield running


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, venue: Any) -> tuple[Path, Path]:
    """A store in which a shared position was closed by hand, and its plan; nobody changes them."""
    place = tmp_path_factory.mktemp("asked")
    session = founded(place / "store", venue)
    booked(session, venue, ONE, "buy", "5")
    booked(session, venue, TWO, "buy", "3")
    session.close()
    venue.trade_by_hand(BTC, "sell", "8")
    plan = place / "plan.json"
    assert reconcile(place / "store", venue, "--plan", plan).exit_code == 3
    assert plan.stat().st_mode & 0o777 == 0o600, "a plan tells of the books"
    return place / "store", plan


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env or KEYS)


def reconcile(root: Path, venue: Any, *more: object, env: dict[str, str] | None = None) -> Result:
    words = ("reconcile", "-d", root, "--exchange", venue.url, "--lang", "en", *more)
    return run(*words, env=env)


def changed(plan: Path, how: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of the file with something in it changed."""
    found = json.loads(plan.read_text(encoding="utf-8"))
    how(found)
    copy = plan.with_name("changed.json")
    copy.write_text(json.dumps(found), encoding="utf-8")
    return copy


def first(plan: Path) -> dict[str, Any]:
    [one] = json.loads(plan.read_text(encoding="utf-8"))["plan"]["findings"]
    assert isinstance(one, dict)
    return one


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "emptied": lambda file: file["plan"].update(findings=[]),
    "another quantity": lambda file: file["plan"]["findings"][0]["corrections"][0].update(part="x"),
    "another choice": lambda file: file["plan"]["findings"][0].update(chosen="nobody"),
    "another store": lambda file: file["plan"]["bound"].update(store_id="zzzz"),
    "another account": lambda file: file["plan"]["bound"].update(uid="1"),
    "real for demo": lambda file: file["plan"]["bound"].update(environment="live"),
    "one more field": lambda file: file["plan"].update(more=1),
    "another hash": lambda file: file["plan"].update(plan_hash="0" * 64),
}


@pytest.mark.parametrize("how", CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_was_changed_is_refused(
    asked: tuple[Path, Path], venue: Any, how: Callable[[dict[str, Any]], object]
) -> None:
    root, plan = asked
    before = files_of(root)
    said = reconcile(root, venue, "--apply", changed(plan, how))
    assert said.exit_code == 2, said.output
    assert "was changed since it was written" in said.stderr
    assert files_of(root) == before


def ledgers(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in files_of(root).items() if "ledger" in name}


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"plan": null}', '{"plan": {"x": 1}}', "\xff"]
)
def test_what_is_no_plan_is_refused(
    asked: tuple[Path, Path], venue: Any, tmp_path: Path, content: str
) -> None:
    root, _ = asked
    before = files_of(root)
    file = tmp_path / "p.json"
    file.write_text(content, encoding="latin-1")
    said = reconcile(root, venue, "--apply", file)
    assert said.exit_code == 2, said.output
    assert "is not a plan" in said.stderr
    assert reconcile(root, venue, "--apply", tmp_path / "none.json").exit_code == 2
    assert files_of(root) == before


def test_another_stores_plan_is_refused(
    asked: tuple[Path, Path], venue: Any, tmp_path: Path
) -> None:
    _, plan = asked
    founded(tmp_path / "mine", venue).close()
    before = files_of(tmp_path / "mine")
    said = reconcile(tmp_path / "mine", venue, "--apply", plan)
    assert said.exit_code == 2, said.output
    assert "is the plan of another store" in said.stderr
    assert files_of(tmp_path / "mine") == before


def test_a_demo_plan_is_refused_on_live_and_the_other_way(
    asked: tuple[Path, Path], venue: Any, tmp_path: Path
) -> None:
    root, plan = asked
    before = files_of(root)
    said = reconcile(root, venue, "--apply", plan, "--live")
    assert said.exit_code == 2, said.output
    assert "is a plan for demo trading, and this command is for live" in said.stderr
    live = tmp_path / "live.json"
    reconcile(root, venue, "--plan", live, "--live")
    said = reconcile(root, venue, "--apply", live)
    assert said.exit_code == 2, said.output
    assert "is a plan for live, and this command is for demo trading" in said.stderr
    assert files_of(root) == before


def test_another_accounts_plan_is_refused(asked: tuple[Path, Path], venue: Any) -> None:
    root, plan = asked
    before = files_of(root)
    said = reconcile(root, venue, "--apply", plan, env=OTHER)
    assert said.exit_code == 2, said.output
    assert "is a plan for account" in said.stderr
    assert files_of(root) == before


def test_a_source_that_fails_makes_no_plan_stale(
    asked: tuple[Path, Path], venue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is looked at, and when it is applied: nobody can say whether it holds; ask again."""
    root, plan = tmp_path / "store", tmp_path / "plan.json"
    shutil.copytree(asked[0], root)
    assert reconcile(root, venue, "--plan", plan).exit_code == 3
    failing = [{"action": "error_before", "path": "account/positions", "times": 0}]
    before, look = ledgers(root), recovering.looked_at

    def looked_at(*given: Any) -> Any:
        venue.set_faults([])
        found = look(*given)
        venue.set_faults(failing)
        return found

    for _ in range(2):
        venue.set_faults(failing)
        said = reconcile(root, venue, "--apply", plan)
        assert said.exit_code == 5, said.output
        assert "stale" not in said.output
        assert "account/positions" in said.stdout
        assert ledgers(root) == before
        monkeypatch.setattr(recovering, "looked_at", looked_at)
    monkeypatch.undo()
    venue.set_faults([])
    assert reconcile(root, venue, "--apply", plan).exit_code == 0
    assert ledgers(root) != before


def test_a_stale_plan_is_refused(asked: tuple[Path, Path], venue: Any, tmp_path: Path) -> None:
    root, plan = asked
    old = tmp_path / "old.json"
    assert reconcile(root, venue, "--plan", old).exit_code == 3
    venue.trade_by_hand("ETH-USDT-SWAP", "buy", "1")
    before = files_of(root)
    for each in (old, plan):
        said = reconcile(root, venue, "--apply", each)
        assert said.exit_code == 3, said.output
        assert "is stale" in said.stderr
        assert "--plan" in said.stderr
    assert files_of(root) == before
    venue.trade_by_hand("ETH-USDT-SWAP", "sell", "1")


def test_choices_are_checked_before_anything_is_asked(asked: tuple[Path, Path], venue: Any) -> None:
    root, plan = asked
    name = first(plan)["finding_id"]
    before = files_of(root)
    for given, told in (
        (["nothing"], "write FINDING=ALTERNATIVE"),
        (["=close_all"], "write FINDING=ALTERNATIVE"),
        ([f"{name}="], "write FINDING=ALTERNATIVE"),
        (["B-000000000000=close_all"], f"it has: {name}"),
        ([f"{name}=best"], "it has: close_all, "),
        ([f"{name}=close_all", f"{name}=agent:{ONE}"], "chosen twice"),
    ):
        words = [word for each in given for word in ("--choose", each)]
        said = reconcile(root, venue, "--apply", plan, *words)
        assert said.exit_code == 2, said.output
        assert told in said.stderr
    assert reconcile(root, venue, "--choose", f"{name}=close_all").exit_code == 2
    assert reconcile(root, venue, "--plan", "p", "--adopt-account", "1").exit_code == 2
    assert files_of(root) == before


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_printed_command_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """A shared position closed by hand, a directory with a space; what the report says is done."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "my store"
    with fakeokx.launch(tmp_path / "venue") as venue:
        session = founded(root, venue)
        booked(session, venue, ONE, "buy", "5")
        booked(session, venue, TWO, "buy", "3")
        session.close()
        venue.trade_by_hand(BTC, "sell", "8")
        said = reconcile(root, venue, "--yes", "--lang", lang, "--json", "--html", "r.html")
        assert said.exit_code == 3, said.output
        told = json.loads(said.stdout)
        assert told["may_trade"]
        assert [one["inst_id"] for one in told["withheld"]] == [BTC]
        assert not UNSAID.search(said.stderr)
        page = Path("r.html").read_text(encoding="utf-8")
        commands = [one["command"] for one in told["next"]]
        assert commands
        for command in (*commands, *(one["command"] for one in told["choices"])):
            assert command in said.stderr
            assert command.split(" --dir ")[0] in page
        for command, code in zip(commands, (3, 0), strict=True):
            assert run(*shlex.split(command)[1:]).exit_code == code
        session = opened(root)
        assert (held(session, ONE), held(session, TWO)) == (0, 0)
        assert session.recover(reader_of(venue)).decision == "go"
        session.close(save=False)


def test_a_choice_is_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with fakeokx.launch(tmp_path / "venue") as venue:
        session = founded(tmp_path / "store", venue)
        booked(session, venue, ONE, "buy", "5")
        booked(session, venue, TWO, "buy", "3")
        session.close()
        venue.trade_by_hand(BTC, "sell", "3")
        said = reconcile(tmp_path / "store", venue, "--plan", "plan.json", "--json")
        choices = {one["alternative"]: one["command"] for one in json.loads(said.stdout)["choices"]}
        assert {"nobody", "pro_rata", f"agent:{ONE}", f"agent:{TWO}"} == set(choices)
        said = run(*shlex.split(choices[f"agent:{TWO}"])[1:], "--lang", "en")
        assert said.exit_code == 0, said.output
        assert f"correction: all of it to {TWO}" in said.stdout
        session = opened(tmp_path / "store")
        assert (held(session, ONE), held(session, TWO)) == (5, 0)
        session.close(save=False)


def test_the_wrong_environment_settles_nothing(tmp_path: Path) -> None:
    """Books that are kept for real trading, and a forgotten --live: exit 3, and one sentence."""
    root = tmp_path / "store"
    with fakeokx.launch(tmp_path / "venue") as venue:
        venue.add_key("live-key", "s", "p", environment="live")
        session = founded(root, venue)
        booked(session, venue, ONE, "buy", "5")
        session.close()
        live = {**OTHER, "OKX_API_KEY": "live-key"}
        reader = venue_reader(venue.url, sandbox=False, environ=live)
        assert plan_only(root, reader).plan is not None
        before = {name: data for name, data in files_of(root).items() if "ledger" in name}
        said = reconcile(root, venue, "--yes", "--live")
        assert said.exit_code == 3, said.output
        assert "(demo trading), and OKX answered for account" in said.stdout
        said = reconcile(root, venue, "--yes", env=live)
        assert said.exit_code == 5, said.output
        assert said.stdout.count("(OKX 50101)") == 1
        assert "use a demo key with --demo, a live key with --live" in said.stdout
        said = reconcile(root, venue, "--yes", "--lang", "zh", env=live)
        assert "模拟盘密钥配 --demo，实盘密钥配 --live" in said.stdout
        now = {name: data for name, data in files_of(root).items() if "ledger" in name}
        assert now == before


def test_another_account_is_adopted_only_by_its_number(tmp_path: Path) -> None:
    root = tmp_path / "store"
    with fakeokx.launch(tmp_path / "venue") as venue:
        venue.open_account("other")
        venue.deposit("USDT", "1000", account="other")
        venue.add_key("other-key", "s", "p", account="other")
        founded(root, venue).close()
        said = reconcile(root, venue, "--yes", "--json", env=OTHER)
        assert said.exit_code == 3, said.output
        steps = {one["step"]: one["command"] for one in json.loads(said.stdout)["next"]}
        assert set(steps) == {"step.right_keys", "step.adopt_account"}
        wrong = reconcile(root, venue, "--yes", "--adopt-account", "1", env=OTHER)
        assert wrong.exit_code == 3, wrong.output
        assert run(*shlex.split(steps["step.right_keys"])[1:]).exit_code == 0
        done = run(*shlex.split(steps["step.adopt_account"])[1:], "--lang", "en", env=OTHER)
        assert done.exit_code == 0, done.output
        assert reconcile(root, venue, "--yes", env=OTHER).exit_code == 0
        assert reconcile(root, venue, "--yes").exit_code == 3
