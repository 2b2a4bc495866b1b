"""Somebody else's live system, attached: killed anywhere, it goes on as if it had not been (S8)."""

from __future__ import annotations

import gc
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import hostkit
import numpy as np
import pytest
from graphkit import Loose, bare
from hostkit import SENTINEL, Desk, attached, saves, seeded, told
from sessionkit import Venue
from storekit import BTC, StillClock

from prometheus_persist import attach, contracts
from prometheus_persist.errors import BadConfig, BadValue, StoreDamaged
from prometheus_persist.graph import slots
from prometheus_persist.graph.tracker import META
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.follow import Follower
from prometheus_persist.recovery.restore_into import write_into
from prometheus_persist.saving import random_state
from prometheus_persist.session import Session, attaching
from prometheus_persist.state import Agent, state_from
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.store import Store

PAGES = ("attach.md", "zh/attach.md")
HERE = Path(__file__).parent
CYCLES = 5


def played(cycles: int) -> Desk:
    """The host that nobody saved and nobody killed."""
    desk = seeded()
    while desk.cycle < cycles or desk.todo:
        desk.step(lambda what, agent_id: None)
    return desk


def again(directory: Path, **options: Any) -> Desk:
    """What a new process would have, without ending this one."""
    before = random.getstate(), np.random.get_state()
    desk = seeded()
    with attached(desk, str(directory), **options):
        found = told(desk)
        desk.digest_then = found  # type: ignore[attr-defined]
    random.setstate(before[0])
    np.random.set_state(before[1])
    return desk


def test_the_host_goes_on_as_if_it_had_never_been_killed(tmp_path: Path) -> None:
    """A process for every few hooks, SIGKILLed as it says one; the next takes it up there."""
    due = told(played(CYCLES))
    command = [sys.executable, str(HERE / "hostkit.py"), str(tmp_path / "s"), str(CYCLES)]
    chance = random.Random(5)
    for life in range(40):
        left = chance.randrange(6, 20) if life < 10 else 10**9
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                left -= 1
                if line.startswith("end"):
                    assert line.split()[1] == due
                    assert child.wait() == 0
                    assert life > 2
                    return
                if not left:
                    os.kill(child.pid, signal.SIGKILL)
                    break
            assert child.wait() == -signal.SIGKILL
    raise AssertionError("it never came to its end")


def test_every_save_holds_the_host_as_it_then_was(tmp_path: Path) -> None:
    """At each hook, in the middle of a cycle too: what a restore of this commit gives (S9)."""
    desk = seeded()
    seen: dict[int, str] = {}
    with attached(desk, str(tmp_path)) as p:

        def hook(what: str, agent_id: str) -> None:
            saves(p, what, agent_id)
            assert p.check() == []
            seen[p.session.seq] = told(desk)

        while desk.cycle < 8:
            desk.step(hook)
    assert len(seen) > 60
    for seq in (next(iter(seen)), list(seen)[40], list(seen)[-1]):
        at = tmp_path.parent / f"at-{seq}"
        restored = restore(LocalFs(tmp_path), seq=seq)
        write_into(restored, at, StillClock())
        assert again(at).digest_then == seen[seq]  # type: ignore[attr-defined]
    found = verify(LocalFs(tmp_path))
    assert found.sound
    state_from(found.restored.documents)


def test_going_on_after_a_restore_writes_nothing_anew(tmp_path: Path) -> None:
    desk = seeded()
    with attached(desk, str(tmp_path)) as p:
        while desk.cycle < 12:
            desk.step(lambda what, agent_id: saves(p, what, agent_id))
        known, rows = set(p.session._store.image.documents), p.session.seq
    for life in range(3):
        desk = seeded()
        with attached(desk, str(tmp_path)) as p:
            assert p.restored
            assert p.unbound == []
            assert set(p.session._store.image.documents) <= known | {"host/meta"}
            assert p.session.seq <= rows + 3 * (life + 1)


def test_the_root_keeps_its_identity_and_no_constructor_is_called(tmp_path: Path) -> None:
    desk = seeded()
    with attached(desk, str(tmp_path)) as p:
        desk.step(lambda what, agent_id: saves(p, what, agent_id))
    fresh = seeded()
    client, born = fresh.okx, hostkit.HostAgent.born
    with attached(fresh, str(tmp_path)) as p:
        assert p.root is fresh
        assert hostkit.HostAgent.born == born
        assert {id(agent.okx) for agent in fresh.agents.values()} == {id(client)}
        assert {id(agent.desk) for agent in fresh.agents.values()} == {id(fresh)}
        assert all(agent.api_secret == SENTINEL for agent in fresh.agents.values())
        assert fresh.settings["apiKey"] == SENTINEL


