"""``init`` looks at a source without running it; ``wrap`` as a command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from test_wrapping_killed import KEYS
from typer.testing import CliRunner

import fakeokx
import prometheus_persist
from prometheus_persist.cli.app import app
from prometheus_persist.wrapping.draft import draft, open_questions
from prometheus_persist.wrapping.looking import looked

BOT = Path(__file__).with_name("stranger_bot.py")
NASTY = """
import threading, logging, ccxt
from parts import Agent
raise SystemExit("it was run")
BOOK = []
table = {}
class Feed:
    def __init__(self):
        self.lock, self.log = threading.Lock(), logging.getLogger("x")
        self.file = open("x")
        self.score = lambda x: x
        self.handler = decimal.Context()
    def fill(self, name, value):
        setattr(self, name, value)
class Desk:
    def __init__(self):
        self.feed = Feed()
        self.trading = Trading()
        self.orders, self.queue = [], []
    def go(self):
        global table
        self.cycle = 0
        while True:
            self.cycle += 1
            for agent in self.agents:
                agent.act(self)
            self.orders.append(self.feed)
            self.queue.append(1)
            self.queue.pop()
class Trading:
    def __init__(self):
        self.okx = ccxt.okx({})
    def send(self, agent_id, side):
        return self.okx.create_market_order("X", side, 1)
    def panic(self):
        self.okx.create_order("X", "market", "sell", 1)
def main():
    desk = Desk()
    desk.limit = 3
    desk.go()
"""
PARTS = """
class Agent:
    def __init__(self, name):
        self.name, self.seen = name, []
    def act(self, desk):
        self.seen.append(desk)
        desk.trading.okx.create_order("X", "market", "buy", 1)
