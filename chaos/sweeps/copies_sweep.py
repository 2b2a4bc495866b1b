"""I13: copies, moves and backups of a store whose mirror lies elsewhere: the sweep ``copies``.

- *Copies.* A store is copied in every ``WAY``, while it is closed or while its process lives, and
  everything that a person or a host may do is done to the copy. All of it is refused, by name, and
  no byte of the mirror changes; the original goes on as if nothing had been.
- *Its own.* A copy gets a mirror of its own; or the original is given up and its mark deleted, and
  then it is the original that is a copy. Either way every writer has what was acknowledged to it.
- *No copies.* The same directory renamed, reached through a link, come back on an empty disk, with
  the mark of an earlier version, or with one that is damaged or gone: it opens, and is whole.
- *Moved away.* A living process's directory is renamed, with and without another store under its
  old name, and the process goes on: what it is told lies in the directory that it opened, and the
  other store has nothing of it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typer.testing import CliRunner

from chaos.chance import generator
from chaos.sweeps.reference_workload import Yard, yard
from chaos.sweeps.tally import Tally
from prometheus_persist.cli.app import app
from prometheus_persist.errors import (
    EXIT_LOCKED,
    EXIT_USAGE,
    MirrorOfAnother,
    PersistError,
    StoreLocked,
)
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.session.settings_sources import disk
from prometheus_persist.state import Agent

AGENT = "A"
OWNER_FILE = "owner.json"
ID_FILE = "store_id"
LINKED = "cp -al"
HARM_STEP = 29
CI_COPIES = 20
_ALONE = Settings(background=False)


def _command(*words: str) -> Callable[[Path, Settings], None]:
    """A command of the command line; its refusal is an error here."""

    def act(store: Path, _settings: Settings) -> None:
        done = CliRunner().invoke(app, [*words, "--dir", str(store), "--lang", "en"])
        if done.exit_code == EXIT_USAGE and OWNER_FILE in done.output:
            raise MirrorOfAnother(done.output)
        if done.exit_code == EXIT_LOCKED:
            raise StoreLocked(done.output)

    return act


def _opens(store: Path, settings: Settings) -> None:
    Session.open(store, settings=settings).close()


def _takes_over(store: Path, settings: Settings) -> None:
    Session.open(store, settings=settings, take_over=True).close()


def _visits(store: Path, _settings: Settings) -> None:
    Session.open(store, visit=True).close()


ACTS: Final[dict[str, Callable[[Path, Settings], None]]] = {
    "opens": _opens,
    "takes over": _takes_over,
    "visits": _visits,
    "freeze": _command("freeze", "--all", "--reason", "trying"),
    "save": _command("save"),
    "restore": _command("restore"),
    "repair": _command("repair"),
    "verify": _command("verify"),
    "status": _command("status"),
}


def _cp(*flags: str) -> Callable[[Path, Path], Path]:
    def copy(store: Path, beside: Path) -> Path:
        command = ["cp", *flags, str(store), str(beside)]
        subprocess.run(command, check=True)  # noqa: S603 the command is all our own
        return beside

    return copy


def _tree(store: Path, beside: Path) -> Path:
    return Path(shutil.copytree(store, beside))


def _in_its_place(store: Path, beside: Path) -> Path:
    """The original moves, the copy has its path."""
    store.rename(beside)
    return Path(shutil.copytree(beside, store))


WAYS: Final[dict[str, Callable[[Path, Path], Path]]] = {
    "cp -a": _cp("-a"),
    LINKED: _cp("-al"),
    "copytree": _tree,
    "in its place": _in_its_place,
}
DEEDS: Final[dict[str, Callable[[Session], object]]] = {
    "save": lambda session: session.save("moved"),
    "save soon": lambda session: session.save_soon("moved"),
    "checkpoint": Session.checkpoint,
    "snapshot": Session.snapshot,
    "freeze": lambda session: session.freeze(None, "moved"),
    "close": Session.close,
}


@dataclass(slots=True)
class Original:
    """A store with its mirror, and what was acknowledged to its writer."""

    root: Path
    mirror: Path
    settings: Settings
    acked: int = 0
    session: Session | None = None

    @classmethod
    def made(cls, ground: Path) -> Original:
        """A new one, open."""
        mirror = ground / "mirror"
        settings = Settings(background=False, mirror="ack", mirror_dir=str(mirror))
        made = cls(ground / "prod", mirror, settings)
        made.session = Session.open(made.root, settings=settings)
        made.session.add_agent(Agent(agent_id=AGENT))
        made.trade()
        return made

    def trade(self) -> None:
        """One commit, acknowledged."""
        assert self.session is not None
        agent = self.session.state.agents[AGENT]
        agent.trade_count += 1
        self.session.save("trade")
        self.acked = agent.trade_count

    def close(self) -> None:
        """Let go, if it is open."""
        session, self.session = self.session, None
        if session is not None:
            session.close()

    def judge(self, tally: Tally, where: str) -> None:
        """It goes on with what it has, and is whole."""
        try:
            if self.session is None:
                self.session = Session.open(self.root, settings=self.settings)
            there = self.session.state.agents[AGENT].trade_count
            if there != self.acked or self.session.state.freeze.everything is not None:
                tally.wrong("another's state", f"{where}: {there} for {self.acked}")
            self.trade()
            self.close()
            found = restore(disk(self.root, self.settings), thorough=True)
        except PersistError as problem:
            tally.wrong("the original cannot go on", f"{where}: {problem}")
            return
        if any(damage.outcome != "ignored" for damage in found.facts.damages):
            tally.wrong("damaged", f"{where}: {found.facts.damages}")
        if found.documents[f"agents/{AGENT}"]["trade_count"] != self.acked:
            tally.wrong("acknowledged and lost", where)


def sweep_copies(seed: int, *, full: bool) -> Tally:
    """All of it; without ``full`` ``CI_COPIES`` of the copies."""
    tally = Tally("copies", seed, full)
    due = list(itertools.product(WAYS, ACTS, (False, True)))
    if not full:
        due = generator(seed, "copies").sample(due, CI_COPIES)
        tally.notes.append(f"sampled: {CI_COPIES} copies; of all else, everything")
    with yard() as grounds:
        for way, act, living in due:
            copied(tally, grounds, way, act, living=living)
        its_own(tally, grounds)
        no_copies(tally, grounds)
        for another in (False, True):
            for deed in DEEDS:
                moved(tally, grounds, deed, another=another)
    return tally


def copied(tally: Tally, grounds: Yard, way: str, act: str, *, living: bool) -> None:
    """One copy, and one thing that is done to it."""
    ground, where = grounds.plot(), f"{way}, {act}{', it lives' if living else ''}"
    original = Original.made(ground)
    if not living:
        original.close()
    copy = WAYS[way](original.root, ground / "copy")
    if way == "in its place":
        original.root = ground / "copy"
    before = _files(original.mirror)
    try:
        ACTS[act](copy, original.settings)
        tally.wrong("a copy was let in", where)
    except MirrorOfAnother:
        tally.struck(f"copies: {act}")
    except StoreLocked:  # a copy by hard links shares the lock of a living original
        tally.struck("copies that share a lock", living and way == LINKED)
    if _files(original.mirror) != before:
        tally.wrong("written into the original's mirror", where)
    original.judge(tally, where)


def its_own(tally: Tally, grounds: Yard) -> None:
    """What a copy is told to do, done."""
    for given_up in (False, True):
        ground, where = grounds.plot(), f"its own, the other {'given up' if given_up else 'kept'}"
        original = Original.made(ground)
        original.close()
        mirror = original.mirror if given_up else ground / "second"
        settings = Settings(background=False, mirror="ack", mirror_dir=str(mirror))
        root = _tree(original.root, ground / "copy")
        copy = Original(root, mirror, settings, original.acked)
        if given_up:
            (original.mirror / OWNER_FILE).unlink()
        copy.judge(tally, where)
        tally.struck("copies that became their own")
        if not given_up:
            original.judge(tally, where)
            continue
        with contextlib.suppress(MirrorOfAnother):
            Session.open(original.root, settings=original.settings).close()
            tally.wrong("a copy was let in", f"{where}: the original")
        copy.judge(tally, where)


def no_copies(tally: Tally, grounds: Yard) -> None:
    """The same directory, in every disguise."""
    for name, disguise in _DISGUISES.items():
        original = Original.made(grounds.plot())
        original.close()
        disguise(original)
        tally.struck("the same directory in disguise")
        _judge_repaired(tally, original, name)
    original = Original.made(grounds.plot())
    original.close()
    mark = original.mirror / OWNER_FILE
    for at in range(0, mark.stat().st_size, HARM_STEP):
        sound = mark.read_bytes()
        mark.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        tally.struck("damaged marks")
        original.judge(tally, f"mark harmed at {at}")


def _judge_repaired(tally: Tally, original: Original, where: str) -> None:
    """What is lost with a disk is repaired by the opening that finds it so."""
    with contextlib.suppress(PersistError):
        Session.open(original.root, settings=original.settings).close()
    original.judge(tally, where)


def _rename(original: Original) -> None:
    original.root = original.root.rename(original.root.with_name("renamed"))


def _link(original: Original) -> None:
    link = original.root.with_name("link")
    link.symlink_to(original.root)
    original.root = link


def _lose(original: Original) -> None:
    original.root.rename(original.root.with_name("lost"))


def _unmark(original: Original) -> None:
    (original.mirror / OWNER_FILE).unlink()


def _mark_as_before(original: Original) -> None:
    mark = original.mirror / OWNER_FILE
    store_id = json.loads(mark.read_bytes())["data"]["store_id"]
    mark.unlink()
    (original.mirror / ID_FILE).write_text(store_id, encoding="ascii")


_DISGUISES: Final = {
    "renamed": _rename,
    "through a link": _link,
    "on an empty disk": _lose,
    "its mark is gone": _unmark,
    "its mark is of an earlier version": _mark_as_before,
}


def moved(tally: Tally, grounds: Yard, deed: str, *, another: bool) -> None:
    """The directory of a living process is renamed under it."""
    ground, where = grounds.plot(), f"moved, {deed}{', another in its place' if another else ''}"
    original = Original.made(ground)
    place, original.root = original.root, original.root.rename(ground / "moved")
    other = Session.open(place, settings=_ALONE) if another else None
    if other is not None:
        other.add_agent(Agent(agent_id="OTHER"))
    before = _files(place)
    session = original.session
    assert session is not None
    try:
        original.trade()
        DEEDS[deed](session)
        if deed == "freeze":
            session.unfreeze(None, "moved")
    except PersistError as problem:
        tally.wrong("a moved directory lost its writer", f"{where}: {problem}")
    tally.struck(f"moved: {deed}")
    if _files(place) != before:
        tally.wrong("written under the old name", where)
    if deed == "close":
        original.session = None
    original.judge(tally, where)
    if other is not None:
        other.close()
        found = restore(disk(place, _ALONE), thorough=True)
        if found.facts.damages or f"agents/{AGENT}" in found.documents:
            tally.wrong("the other store was touched", where)


def _files(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
