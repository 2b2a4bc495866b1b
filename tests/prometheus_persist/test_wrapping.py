"""A host that is not edited: what its places are wrapped with, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sessionkit import Venue

from prometheus_persist import AttachedHost, Settings
from prometheus_persist.errors import BadConfig, BadValue
from prometheus_persist.recovery import restore
from prometheus_persist.session.cut_cycle import CutCycle
from prometheus_persist.state import state_from
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.wrapping import declared, frames
from prometheus_persist.wrapping.declared import said_by
from prometheus_persist.wrapping.host import WrappedHost
from prometheus_persist.wrapping.script import run

CLIENT = """
class TimedOut(TimeoutError): ...
class okx:
    markets = None
    answers, sent = [], []
    def load_markets(self): self.markets = {}
    def create_order_request(self, symbol, type, side, amount, price=None, params={}):
        assert self.markets == {}
        own = {k: v for k, v in params.items() if k not in ("stopLoss", "takeProfit")}
        told = {"instId": "BTC-USDT-SWAP", "side": side, "ordType": type, "sz": str(amount)}
        if "stopLoss" in params:
            own["attachAlgoOrds"] = [{"slTriggerPx": params["stopLoss"], "slOrdPx": "-1"}]
        return {**told, "tdMode": "cross", "px": price, **own}
    def create_order(self, symbol, type, side, amount, price=None, params={}):
        self.sign("trade/order", "private", "POST", {})
        okx.sent.append(params)
        if okx.answers:
            raise okx.answers.pop()
        return {"id": str(len(okx.sent)), "clientOrderId": params["clOrdId"]}
    createOrder = create_order
    def raw(self): return self.sign("trade/batch-orders", "private", "POST", {})
    def sign(self, path, api="public", method="GET", params=None): return {"url": path}
class later(okx):
    async def load_markets(self): self.markets = {}
    async def create_order(self, symbol, type, side, amount, price=None, params={}):
        return okx.create_order(self, symbol, type, side, amount, price, params)
"""
BOT = """
import client
class Agent:
    def __init__(self, name): self.agent_id, self.sent = name, []
class Bot:
    def __init__(self):
        self.okx = client.okx()
        self.agents = [Agent("A"), Agent("B")]
        self.seen, self.problems = [], []
    def trade(self, agent, side="buy", **params):
        answer = self.okx.create_order("BTC/USDT:USDT", "market", side, 1, params=params)
        agent.sent.append(answer["clientOrderId"])
    def swallow(self, *given, **named):
        try:
            self.trade(*given, **named)
        except Exception as problem:
            self.problems.append(f"{type(problem).__name__}: {problem}")
    def run(self, cycles):
        cycle, started = 0, None
        while cycle < cycles:
            cycle += 1
            self.look()
            started = started or cycle
            self.seen.append((cycle, started))
    def look(self): ...
"""
SAID = """
store({where!r}, rebind={{"Bot.okx": "okx"}}, settings=Settings(in_flight_ms=0, index_lag_ms=0))
root("__main__:Bot.__init__")
wrap("__main__:Bot.trade", agent="agent.agent_id")
orders("client:okx.create_order")
after("__main__:Bot.trade", "trade")
loop("__main__:Bot.run", at="look", locals=["cycle", "started"])
"""
IMPORTS = """
from prometheus_persist import Settings
from prometheus_persist.wrapping import *
"""
Play = Callable[..., dict[str, Any]]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Run a bot with some lines behind it; what its module then has, and ``p``."""
    (tmp_path / "client.py").write_text(CLIENT)
    main = sys.modules["__main__"]
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    before = sys.path[0]

    def played(lines: str, said: str = SAID, bot: str = BOT, answered: bool = True) -> Any:
        host = tmp_path / "persist_host.py"
        host.write_text(IMPORTS + said.format(where=str(tmp_path / "store")))
        script = tmp_path / "bot.py"
        script.write_text(bot + textwrap.dedent(lines))
        found: dict[str, Any] = {}

        def tell(p: AttachedHost) -> None:
            found["p"] = p
            p.reader = Venue() if answered else None  # type: ignore[assignment]
            if answered:
                assert p.recover().decision == "go"

        try:
            sys.path.insert(0, str(tmp_path))
            run(WrappedHost(said_by(host), tell), script, ["--fast"])
            return found | vars(sys.modules["__main__"])
        finally:
            sys.path.remove(str(tmp_path))
            sys.modules["__main__"] = main
            sys.modules.pop("client", None)

    yield played
    assert before == ""