def test_no_secret_of_the_host_is_in_a_file(tmp_path: Path) -> None:
    """Keys in attributes, in dicts and in clients; what a search for them finds (S11)."""
    desk = seeded()
    desk.settings["proxy"] = f"http://me:{SENTINEL}@127.0.0.1:1"
    with attached(desk, str(tmp_path)) as p:
        while desk.cycle < 3:
            desk.step(lambda what, agent_id: saves(p, what, agent_id))
        desk.said = f"no answer from {desk.settings['proxy']}"  # type: ignore[attr-defined]
        p.session.snapshot()
    assert {"desk.okx", "desk.settings['proxy']"} <= set(p.withheld)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert SENTINEL.encode() not in path.read_bytes(), path


def test_the_host_can_be_read_in_files_of_its_own(tmp_path: Path) -> None:
    """The root and every agent: attributes by name, times and decimals as text, the newest entries
    of a long list; what has a file of its own is named by it, and every file is whole."""
    desk = seeded()
    with attached(desk, str(tmp_path)) as p:
        while desk.cycle < 30:
            desk.step(lambda what, agent_id: saves(p, what, agent_id) if what == "cycle" else None)
    files = {path.name: json.loads(path.read_text("utf-8")) for path in tmp_path.rglob("host_*")}
    (root,) = (one["data"]["attributes"] for name, one in files.items() if "_desk_" in name)
    assert (root["cycle"], root["名"], root["okx"]) == (30, "台", "(withheld)")
    assert root["public"]["entries"] == len(desk.public) > 64
    assert root["public"]["newest"][0]["attributes"]["at"] == desk.public[-20].at.isoformat()
    name, agent = next(iter(desk.agents.items()))
    page = files[root["agents"][name]["see"]]["data"]["attributes"]
    assert page["capital"] == str(agent.capital)
    assert page["moods"]["Mood.CALM"] == agent.moods[hostkit.Mood.CALM]
    assert page["api_secret"] == "(withheld)"
    assert {name.split("_")[1] for name in files} == {"desk", "hostagent"}
    assert verify(LocalFs(tmp_path)).restored.facts.damages == ()


def test_what_cannot_be_kept_is_refused_before_the_first_byte(tmp_path: Path) -> None:
    desk = seeded()
    desk.log, desk.lock = sys.__stderr__, threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(BadValue, match=r"desk\.lo.*desk\.lo"):
        attached(desk, str(tmp_path))
    assert not any(key.startswith("host/") for key in restore(LocalFs(tmp_path)).documents)
    with attached(desk, str(tmp_path), skip=["Desk.log", "lock"]) as p:
        assert {"desk.log", "desk.lock"} <= set(p.withheld)


def test_what_comes_later_and_cannot_be_kept_stops_the_save(tmp_path: Path) -> None:
    desk = seeded()
    with attached(desk, str(tmp_path)) as p:
        desk.agents["Agent_0"].thread = threading.Thread()  # type: ignore[attr-defined]
        path = r"cannot be saved: desk\.by_rank\[0\]\.thread: Thread: .*; skip it"
        with pytest.raises(BadValue, match=path):
            p.save()
        with (
            pytest.raises(BadValue, match="Thread"),
            p.order_intent("Agent_0", "BTC-USDT-SWAP", "buy", 1),
        ):
            raise AssertionError("an order may not leave while the host cannot be saved")
        del desk.agents["Agent_0"].thread  # type: ignore[attr-defined]
        p.save()
        due = told(desk)
    assert again(tmp_path).digest_then == due  # type: ignore[attr-defined]


@pytest.mark.parametrize("option", ["modules", "skip", "public"])
def test_one_name_where_a_list_is_due_is_no_list_of_its_letters(
    tmp_path: Path, option: str
) -> None:
    given: dict[str, Any] = {"modules": ["hostkit"], option: "hostkit"}
    with pytest.raises(BadConfig, match=f"{option} is a list of names, not one name"):
        attach(seeded(), tmp_path / "store", **given)
    assert not (tmp_path / "store").exists()