"""


def asked(*words: str) -> Any:
    return CliRunner().invoke(app, ["init", *words, "--json", "--lang", "en"])


def test_what_is_seen_of_a_bot_that_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = json.loads(asked(str(BOT)).stdout)
    assert told["classes"] == ["__main__:Trader (5)", "__main__:TradingBot (5)"]
    assert told["growing"] == ["Trader.history", "TradingBot.trades", "TradingBot.errors"]
    assert told["clients"] == ["TradingBot.exchange"]
    assert told["senders"] == ["__main__:TradingBot.execute: trader.name"]
    assert (told["refused"], told["questions"]) == ([], 0)
    written = Path("persist_host.py").read_text("utf-8")
    again = asked(str(BOT))
    assert again.exit_code == 2
    assert json.loads(again.stdout)["detail"].startswith("persist_host.py is there already")
    assert Path("persist_host.py").read_text("utf-8") == written


def test_without_a_main_loop_the_root_leads_to_most_of_the_others(tmp_path: Path) -> None:
    """And to the client; whichever class stands first, and whether the script makes it."""
    (tmp_path / "parts.py").write_text(
        "class Signal: pass\n"
        "class Line:\n    def push(self): self.last = Signal()\n"
        "class Strategy:\n    def __init__(self): self.line = Line()\n"
        "class Broker:\n    def __init__(self): self.okx = ccxt.okx({})\n"
        "class Engine:\n    def __init__(self): self.all, self.broker = [Strategy()], Broker()\n"
    )
    root = looked(tmp_path / "parts.py").root
    assert root is not None
    assert root.name == "Engine"
    (tmp_path / "flat.py").write_text("class One: pass\nclass Two: pass\nOne()\n")
    assert looked(tmp_path / "flat.py").root is None


def test_what_is_refused_and_what_cannot_be_seen_is_said(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "nasty.py").write_text(NASTY)
    look = looked(tmp_path / "nasty.py")
    assert [path.name for path in look.files] == ["nasty.py", "parts.py"]
    assert look.root is not None
    assert (look.root.name, look.late_root) == ("Desk", True)
    assert look.refused == {
        "Feed.lock": "a lock or thread, made by threading.Lock",
        "Feed.file": "a file, made by open",
        "Feed.score": "a function",
    }
    assert look.growing == ["Desk.orders", "Agent.seen"]
    assert [(one.place, one.agent) for one in look.senders] == [
        ("__main__:Trading.send", "agent_id"),
        ("__main__:Trading.panic", ""),
        ("parts:Agent.act", "self.name"),
    ]
    unseen = "; ".join(look.unseen)
    for part in ("setattr()", "__main__:table, line", "a global", "decimal.Context"):
        assert part in unseen
    assert "BOOK" not in unseen
    text = draft(look, "nasty.py")
    assert open_questions(text) == 2
    for line in (
        'store("persistence", modules=["__main__", "parts"], exchange="trading.okx", '
        'skip=["Feed.lock", "Feed.file", "Feed.score"])',
        'root("__main__:Desk.go")',
        'wrap("__main__:Trading.send", agent="agent_id")',
        'wrap("__main__:Trading.panic", named="bot")  # ? whose orders are these?',
        "# ? what does __main__:Desk.go call once in each pass?",
    ):
        assert line in text
    compile(text, "persist_host.py", "exec")


@pytest.mark.parametrize("words", [["gone.py"], ["no.such.module"]])
def test_a_source_that_is_not_there(words: list[str]) -> None:
    assert asked(*words).exit_code == 2


def test_a_source_that_is_no_python(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("def (")
    found = asked(str(tmp_path / "bot.py"), "--out", str(tmp_path / "out.py"))
    assert found.exit_code == 2
    assert not (tmp_path / "out.py").exists()


def test_the_script_runs_as_it_would_by_itself(tmp_path: Path) -> None:
    """Its arguments, its directory, its exit code; its own exception as Python shows it."""
    (tmp_path / "part.py").write_text("WORD = 'beside'")
    (tmp_path / "persist_host.py").write_text(
        "from prometheus_persist.wrapping import *\nroot('__main__:Bot.__init__')\nstore('s')\n"
    )
    bot = """
    import sys, part
    class Bot:
        def __init__(self): self.n = 1
    bot = Bot()
    bot.n += 1
    print(sys.argv, part.WORD, __name__)
    if sys.argv[-1] == "fail": raise LookupError("of its own")
    sys.exit(9)
    """
    (tmp_path / "bot.py").write_text(textwrap.dedent(bot))
    command = [sys.executable, "-m", "prometheus_persist", "wrap", "persist_host.py"]

    def ran(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, text=True)

    first = ran("--", "bot.py", "--fast", "-d", "x")
    assert (first.returncode, first.stdout) == (
        9,
        "['bot.py', '--fast', '-d', 'x'] beside __main__\n",
    ), first.stderr
    assert "attached, from the beginning" in first.stderr
    failed = ran("bot.py", "fail")
    assert failed.returncode == 1
    assert "LookupError: of its own" in failed.stderr
    assert 'File "bot.py"' in failed.stderr or "/bot.py" in failed.stderr
    (tmp_path / "persist_host.py").write_text(
        "from prometheus_persist.wrapping import *\nroot('__main__:Boot.__init__')\n"
    )
    wrong = ran("bot.py")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "__main__:Boot.__init__ is not there" in wrong.stderr
    assert "Traceback" not in wrong.stderr


PAGES = ("wrap.md", "zh/wrap.md")


def test_the_guide_runs_as_printed_in_both_languages(tmp_path: Path) -> None:
    """Its bot, what ``init`` writes of it, and two lives: the second goes on at the last cycle."""
    docs = Path(prometheus_persist.__path__[0]) / "docs"
    pages = [(docs / name).read_text("utf-8") for name in PAGES]
    blocks = [re.findall(r"```(?:python|console)\n(.*?)```", page, re.S) for page in pages]
    assert blocks[0] == blocks[1]
    bot, said, command = blocks[0]
    (tmp_path / "bot.py").write_text(bot)
    with fakeokx.launch(tmp_path / "venue") as venue:
        env = {**os.environ, **KEYS, "BOT_URL": venue.url, "PERSIST_LANG": "en"}
        for words, cycles in (("x init bot.py", 0), (command, 3), (command, 5)):
            done = subprocess.run(
                [sys.executable, "-m", "prometheus_persist", *words.split()[1:]],
                cwd=tmp_path,
                env=env | {"BOT_CYCLES": str(cycles)},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
    assert (tmp_path / "persist_host.py").read_text() == said
    assert done.stdout == "5 cycles, 12 trades\n"
    assert "goes on after cycle 3" in done.stderr


def test_what_could_not_be_written_whole_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: half a file would be refused by the next one as a file that is there. A name in
    no directory is a wrong name, and says nothing of the disk."""
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as full:
        real = os.fdopen

        def fdopen(descriptor: int, *how: Any, **more: Any) -> Any:
            os.write(descriptor, b"half of")
            os.close(descriptor)
            return real(os.open("/dev/full", os.O_WRONLY), *how, **more)

        full.setattr(os, "fdopen", fdopen)
        assert asked(str(BOT)).exit_code == 7
    assert list(tmp_path.iterdir()) == []
    said = asked(str(BOT), "--out", "none/persist_host.py")
    assert (said.exit_code, json.loads(said.stdout)["error"]) == (2, "BadConfig")
    assert asked(str(BOT)).exit_code == 0