def test_an_order_is_an_intent_of_its_agent(play: Play, tmp_path: Path) -> None:
    """Its clOrdId and tag go with it, and the host has the first from the answer."""
    found = play(
        """
        bot = Bot()
        a, b = bot.agents
        bot.trade(a)
        bot.trade(b, "sell", stopLoss="90", reduceOnly=False)
        """
    )
    state = state_from(restore(LocalFs(tmp_path / "store")).documents)
    one, two = (intent for intent in state.intents.values() if not intent.parent)
    assert [(i.agent_id, i.side, i.outcome) for i in (one, two)] == [
        ("A", "buy", "ACCEPTED"),
        ("B", "sell", "ACCEPTED"),
    ]
    a, b = found["bot"].agents
    assert (a.sent, b.sent) == ([one.cl_ord_id], [two.cl_ord_id])
    sent = found["client"].okx.sent
    assert [each["tag"] for each in sent] == [one.tag, two.tag]
    (stop,) = (intent for intent in state.intents.values() if intent.parent)
    assert sent[1]["attachAlgoOrds"][0]["attachAlgoClOrdId"] == stop.cl_ord_id
    assert "stopLoss" not in sent[1]
    assert found["p"].check() == []


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("bot = Bot(); bot.okx.create_order('X', 'market', 'buy', 1)", "nobody knows whose it is"),
        ("bot = Bot(); bot.okx.createOrder('X', 'market', 'buy', 1)", "nobody knows whose it is"),
        ("client.okx().create_order('X', 'market', 'buy', 1)", "before the root is attached"),
        (
            "bot = Bot(); bot.swallow(bot.agents[0]); client.okx.sent.clear()\n"
            "bot.okx.create_order('X', 'market', 'buy', 1)",
            "nobody knows whose it is",
        ),
        ("bot = Bot(); bot.okx.raw()", "trade/batch-orders was not sent"),
        ("bot = Bot(); bot.trade(bot.agents[0], clOrdId='mine')", "clOrdId of its own"),
        ("bot = Bot(); bot.trade(bot.agents[0], sz=None)", "without a size"),
        ("bot = Bot(); bot.trade(bot.agents[0], ordType='oco')", "type oco"),
        ("bot = Bot(); bot.agents[0].agent_id = 5; bot.trade(bot.agents[0])", "the id is a text"),
        ("bot = Bot(); Bot()", "a second Bot"),
        ("class Sub(Bot): ...\nSub()", "the root is a Sub"),
    ],
)
def test_what_is_refused_before_it_leaves(play: Play, lines: str, problem: str) -> None:
    with pytest.raises((BadValue, BadConfig), match=problem):
        play(lines)
    play("assert client.okx.sent == []")


def test_an_answer_that_refuses_and_one_that_does_not(play: Play, tmp_path: Path) -> None:
    """The host gets the exception as it was."""
    found = play(
        """
        bot = Bot()
        for problem in (client.TimedOut("no answer"), ValueError("51008 insufficient balance")):
            client.okx.answers.append(problem)
            bot.swallow(bot.agents[0])
        """
    )
    assert found["bot"].problems == [
        "TimedOut: no answer",
        "ValueError: 51008 insufficient balance",
    ]
    found_then = restore(LocalFs(tmp_path / "store"))
    (unknown,) = state_from(found_then.documents).intents.values()
    assert unknown.outcome == "UNKNOWN"
    (ended,) = found_then.streams["intent_log"]
    assert ended["outcome"] == "REJECTED"


