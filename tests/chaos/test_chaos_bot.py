"""A bot that is not ours: the README's survives, and each that does not is told so."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chaos
from chaos.cli import main

README = Path(chaos.__file__).parent / "README.md"
ALONE = 'session.add_agent(Agent(agent_id="Trend", current_capital="1000"))'
BOTH = (
    'session.add_agents(Agent(agent_id=one, current_capital="1000") for one in ("Trend", "Fade"))'
)
CLOSES = (
    'if cycle == 2: okx.create_order("BTC/USDT:USDT", "market", "sell", 1, None, '
    '{"reduceOnly": True}); session.pause(30)'
)
BESIDE = 'okx.create_order("ETH/USDT:USDT", "market", "buy", 1)\n        session.pause('


def my_bot(place: Path, *changes: tuple[str, str]) -> Path:
    """The bot of the README, with some of its text replaced."""
    section = README.read_text(encoding="utf-8").partition("## Your own bot")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    text = found[1]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = place / "my_bot.py"
    path.write_text(text, encoding="utf-8")
    return path


def judged(
    place: Path, capsys: pytest.CaptureFixture[str], *changes: tuple[str, str], kills: int = 2
) -> tuple[int, dict[str, Any]]:
    """The exit code, and what is told as JSON."""
    bot = my_bot(place, *changes)
    words = ["bot", "--json", "--kills", str(kills), "--out", str(place / "out")]
    code = main([*words, sys.executable, str(bot)])
    return code, json.loads(capsys.readouterr().out)


def wrong(told: dict[str, Any]) -> str:
    """What was wrong, and what did not hold."""
    checks = [f"{one['what']}: {each}" for one in told["checks"] for each in one["wrong"]]
    broken = [f"{one['what']}: {one['detail']}" for one in told["assumptions"] if not one["holds"]]
    return "\n".join(checks + broken)


def test_the_bot_of_the_readme_survives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = judged(tmp_path, capsys)
    assert (code, told["outcome"], wrong(told)) == (0, "passed", "")
    invariants = {one["invariant"] for one in told["checks"] if one["count"]}
    assert invariants == {"I1", "I5", "I8", "live"}
    assert "Trend" in (tmp_path / "out" / "report.txt").read_text(encoding="utf-8")
    assert main(["bot", "--out", str(tmp_path / "out"), "true"]) == 2
    assert "--out" in capsys.readouterr().err


def test_a_bot_that_trades_beside_its_intents_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can say whose those orders are."""
    code, told = judged(tmp_path, capsys, ("session.pause(", BESIDE))
    assert (code, told["outcome"]) == (1, "failed")
    assert "every order has an agent's tag (intent.params): order " in wrong(told)


def test_a_bot_that_loses_its_store_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It begins anew each time: what it acknowledged before is gone."""
    gone = (
        "import shutil\nshutil.rmtree(os.environ['PERSIST_DIR'], ignore_errors=True)\n\nimport ccxt"
    )
    code, told = judged(tmp_path, capsys, ("import ccxt", gone))
    assert (code, told["outcome"]) == (1, "failed")
    assert "every acknowledged commit is there after each kill: " in wrong(told)
    assert "after kill 1 it trades again: it placed no order, see " in wrong(told)


def test_what_is_left_to_a_human_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It closes beside its intents what two agents hold: nobody can say whose that was."""
    turns = ('order_intent("Trend"', 'order_intent(("Trend", "Fade")[cycle % 2]')
    changes = [(ALONE, BOTH), turns, ("session.pause(0.05)", CLOSES)]
    code, told = judged(tmp_path, capsys, *changes, kills=1)
    assert (code, told["outcome"]) == (1, "failed")
    assert "and leaves nothing to a human: BTC-USDT-SWAP, see " in wrong(told)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("import os\n", "import os\n\nraise SystemExit(0)\n")], "it placed an order"),
        ([("while True:", "for _ in [1]:")], "life 1 was killed while it ran: it had left with 0"),
        ([('os.environ["PERSIST_DIR"]', '"elsewhere"')], "the bot kept a store in PERSIST_DIR"),
        ([('"BTC-USDT-SWAP"', '"XYZ-USDT-SWAP"')], "it placed an order"),
    ],
    ids=["ends at once", "ends by itself", "keeps it elsewhere", "is refused"],
)
def test_what_did_not_go_as_planned_is_void(
    changes: list[tuple[str, str]],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, told = judged(tmp_path, capsys, *changes, kills=1)
    assert (code, told["outcome"]) == (3, "void")
    assert said in wrong(told)


@pytest.mark.parametrize(
    "ends",
    ["os.kill(pid, 9)", "os.kill(pid, 9); session.pause(9)"],
    ids=["and the bot with it", "beneath the bot"],
)
def test_an_exchange_that_goes_away_is_void(
    ends: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It proves nothing against the bot, and is no wrong use of the command."""
    port = "url.rpartition(':')[2].strip('/')"
    kills = (
        "url = os.environ['PERSIST_OKX_URL']; import psutil; "
        f"pid = next(c.pid for c in psutil.net_connections() if c.laddr.port == int({port}) "
        f"and c.status == 'LISTEN'); {ends}\n        session.pause("
    )
    code, told = judged(tmp_path, capsys, ("session.pause(", kills), kills=1)
    assert (code, told["outcome"]) == (3, "void")
    assert "its exchange ran to the end: " in wrong(told)
    assert "fakeokx.log" in wrong(told)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_command_that_cannot_be_run_is_usage(
    lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bot", "--lang", lang]) == 2
    assert "prometheus-chaos bot python my_bot.py" in capsys.readouterr().err
    assert main(["bot", "--lang", lang, "--out", str(tmp_path / "out"), "no-such-bot"]) == 2
    assert "no-such-bot" in capsys.readouterr().err


def test_the_fixture_fails_where_something_is_lost(
    tmp_path: Path, chaos_bot: Callable[..., Any]
) -> None:
    bot = my_bot(tmp_path, ("import os\n", "import os\n\nraise SystemExit(7)\n"))
    with pytest.raises(pytest.fail.Exception, match="placed an order"):
        chaos_bot(sys.executable, str(bot), kills=1)


def test_the_fixture_gives_the_verdict(tmp_path: Path, chaos_bot: Callable[..., Any]) -> None:
    verdict = chaos_bot(sys.executable, str(my_bot(tmp_path)), kills=1)
    assert verdict.outcome == "passed"
