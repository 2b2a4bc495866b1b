"""One natural mistake leaves a way out: it is refused or settled, and ``orders`` shows it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import fakeokx
from chaos.workload.clients import host_client
from prometheus_persist import Agent, OkxReader, Session, contracts
from prometheus_persist.cli.app import app
from prometheus_persist.errors import BadConfig, BadValue, Frozen
from prometheus_persist.session import Settings
from prometheus_persist.session.freezing import frozen
from prometheus_persist.state import FreezeState

BTC = "BTC-USDT-SWAP"


@pytest.fixture
def okx(tmp_path: Path) -> Iterator[Any]:
    with fakeokx.launch(tmp_path / "venue") as venue:
        yield host_client(venue.url)


@pytest.fixture
def session(tmp_path: Path, okx: Any) -> Iterator[Session]:
    session = Session.open(tmp_path / "s", settings=Settings(in_flight_ms=0, index_lag_ms=0))
    session.add_agent(Agent(agent_id="A", current_capital="1000"))
    assert session.recover(OkxReader(okx)).decision == "go"
    yield session
    session.close(save=False)


def orders(session: Session) -> str:
    """What the command shows beside the running host."""
    done = CliRunner().invoke(app, ["orders", "-d", str(session.directory), "--lang", "en"])
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "BTC/USDT", "btc-usdt-swap", "BTCUSDT"])
def test_a_symbol_of_another_form_is_refused_with_the_right_name(
    symbol: str, session: Session
) -> None:
    """Before anything is durable."""
    with pytest.raises(BadValue, match="did you mean BTC-USDT-SWAP"):
        session.order_intent("A", symbol, "buy", contracts("0.1"))
    assert "no order is open" in orders(session)


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "BTC-USDT", "btc-usdt-swap", "BTC-USDT-SWP"])
def test_a_brake_on_a_name_that_no_contract_has_is_refused(symbol: str, session: Session) -> None:
    """It would say that the instrument is frozen, and let every order pass."""
    with pytest.raises(BadValue, match="did you mean BTC-USDT-SWAP"):
        session.freeze(symbol, "it falls")
    assert session.state.freeze.instruments == {}
    session.freeze(BTC, "it falls")
    assert not session.may_trade_on(BTC)


def test_a_brake_on_what_the_exchange_lists_holds_whatever_the_form_of_its_name() -> None:
    """Once it was read its list decides, also of a contract that cannot be traded here."""
    listed = {"1000x-USDT-SWAP": "", "BTC-USD-SWAP": "the books keep linear contracts only"}
    for name in listed:
        assert name in frozen(FreezeState(), name, "it falls", 1, listed).instruments
    with pytest.raises(BadValue, match="the exchange lists no"):
        frozen(FreezeState(), BTC, "it falls", 1, listed)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("BTC/USDT:USDT", BTC),
        ("ETH/USDT", "ETH-USDT-SWAP"),
        ("eth-usdt-swap", "ETH-USDT-SWAP"),
        ("BTCUSDT", BTC),
        ("BTC-USDT", BTC),
        ("BTC/USDT:USDT-261225", "BTC-USDT-261225"),
        ("everything", BTC),
    ],
)
def test_the_command_that_asks_no_exchange_knows_the_form_of_a_name(
    said: str, meant: str, tmp_path: Path
) -> None:
    store = tmp_path / "s"
    Session.open(store).close()
    done = CliRunner().invoke(app, ["freeze", said, "--reason", "it falls", "-d", str(store)])
    assert (done.exit_code, f"like {meant}\n" in done.stderr) == (2, True), done.stderr
    for right in (BTC, "ETH-USDT-261225", "BTC-USD_UM-SWAP"):
        done = CliRunner().invoke(app, ["freeze", right, "--reason", "it falls", "-d", str(store)])
        assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("call", ["recover", "settle", "on_cycle"])
def test_a_client_in_the_place_of_a_reader_is_named(call: str, session: Session, okx: Any) -> None:
    """It is the first thing that somebody has who knows ccxt; a reader is made of it."""
    words = {"recover": (okx,), "settle": (okx, "none"), "on_cycle": (1, okx)}[call]
    with pytest.raises(BadConfig, match=r"ccxt\.okx\.okx is no reader .* OkxReader\(okx\)"):
        getattr(session, call)(*words)
    assert session.may_trade


@pytest.mark.parametrize("recovered", [True, False])
def test_a_refused_order_names_the_command_for_this_store_and_this_account(
    recovered: bool, okx: Any, tmp_path: Path
) -> None:
    """What is pasted from under the traceback is about the store that refused."""
    store = tmp_path / "my store"
    with Session.open(store) as session:
        session.add_agent(Agent(agent_id="A", current_capital="1000"))
        if recovered:
            session.recover(OkxReader(okx))
            session.freeze(BTC, "it falls")
        with pytest.raises(Frozen) as refused:
            session.order_intent("A", BTC, "buy", contracts("1"))
    (note,) = refused.value.__notes__
    helps = f"unfreeze {BTC} --reason '…'" if recovered else "reconcile"
    assert note == f"next: prometheus-persist {helps} --dir '{store}'"
    url = OkxReader(okx).url
    assert (f"--exchange {url} --live" in refused.value.options) == recovered


def test_an_order_refused_as_it_is_sent_names_the_command_for_this_store(
    session: Session, okx: Any
) -> None:
    """A brake was put on between the intent and its sending; a closing that finds the gate shut."""
    place = f"--dir {session.directory}"
    with session.order_intent("A", BTC, "buy", contracts("0.1")) as intent:
        session.freeze(BTC, "it falls")
        with pytest.raises(Frozen) as refused:
            _ = intent.params
    assert refused.value.__notes__ == [
        f"next: prometheus-persist unfreeze {BTC} --reason '…' {place}"
    ]
    reader = OkxReader(okx)
    session.recover(reader, policy="observe")
    with pytest.raises(Frozen) as shut:
        session.flatten(reader, lambda *_: {})
    at = f"{place} --exchange {reader.url} --live"
    assert shut.value.__notes__ == [f"next: prometheus-persist reconcile {at}"]


@pytest.mark.parametrize("cycle", [-1, True, 1.0, "1", None])
@pytest.mark.parametrize("call", ["on_cycle", "sync_due"])
def test_what_is_no_number_of_a_cycle_is_refused(call: str, cycle: Any, session: Session) -> None:
    """Minus one says that a loop counts wrongly; nothing is saved under it."""
    seq = session.seq
    with pytest.raises(BadValue, match=f"a cycle is a whole number, 0 or more, not {cycle!r}"):
        getattr(session, call)(cycle, *([None] if call == "sync_due" else []))
    assert session.seq == seq


@pytest.mark.parametrize("settings", [{}, {"mirror": "ack"}, "settings.json"])
def test_a_table_in_the_place_of_settings_is_refused(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"settings are a Settings\(save_every_cycles=1, …\), not "):
        Session.open(tmp_path / "store", settings=settings)
    assert not (tmp_path / "store").exists()


def test_an_exception_between_intent_and_order_is_shown_and_settled(
    session: Session, okx: Any
) -> None:
    """The intent is there with why, and that nothing was sent; asked for, it ends; the next order
    passes."""

    def step() -> None:
        with session.order_intent("A", BTC, "buy", contracts("0.1")):
            raise KeyError("price")

    with pytest.raises(KeyError):
        step()
    (name,) = session.state.intents
    assert name in orders(session)
    assert "no answer seen: KeyError('price'); intent.params was never taken" in orders(session)
    (ended,) = session.settle_unknown(OkxReader(okx))
    assert ended.outcome == "REJECTED"
    assert "no order is open" in orders(session)
    with session.order_intent("A", BTC, "buy", contracts("0.1")) as intent:
        intent.ack(okx.create_order("BTC/USDT:USDT", "market", "buy", 0.1, None, intent.params))
    assert session.settle(OkxReader(okx), intent.cl_ord_id).outcome == "FILLED"


def test_forgotten_params_are_named_and_what_the_order_did_can_be_given_to_its_agent(
    session: Session, okx: Any
) -> None:
    """ccxt gives the order an id of its own: the answer is refused with the exchange's id, shown,
    and ends; what it did is nobody's and in sight, until somebody says whose it is."""
    reader = OkxReader(okx)

    def step() -> None:
        with session.order_intent("A", BTC, "buy", contracts("0.1")) as intent:
            margin = {"tdMode": "cross"}
            intent.ack(okx.create_order("BTC/USDT:USDT", "market", "buy", 0.1, None, margin))

    with pytest.raises(BadValue, match=r"sent without intent\.params, as order \d+ of no agent"):
        step()
    assert "sent without intent.params, as order" in orders(session)
    facts = session.sync(reader)
    assert (facts.decision, facts.frozen_instruments) == ("go_restricted", (BTC,))
    assert "no order is open" in orders(session)
    session.adopt(okx.fetch_positions(), {BTC: "A"})
    session.unfreeze(BTC, "A's order, sent without its params")
    assert session.sync(reader).decision == "go"
    (position,) = session.state.private_ledgers["A"].positions
    assert str(position.qty_contracts) == "0.1"