def test_a_save_that_failed_is_raised_again_by_the_next_order(play: Play) -> None:
    """The host swallows it; nothing leaves until a save has succeeded."""
    found = play(
        """
        import threading
        bot = Bot()
        a, b = bot.agents
        sign = client.okx.sign
        def signed(self, *given):
            b.lock = threading.Lock()  # as the order is sent: what is behind it cannot be saved
            return sign(self, *given)
        client.okx.sign = signed
        bot.swallow(a)
        client.okx.sign = sign
        bot.swallow(b)
        del b.lock
        bot.swallow(b)
        """
    )
    problems = found["bot"].problems
    assert len(problems) == 2
    assert all("lock" in problem for problem in problems)
    assert len(found["client"].okx.sent) == 2


def test_an_exchange_that_was_not_asked_lets_nothing_pass(play: Play) -> None:
    found = play("bot = Bot(); bot.swallow(bot.agents[0])", answered=False)
    assert "have not been reconciled" in found["bot"].problems[0]
    assert found["client"].okx.sent == []


def test_async_clients_are_the_same(play: Play, tmp_path: Path) -> None:
    said = SAID.replace("client:okx.", "client:later.")
    bot = BOT.replace("client.okx()", "client.later()").replace("def trade", "async def trade")
    bot = bot.replace("answer = self", "answer = await self").replace(
        "    def look", "    def look"
    )
    found = play("import asyncio\nbot = Bot()\nasyncio.run(bot.trade(bot.agents[1]))", said, bot)
    (intent,) = state_from(restore(LocalFs(tmp_path / "store")).documents).intents.values()
    assert (intent.agent_id, intent.outcome) == ("B", "ACCEPTED")
    assert found["bot"].agents[1].sent == [intent.cl_ord_id]


def test_counters_of_the_loop_are_written_back_at_the_first_pass(play: Play) -> None:
    found = play("bot = Bot(); bot.run(3)")
    assert found["bot"].seen == [(1, 1), (2, 1), (3, 1)]
    assert found["p"].cycle == 3
    found = play("bot = Bot(); bot.run(5)")
    assert found["bot"].seen == [(1, 1), (2, 1), (3, 1), (3, 1), (4, 1), (5, 1)]


