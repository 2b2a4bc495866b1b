"""``orders``: what is open, and how each of it is ended; against fakeokx."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from fakekit import (
    AGENTS,
    BTC,
    KEYS,
    booked,
    files_of,
    founded,
    held,
    opened,
    reader_of,
    sender_of,
    traded,
)
from typer.testing import CliRunner, Result

from prometheus_persist.cli.app import app
from prometheus_persist.session import Session
from prometheus_persist.state import contracts

fakeokx = pytest.importorskip("fakeokx")

ONE, TWO, _ = AGENTS


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env or KEYS)


def orders(root: Path, venue: Any, *words: object, env: dict[str, str] | None = None) -> Result:
    return run("orders", *words, "-d", root, "--exchange", venue.url, "--lang", "en", env=env)


def listed(root: Path) -> dict[str, dict[str, Any]]:
    said = run("orders", "-d", root, "--json")
    assert said.exit_code == 0, said.output
    return {row["cl_ord_id"]: row for row in json.loads(said.stdout)["orders"]}


def resting(session: Session, venue: Any) -> str:
    """A limit order far below the market, acknowledged."""
    px = "1000"
    with session.order_intent(ONE, BTC, "buy", contracts("1"), ord_type="limit", px=px) as intent:
        row = {"instId": BTC, "side": "buy", "ordType": "limit", "px": px, "sz": "1"}
        answer = sender_of(venue)._client.privatePostTradeOrder({**row, **intent.params})
        intent.ack(answer["data"][0])
    return intent.cl_ord_id


def stop_of(session: Session, venue: Any, agent: str, sz: str) -> str:
    """A stop that rests, acknowledged."""
    with session.order_intent(
        agent, BTC, "sell", contracts(sz), kind="algo", ord_type="conditional", trigger_px="1000",
        reduce_only=True,
    ) as intent:  # fmt: skip
        row = {"instId": BTC, "side": "sell", "ordType": "conditional", "sz": sz,
               "slTriggerPx": "1000", "slOrdPx": "-1"}  # fmt: skip
        client = sender_of(venue)._client
        params = {k: str(v).lower() if isinstance(v, bool) else v for k, v in intent.params.items()}
        intent.ack(client.privatePostTradeOrderAlgo({**row, **params})["data"][0])
    return intent.cl_ord_id


def never_sent(session: Session) -> str:
    with session.order_intent(TWO, BTC, "buy", contracts("1")) as intent:
        assert intent.params
    return intent.cl_ord_id


def test_orders_lists_what_is_open_beside_a_running_host(tmp_path: Path, venue: Any) -> None:
    root = tmp_path / "store"
    session = founded(root, venue)
    booked(session, venue, ONE, "buy", "2")
    rests, lost, stop = (
        resting(session, venue), never_sent(session), stop_of(session, venue, ONE, "2"),
    )  # fmt: skip
    session.wait()
    before = files_of(root)
    found = listed(root)
    assert set(found) == {rests, lost, stop}
    assert [found[name]["outcome"] for name in (rests, stop)] == ["ACCEPTED", "ACCEPTED"]
    assert not found[stop]["alone"]
    said = orders(root, venue)
    assert said.exit_code == 0, said.output
    for text in (rests, "Open orders: 3", f"{TWO} {BTC} buy 1 contracts", "(stop)", "OKX order "):
        assert text in said.stdout
    assert "未结订单: 3张" in run("orders", "-d", root, "--lang", "zh").stdout
    assert files_of(root) == before
    session.close()


def test_orders_settle_says_what_became_of_each(tmp_path: Path, venue: Any) -> None:
    root = tmp_path / "store"
    session = founded(root, venue, index_lag_ms=0)
    done, rests, lost = (
        traded(session, venue, ONE, "buy", "2"), resting(session, venue), never_sent(session),
    )  # fmt: skip
    session.close()
    said = orders(root, venue, "settle", done)
    assert said.exit_code == 0, said.output
    assert f"{done}: filled, 2 of 2 contracts booked" in said.stdout
    assert orders(root, venue, "settle", "nobody").exit_code == 2
    said = orders(root, venue, "settle", "--json")
    assert said.exit_code in (0, 5), said.output
    told = {row["cl_ord_id"]: row["outcome"] for row in json.loads(said.stdout)["orders"]}
    assert told[rests] == "ACCEPTED"
    assert told[lost] in ("REJECTED", "UNKNOWN", "PENDING")
    assert (said.exit_code == 5) == (told[lost] != "REJECTED")
    session = opened(root)
    assert held(session, ONE) == 2
    session.close(save=False)


def test_orders_give_up_needs_a_reason_and_is_in_the_audit(tmp_path: Path, venue: Any) -> None:
    root = tmp_path / "store"
    session = founded(root, venue)
    lost = never_sent(session)
    assert orders(root, venue, "give-up", lost, "--reason", "x").exit_code == 6
    session.close()
    before = files_of(root)
    assert orders(root, venue, "give-up", lost).exit_code == 2
    assert orders(root, venue, "give-up", "nobody", "--reason", "x").exit_code == 2
    assert files_of(root) == before
    said = orders(root, venue, "give-up", lost, "--reason", "the line was cut")
    assert said.exit_code == 0, said.output
    assert "the line was cut" in said.stdout
    assert not listed(root)
    assert "the line was cut" in (root / "recovery_log.txt").read_text(encoding="utf-8")
    assert run("orders", "-d", root, "--lang", "zh").stdout.strip() == "没有未结订单"


def test_orders_cancel_ends_it_at_the_exchange_and_in_the_books(tmp_path: Path, venue: Any) -> None:
    root = tmp_path / "store"
    session = founded(root, venue)
    booked(session, venue, ONE, "buy", "2")
    rests, stop = resting(session, venue), stop_of(session, venue, ONE, "2")
    session.close()
    for name in (rests, stop):
        said = orders(root, venue, "cancel", name)
        assert said.exit_code == 0, said.output
        assert f"{name}: OKX took the cancel" in said.stdout
        assert f"{name}: canceled, 0 of" in said.stdout
    assert not listed(root)
    assert orders(root, venue, "cancel", rests).exit_code == 2
    for wrong in ((), (rests, "--inst", BTC), ("--inst", BTC), ("--ord-id", "1")):
        assert orders(root, venue, "cancel", *wrong).exit_code == 2
    session = opened(root)
    assert session.recover(reader_of(venue)).decision == "go"
    session.close(save=False)


def test_orders_cancel_of_what_was_filled_books_it(tmp_path: Path, venue: Any) -> None:
    root = tmp_path / "store"
    session = founded(root, venue)
    done = traded(session, venue, ONE, "buy", "2")
    session.close()
    said = orders(root, venue, "cancel", done)
    assert said.exit_code == 0, said.output
    assert f"{done}: OKX did not cancel it" in said.stdout
    assert f"{done}: filled, 2 of 2 contracts booked" in said.stdout
    session = opened(root)
    assert held(session, ONE) == 2
    session.close(save=False)


def test_a_stop_without_its_position_is_named_and_its_command_ends_it(
    tmp_path: Path, venue: Any
) -> None:
    root = tmp_path / "store"
    session = founded(root, venue)
    booked(session, venue, ONE, "buy", "2")
    booked(session, venue, TWO, "buy", "1")
    stop = stop_of(session, venue, ONE, "2")
    booked(session, venue, ONE, "sell", "2")
    session.close()
    assert listed(root)[stop]["alone"]
    assert "no position that it could close" in orders(root, venue).stdout
    words = ("reconcile", "-d", root, "--exchange", venue.url, "--yes", "--json")
    said = run(*words)
    assert said.exit_code == 0, said.output
    [step] = [one for one in json.loads(said.stdout)["next"] if one["step"] == "step.cancel_stop"]
    done = run(*shlex.split(step["command"])[1:], "--lang", "en")
    assert done.exit_code == 0, done.output
    assert not listed(root)
    assert json.loads(run(*words).stdout)["decision"] == "go"


def test_an_order_that_no_book_knows_is_canceled_by_the_printed_command(
    tmp_path: Path, venue: Any
) -> None:
    """One that carries our agent's tag and no id: named, frozen, canceled, lifted."""
    root = tmp_path / "store"
    session = founded(root, venue)
    tag = session.state.registry.rows[ONE].tag
    session.close()
    row = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "limit", "px": "1000",
           "sz": "1", "tag": tag}  # fmt: skip
    sender_of(venue)._client.privatePostTradeOrder(row)
    words = ("reconcile", "-d", root, "--exchange", venue.url, "--yes", "--json")
    said = run(*words)
    told = json.loads(said.stdout)
    assert told["decision"] == "go_restricted", said.output
    commands = {one["step"]: one["command"] for one in told["next"]}
    assert set(commands) == {"step.cancel_stray", "step.unfreeze"}
    for command in commands.values():
        done = run(*shlex.split(command)[1:])
        assert done.exit_code == 0, done.output
    assert not [one for one in venue.truth()["orders"] if one["state"] == "live"]
    assert json.loads(run(*words).stdout)["decision"] == "go"