def ran(*words: object) -> tuple[int, str]:
    """A command in English; its code, and what it said on stderr."""
    done = CliRunner().invoke(app, [*map(str, words), "--lang", "en"])
    return done.exit_code, done.stderr


@pytest.mark.parametrize(
    "words",
    [("explore", "--out"), ("reconcile", "--yes", "--html"), ("reconcile", "--plan")],
)
def test_a_file_that_has_no_directory_is_refused_before_anything_is_done(
    words: tuple[str, ...], session: Session, tmp_path: Path
) -> None:
    """It is a slip of the keyboard: no disk is full, and nothing was corrected by then."""
    nowhere = tmp_path / "nowhere" / "report.html"
    code, said = ran(*words, nowhere, "--dir", session.directory)
    assert (code, f"there is no directory {nowhere.parent}" in said) == (2, True), said
    code, said = ran(*words, tmp_path, "--dir", session.directory)
    assert (code, f"{tmp_path} is a directory; name a file" in said) == (2, True), said


def test_what_is_a_part_of_a_store_names_the_store(session: Session) -> None:
    store = session.directory
    for part in ("mirror", "incremental", "incremental/journal", "incremental/agents", "snapshots"):
        (store / part).mkdir(exist_ok=True)
        code, said = ran("status", "--dir", store / part)
        assert (code, f"it is a part of the store at {store}" in said) == (2, True), (part, said)