@pytest.mark.parametrize("cut", [True, False])
def test_the_last_pass_of_a_loop_that_returns_was_not_cut(play: Play, cut: bool) -> None:
    acts = (
        "def look(self):\n"
        "        self.trade(self.agents[0])\n"
        f"        if {cut} and self.seen: raise KeyboardInterrupt"
    )
    bot = BOT.replace("def look(self): ...", acts)
    ran = """
        from contextlib import suppress
        bot = Bot()
        with suppress(KeyboardInterrupt):
            bot.run(2)
    """
    assert play(ran, bot=bot)["p"].cycle == 2
    again = play("bot = Bot()", answered=False)["p"]
    assert again.cut == (CutCycle(2, ("A",), ()) if cut else None)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Bot.trade", "Bot.tarde", r"Bot\.tarde is not there; Bot has trade"),
        ("Bot.trade", "Boot.trade", r"bot\.py defines no Boot"),
        ("client:okx.create_order", "clients:okx.create_order", "No module named 'clients'"),
        ("client:okx.create_order", "client:okx.raw", "okx.raw is no create_order"),
        ("client:okx.create_order", "client:okx.answers", "is a list, not a function"),
        ('at="look"', 'at="lock"', r"Bot\.lock is not there"),
        ('"started"', '"begun"', "has no variable 'begun'; it has cycle"),
        ("__main__:Bot.trade", "Bot.trade", "is no place"),
        ('"trade")', '"sale")', "there are trade, death, cycle"),
        (', agent="agent.agent_id"', "", "say whose orders"),
        ('root("', 'root("__main__:Bot.run")\nroot("', "there is one root"),
        ("root(", "# root(", "names no root"),
        ("root(", "rooot(", "NameError"),
    ],
)
def test_what_is_not_there_is_an_error_before_the_bot_runs(
    play: Play, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in SAID
    with pytest.raises(BadConfig, match=problem):
        play("open(__file__ + '.ran', 'w')", SAID.replace(old, new))
    assert not (tmp_path / "bot.py.ran").exists()
    assert not (tmp_path / "store").exists()


def test_a_place_in_a_module_is_wrapped_like_one_of_the_script(play: Play, tmp_path: Path) -> None:
    """Its classes are registered by themselves; a static method, and a function, too."""
    held = "class Held:\n    @staticmethod\n    def booked(agent): return agent\n"
    (tmp_path / "parts.py").write_text(held + "def told(x): return x\n")
    said = SAID + 'after("parts:Held.booked", "death", agent="agent")\nafter("parts:told", "cycle")'
    try:
        found = play(
            "import parts\nbot = Bot()\nbot.held = parts.Held()\n"
            "assert parts.Held.booked('A') == 'A' == parts.told('A')",
            said,
        )
    finally:
        sys.modules.pop("parts", None)
    assert found["p"].cycle == 1
    assert type(found["bot"].held).__module__ == "parts"


def test_the_root_may_be_attached_before_another_method(play: Play) -> None:
    """What is set behind the constructor is overwritten by what was restored."""
    said = SAID.replace("Bot.__init__", "Bot.run")
    lines = "bot = Bot(); bot.seen.append('set'); bot.level = {}; bot.run({})"
    play(lines.format(1, 1), said)
    found = play(lines.format(2, 1), said)
    assert found["bot"].level == 1
    assert found["bot"].seen == ["set", (1, 1), (1, 1)]


def test_nothing_is_said_outside_of_such_a_file() -> None:
    with pytest.raises(BadConfig, match="prometheus-persist wrap"):
        declared.store("persistence")


PYTHONS = ("3.11", "3.12", "3.13")


@pytest.mark.parametrize("version", PYTHONS)
def test_variables_of_a_frame_are_written_on_every_python(version: str, tmp_path: Path) -> None:
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    python = found[-1] if found else Path(sys.executable)
    if not found and f"{sys.version_info.major}.{sys.version_info.minor}" != version:
        pytest.skip(f"no Python {version} here")
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import importlib.util, json
            spec = importlib.util.spec_from_file_location("ours.frames", {frames.__file__!r})
            frames = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(frames)
            def loop():
                n, more = 0, ""
                while n < 42:
                    n += 1
                    seen = hook()
                return [n, more, seen]
            ours = {{"__name__": "ours.host", "frames": frames, "code": loop.__code__}}
            exec('''def hook(told=[]):
                frame = frames.caller(code, "ours")
                told.append(frames.read(frame, ("n", "more", "none")))
                if len(told) == 1:
                    frames.write(frame, {{"n": 40, "more": "back"}})
                return told''', ours)
            hook = ours["hook"]
            def other(): return frames.caller(loop.__code__, "ours")
            print(json.dumps([loop(), other(), sorted(frames.names_of(loop.__code__))]))
            """
        )
    )
    said = subprocess.run([python, program], capture_output=True, text=True, check=True).stdout
    seen = [{"n": 1, "more": ""}, {"n": 41, "more": "back"}, {"n": 42, "more": "back"}]
    assert json.loads(said) == [[42, "back", seen], None, ["more", "n", "seen"]]


def test_settings_of_the_file_are_those_of_the_session(play: Play) -> None:
    assert play("bot = Bot()")["p"].session.settings == Settings(in_flight_ms=0, index_lag_ms=0)