def test_another_accounts_keys_end_no_order(tmp_path: Path, venue: Any) -> None:
    root = tmp_path / "store"
    session = founded(root, venue)
    lost = never_sent(session)
    session.close()
    venue.open_account("other")
    venue.add_key("other-key", "s", "p", account="other")
    keys = {"OKX_API_KEY": "other-key", "OKX_API_SECRET": "s", "OKX_API_PASSPHRASE": "p"}
    before = files_of(root)
    for words in (("settle",), ("settle", lost), ("cancel", lost)):
        said = orders(root, venue, *words, env=keys)
        assert said.exit_code == 2, said.output
        assert "these keys are of account" in said.stderr
    wrong = {**KEYS, "OKX_API_PASSPHRASE": "wrong"}
    said = orders(root, venue, "settle", env=wrong)
    assert said.exit_code == 5, said.output
    assert "the passphrase is wrong" in said.stderr
    assert "do so, then try again" in said.stderr
    zh = run("orders", "settle", "-d", root, "--exchange", venue.url, "--lang", "zh", env=wrong)
    assert "API口令不正确" in zh.stderr
    assert files_of(root) == before


def test_help_of_every_command_names_the_exit_codes() -> None:
    for words in ((), ("settle",), ("give-up",), ("cancel",)):
        said = run("orders", *words, "--help")
        assert said.exit_code == 0
        assert "Exit codes" in said.stdout