def test_a_second_copy_alone_says_how_it_is_brought_back(session: Session, tmp_path: Path) -> None:
    """All that is left is the mirror: what is said, done, restores everything."""
    seq, store, new = session.seq, session.directory, tmp_path / "new"
    session.close(save=False)
    shutil.copytree(store / "mirror", tmp_path / "left" / "of it")
    code, said = ran("restore", "--dir", tmp_path / "left" / "of it")
    assert (code, "copy it to NEWDIR/mirror, and restore with --dir NEWDIR" in said) == (2, True)
    shutil.copytree(tmp_path / "left" / "of it", new / "mirror")
    assert ran("restore", "--dir", new)[0] == 0
    with Session.open(new) as again:
        assert again.seq >= seq
        assert "A" in again.state.agents


def test_a_moment_before_the_first_commit_is_told_as_a_time(
    session: Session, tmp_path: Path
) -> None:
    code, said = ran(
        "restore", "--at", "2020-01-01", "--into", tmp_path / "n", "--dir", session.directory
    )
    assert code == 2
    assert "nothing was saved by 2020-01-01T00:00:00.000+00:00" in said
    assert "the first is of 20" in said
    code, said = ran(
        "restore", "--at", "2999-01-01", "--into", tmp_path / "n", "--dir", session.directory
    )
    assert (code, "2999-01-01T00:00:00.000+00:00 lies in the future" in said) == (2, True), said
