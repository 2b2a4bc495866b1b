"""A mirror belongs to one directory of one store; a moved directory keeps its writer (S3, S6)."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sessionkit import opened
from storekit import HookFs, tree
from typer.testing import CliRunner

from prometheus_persist import Session, Settings
from prometheus_persist.cli.app import app
from prometheus_persist.errors import MirrorOfAnother, StoreFailed, StoreLocked
from prometheus_persist.recovery import restore
from prometheus_persist.session.locks import Home
from prometheus_persist.session.settings_sources import disk, visited
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.split import SplitFs


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A store with a mirror elsewhere, closed."""
    root = tmp_path / "prod"
    session = opened(root, settings=mirrored(tmp_path))
    session.add_agent(Agent(agent_id="A"))
    session.close()
    return root


def mirrored(tmp_path: Path) -> Settings:
    return Settings(mirror_dir=str(tmp_path / "mirror"), background=False)


def mark(tmp_path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((tmp_path / "mirror/owner.json").read_text())["data"]
    return found


def ran(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*args, "--lang", "en"])
    return done.exit_code, done.output


def reopens(root: Path, tmp_path: Path, count: int) -> None:
    """The original goes on from what it had, and nothing is damaged."""
    session = opened(root, settings=mirrored(tmp_path))
    assert (session.state.agents["A"].trade_count, session.restored.damages) == (count, ())
    session.state.agents["A"].trade_count += 1
    session.save("on")
    session.close()


@pytest.mark.parametrize("how", ["cp -a", "cp -al", "cp -r"])
def test_copy_is_told_what_it_is_and_writes_nothing_into_the_mirror(
    original: Path, tmp_path: Path, how: str
) -> None:
    """By its settings it would: the command line, its host, and a take-over are refused alike."""
    copy = tmp_path / "copy"
    subprocess.run([*how.split(), str(original), str(copy)], check=True)
    before = tree(tmp_path / "mirror")
    for command in (
        ("freeze", "--all", "--reason", "trying"),
        ("save",),
        ("restore",),
        ("repair",),
        ("status",),
        ("verify",),
    ):
        code, said = ran(*command, "-d", str(copy))
        assert (code, "MirrorOfAnother" in said or "mirror of" in said) == (2, True), said
        assert str(original) in said.replace("\n", "")
        assert "owner.json" in said
    for take_over in (False, True):
        with pytest.raises(MirrorOfAnother):
            opened(copy, settings=mirrored(tmp_path), take_over=take_over)
    assert tree(tmp_path / "mirror") == before
    reopens(original, tmp_path, 0)