def test_a_secret_is_not_kept_beside_the_host_either(tmp_path: Path) -> None:
    with attached(seeded(), str(tmp_path), public=["token"]) as p:
        with pytest.raises(BadValue, match="api_key is called a secret"):
            p.keep({"cycle": 3, "api_key": SENTINEL})
        p.keep({"cycle": 3, "token": "PEPE"})
    assert restore(LocalFs(tmp_path)).documents["host/kept"] == {
        "values": {"cycle": 3, "token": "PEPE"}
    }


def test_a_class_and_an_attribute_that_were_renamed(tmp_path: Path) -> None:
    root: Any = bare(hostkit.Gene)
    root.risk, root.weights = 1.5, [bare(Loose)]
    root.weights[0].old = 3
    modules = ["hostkit", "graphkit"]
    attach(root, tmp_path, modules).close()
    fresh: Any = bare(hostkit.Gene)
    rename = {"graphkit:Loose": "graphkit:Root", "Root.old": "new", "Gene.risk": "danger"}
    with attach(fresh, tmp_path, modules, rename=rename):
        assert vars(fresh.weights[0]) == {"new": 3}
        assert fresh.danger == 1.5
    last: Any = bare(hostkit.Gene)
    with attach(last, tmp_path, modules):
        assert vars(last.weights[0]) == {"new": 3}
        assert type(last.weights[0]).__name__ == "Root"


def test_a_class_that_has_other_attributes_now(tmp_path: Path) -> None:
    """What the step makes of them is what is saved from then on; without one nothing is lost."""
    root: Any = bare(hostkit.Gene)
    root.risk, root.weights = 1.5, [bare(Loose), bare(Loose)]
    root.weights[0].level, root.weights[1].gone = 3, True
    modules = ["hostkit", "graphkit"]
    attach(root, tmp_path, modules).close()
    given = []

    def step(fields: dict[str, Any]) -> dict[str, Any]:
        given.append(dict(fields))
        return {"level": fields.get("level", 0), "new": [1]} if "new" not in fields else fields

    steps = {"graphkit:Loose": step, "hostkit:Gene": lambda fields: {"more": 1} | fields}
    for _ in range(2):
        fresh: Any = bare(hostkit.Gene)
        with attach(fresh, tmp_path, modules, upcast=steps):
            assert [vars(each) for each in fresh.weights] == [
                {"level": 3, "new": [1]},
                {"level": 0, "new": [1]},
            ]
            assert list(vars(fresh)) == ["more", "risk", "weights"]
    assert given[:2] == [{"level": 3}, {"gone": True}] or given[:2] == [
        {"gone": True},
        {"level": 3},
    ]
    last: Any = bare(hostkit.Gene)
    with attach(last, tmp_path, modules):
        assert vars(last.weights[1]) == {"level": 0, "new": [1]}
        assert last.more == 1


def test_a_class_that_is_gone_is_named_and_the_root_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = seeded()
    attached(desk, str(tmp_path)).close()
    monkeypatch.delattr(hostkit, "Gene")
    fresh = object.__new__(Desk)
    with pytest.raises(StoreDamaged, match="hostkit:Gene of the host is not there any more"):
        attached(fresh, str(tmp_path))
    assert vars(fresh) == {}