def test_copy_becomes_its_own_with_a_mirror_of_its_own(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is told to: the original's mirror stays as it was, and both go on."""
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    before = tree(tmp_path / "mirror")
    monkeypatch.setenv("PERSIST_MIRROR_DIR", "")
    assert ran("freeze", "--all", "--reason", "a copy", "-d", str(copy))[0] == 0
    assert ran("verify", "-d", str(copy))[0] == 0
    monkeypatch.delenv("PERSIST_MIRROR_DIR")
    assert tree(tmp_path / "mirror") == before
    own = opened(copy, settings=Settings(mirror_dir=str(tmp_path / "second")))
    assert own.state.freeze.everything is not None
    own.close()
    assert ran("verify", "-d", str(copy))[0] == 0
    reopens(original, tmp_path, 0)


def test_copy_becomes_the_owner_where_a_person_says_so(original: Path, tmp_path: Path) -> None:
    """A backup on a new disk, the old directory lost: the mark is deleted, and whoever opens first
    is the owner; the other one is a copy from then on."""
    backup = tmp_path / "backup"
    shutil.copytree(original, backup)
    (tmp_path / "mirror/owner.json").unlink()
    reopens(backup, tmp_path, 0)
    assert mark(tmp_path)["directory"] == str(backup)
    with pytest.raises(MirrorOfAnother, match="backup"):
        opened(original, settings=mirrored(tmp_path))
    reopens(backup, tmp_path, 1)


def test_copy_in_the_place_of_its_original_is_a_copy(original: Path, tmp_path: Path) -> None:
    """The same path, as two containers have it, and another directory: refused by its inode."""
    away = tmp_path / "away"
    original.rename(away)
    shutil.copytree(away, original)
    with pytest.raises(MirrorOfAnother, match="inode"):
        opened(original, settings=mirrored(tmp_path))
    reopens(away, tmp_path, 0)
    assert mark(tmp_path)["directory"] == str(away)


@pytest.mark.parametrize("way", ["renamed", "through a link", "another device number"])
def test_the_same_directory_is_no_copy(
    original: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under another name, by another path, after a reboot that numbered the disks anew."""
    root = original
    if way == "renamed":
        root = original.rename(tmp_path / "renamed")
    elif way == "through a link":
        root = tmp_path / "link"
        root.symlink_to(original)
    else:
        real = Home.of

        def renumbered(main: LocalFs) -> Home:
            found = real(main)
            return dataclasses.replace(found, device=found.device + 1)

        monkeypatch.setattr(Home, "of", renumbered)
    reopens(root, tmp_path, 0)
    monkeypatch.undo()
    reopens(root, tmp_path, 1)


def test_an_owner_that_comes_back_on_an_empty_disk_is_killed_and_comes_back_again(
    original: Path, tmp_path: Path
) -> None:
    """It is written down as the owner before it has anything that could be a copy."""
    original.rename(tmp_path / "lost")

    class Killed(BaseException):
        pass

    def die(op: str, path: str, data: bytes) -> None:
        if path.startswith("incremental/journal/") and op == "rename":
            raise Killed

    original.mkdir()
    files = HookFs(disk(original, mirrored(tmp_path)), die)
    with pytest.raises(Killed):
        opened(original, fs=files, settings=mirrored(tmp_path))
    assert list((original / "incremental/journal").iterdir())
    session = opened(original, settings=mirrored(tmp_path))
    assert "A" in session.state.agents
    session.close()


def test_an_owner_that_comes_back_at_another_path_is_asked_first(
    original: Path, tmp_path: Path
) -> None:
    """Empty or not: the old directory may be there still. With the mark gone, all comes back."""
    original.rename(tmp_path / "lost")  # removed, its inode could be the new directory's
    new, before = tmp_path / "new disk", tree(tmp_path / "mirror")
    with pytest.raises(MirrorOfAnother, match="another directory"):
        opened(new, settings=mirrored(tmp_path))
    assert tree(tmp_path / "mirror") == before
    (tmp_path / "mirror/owner.json").unlink()
    session = opened(new, settings=mirrored(tmp_path))
    assert "A" in session.state.agents
    session.close()
    reopens(new, tmp_path, 0)


def test_a_mark_that_the_disk_does_not_give_lets_nobody_in(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the owner, who can wait, nor a copy, whose it may not be."""
    copy, read = tmp_path / "copy", LocalFs.read
    shutil.copytree(original, copy)
    before = tree(tmp_path / "mirror")

    def failing(fs: LocalFs, path: str) -> bytes:
        if path.endswith("owner.json"):
            raise OSError(errno.EIO, "Input/output error", path)
        return read(fs, path)

    with monkeypatch.context() as broken:
        broken.setattr(LocalFs, "read", failing)
        for root in (original, copy):
            with pytest.raises(StoreFailed, match="whose mirror it is cannot be read"):
                opened(root, settings=mirrored(tmp_path))
    assert tree(tmp_path / "mirror") == before
    with pytest.raises(MirrorOfAnother):
        opened(copy, settings=mirrored(tmp_path))
    reopens(original, tmp_path, 0)


def test_a_mark_of_before_is_believed_by_its_id_and_replaced(
    original: Path, tmp_path: Path
) -> None:
    """Stores that were made before a mirror knew its directory open as they did."""
    mirror = tmp_path / "mirror"
    store_id = mark(tmp_path)["store_id"]
    (mirror / "owner.json").unlink()
    (mirror / "store_id").write_text(str(store_id))
    reopens(original, tmp_path, 0)
    assert mark(tmp_path)["directory"] == str(original)
    assert not (mirror / "store_id").exists()


def test_a_damaged_mark_is_no_mark(original: Path, tmp_path: Path) -> None:
    """S4: any bits of it flipped, cut anywhere, emptied: the store opens, and writes it anew."""
    path = tmp_path / "mirror/owner.json"
    sound = path.read_bytes()
    harms = [b"", b"[]", b"{}", sound[: len(sound) // 2], b"\xff" * 9]
    for at in range(0, len(sound), 41):
        harms.append(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
    for count, harm in enumerate(harms):
        path.write_bytes(harm)
        reopens(original, tmp_path, count)
        assert mark(tmp_path)["inode"] == original.stat().st_ino


@pytest.mark.parametrize("mirror", ["inside", "elsewhere"])
def test_moved_away_under_a_living_process(tmp_path: Path, mirror: str) -> None:
    """It goes on in the directory that it opened, whatever is made under the old name; both are
    whole, and neither can be opened twice."""
    root, away = tmp_path / "store", tmp_path / "store.old"
    elsewhere = Settings(background=False, mirror_dir=str(tmp_path / "m1"))
    first = elsewhere if mirror == "elsewhere" else Settings(background=False)
    old = opened(root, settings=first)
    old.add_agent(Agent(agent_id="OLD"))
    root.rename(away)
    new = Session.open(root, settings=Settings(background=False))
    new.add_agent(Agent(agent_id="NEW"))
    acts: list[Callable[[Session], object]] = [
        lambda session: session.save("x"),
        Session.checkpoint,
        Session.snapshot,
        lambda session: session.freeze(None, "x"),
        lambda session: session.unfreeze(None, "x"),
    ]
    for count, act in enumerate(acts, 1):
        for session in (old, new):
            agent = next(iter(session.state.agents.values()))
            agent.trade_count = count
            session.save("x")
            act(session)
    for held in (root, away):
        with pytest.raises(StoreLocked):
            Session.open(held, settings=Settings(background=False))
    new.close()
    old.close()
    for session, found in ((new, restore(LocalFs(root))), (old, restore(visited(away)))):
        assert found.facts.damages == ()
        assert found.image.digest() == session.digest()
        (name,) = session.state.agents
        assert found.documents[f"agents/{name}"]["trade_count"] == len(acts)


def test_removed_under_a_living_process(tmp_path: Path) -> None:
    """Nothing is acknowledged, and nothing is written where it was."""
    root = tmp_path / "store"
    session = opened(root, settings=Settings(background=False, mirror="ack"))
    session.add_agent(Agent(agent_id="A"))
    shutil.rmtree(root)
    root.mkdir()
    session.state.agents["A"].trade_count = 1
    for act in (lambda: session.save("x"), session.checkpoint, session.snapshot, session.close):
        with pytest.raises(StoreFailed):
            act()
    assert list(root.iterdir()) == []


def test_a_first_opening_with_a_mirror_elsewhere_is_killed_and_opened_again(tmp_path: Path) -> None:
    """Before every operation: what it had begun is no other store's mirror, each time."""
    for at in itertools.count(1):
        place, seen = tmp_path / str(at), [0]
        settings = Settings(mirror_dir=str(place / "mirror"), background=False)

        def dies(op: str, path: str, data: bytes, seen: list[int] = seen, at: int = at) -> None:
            seen[0] += 1
            if seen[0] >= at:
                raise KeyboardInterrupt

        for folder in ("store", "mirror"):
            (place / folder).mkdir(parents=True)
        two = SplitFs(LocalFs(place / "store"), LocalFs(place / "mirror"))
        with contextlib.suppress(KeyboardInterrupt):
            Session.open(place / "store", fs=HookFs(two, dies), settings=settings).close()
        session = Session.open(place / "store", settings=settings)
        session.add_agent(Agent(agent_id="A"))
        session.close()
        again = Session.open(place / "store", settings=settings)
        assert list(again.state.agents) == ["A"], at
        again.close()
        if seen[0] < at:
            break
    assert at > 50