def test_a_first_capture_that_a_crash_cut_short_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pieces are there, and nothing refers to them: they go with the next one."""
    monkeypatch.setattr("prometheus_persist.saving.host_pieces.PIECE_BYTES", 100)
    root: Any = bare(Loose)
    root.items = [[n] for n in range(100)]
    with monkeypatch.context() as patch:
        enqueue = Store.enqueue

        def interrupted(self: Store, change: Change, *rest: Any, **named: Any) -> Any:
            if META in change.put:
                raise KeyboardInterrupt
            return enqueue(self, change, *rest, **named)

        patch.setattr(Store, "enqueue", interrupted)
        with pytest.raises(KeyboardInterrupt):
            attach(root, tmp_path, ["graphkit"])
    left = restore(LocalFs(tmp_path)).streams
    assert any(name.startswith("host/") for name in left)
    attach(root, tmp_path, ["graphkit"]).close()
    assert not left.keys() & restore(LocalFs(tmp_path)).streams.keys()
    fresh: Any = bare(Loose)
    with attach(fresh, tmp_path, ["graphkit"]):
        assert fresh.items == root.items


def test_what_an_interrupted_save_had_looked_at_is_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C between the look and the store: the next save takes it along (I11)."""
    desk = seeded()
    with attached(desk, str(tmp_path)) as p:
        p.save()
        desk.cycle = 77
        with monkeypatch.context() as patch:
            patch.setattr("prometheus_persist.storage.store.Store.enqueue", _interrupted)
            patch.setattr("prometheus_persist.saving.saver.Change", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                p.save()
        p.save()
        due = told(desk)
        p.session.close(save=False)
    assert again(tmp_path).digest_then == due  # type: ignore[attr-defined]


def _interrupted(*_: object, **__: object) -> int:
    raise KeyboardInterrupt


def test_an_order_and_the_host_are_one_commit(tmp_path: Path) -> None:
    """The intent is durable with what the host knew as it asked."""
    desk = seeded()
    with attached(desk, str(tmp_path), clock=StillClock()) as p:
        assert p.session.recover(Venue()).decision == "go"
        p.session.add_agent(Agent(agent_id="Agent_0"))
        follower = Follower(LocalFs(tmp_path))
        desk.asked = "before the order"  # type: ignore[attr-defined]
        with p.order_intent("Agent_0", BTC, "buy", contracts("0.01")):
            commits = follower.next()
            documents = restore(LocalFs(tmp_path)).documents
            (order,) = (key for key in documents if key.startswith("intents/"))
            host = next(key for key, row in documents.items() if "before the order" in str(row))
            assert any({order, host} <= set(commit.put) for commit in commits)


def test_the_guide_runs_as_printed_in_both_languages(tmp_path: Path) -> None:
    """Twice: the second run goes on where the first one ended."""
    pages = [HERE.parents[1] / "prometheus_persist/docs" / name for name in PAGES]
    blocks = [re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.S) for page in pages]
    shown = [[re.sub(r" *#.*", "", block) for block in page] for page in blocks]
    assert shown[0] == shown[1]
    for name, text in zip(("bot.py", "run.py"), blocks[1][:2], strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    command = [sys.executable, "run.py"]
    said = [
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said[0] == "goes on after cycle 0 with 0 trades\n"
    assert said[1].startswith("goes on after cycle 3 with ")


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="detect"):
        attach(seeded(), tmp_path, ["hostkit"], detect="never")
    with pytest.raises(BadConfig, match="list of names"):
        attach(seeded(), tmp_path, "hostkit")


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (random_state.GlobalRandom, "look", lambda self: {}),
        (slots, "is_", lambda a, b: True),
    ],
    ids=["random-state-lost", "changes-missed"],
)
def test_a_mistake_in_the_capture_is_noticed(
    where: object, name: str, instead: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, instead)
    desk = seeded()
    with attached(desk, str(tmp_path)) as p:
        while desk.cycle < 3:
            desk.step(lambda what, agent_id: saves(p, what, agent_id))
        due = told(desk)
    assert again(tmp_path).digest_then != due  # type: ignore[attr-defined]


def test_ctrl_c_behind_the_opening_leaves_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each line of ``attach`` from there on, whoever caught it attaches again at once; nothing
    waits for the collector."""

    class Opening(Session):
        """Says that it has returned."""

        @classmethod
        def open(cls, *at: Any, **options: Any) -> Any:
            session = Session.open(*at, **options)
            opened.append(session.seq)
            return session

    def strike(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line" and opened and frame.f_lineno not in struck:
            struck.add(frame.f_lineno)
            raise KeyboardInterrupt
        return strike

    def entered(frame: FrameType, _event: str, _argument: Any) -> Any:
        return strike if frame.f_code.co_filename == attaching.__file__ else None

    attached(seeded(), str(tmp_path)).close(save=False)
    monkeypatch.setattr(attaching, "Session", Opening)
    opened: list[int] = []
    struck: set[int] = set()
    host, tracer = None, sys.gettrace()
    gc.disable()
    try:
        while host is None:
            sys.settrace(entered)
            try:
                host = attached(seeded(), str(tmp_path))
            except KeyboardInterrupt:
                opened.clear()
            finally:
                sys.settrace(tracer)
        host.close(save=False)
    finally:
        gc.enable()
    assert len(struck) > 40
