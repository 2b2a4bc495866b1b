"""A restored moment in a store of its own: what is in its way, deaths at its ends, two at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from storekit import Ids, StillClock, tree

from prometheus_persist.errors import BadConfig
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore
from prometheus_persist.recovery.ladder import Restored
from prometheus_persist.recovery.restore_into import MARK, write_into
from prometheus_persist.session import Session
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.store import Store


def restored(folder: Path) -> Restored:
    """A moment of a store with one agent."""
    session = Session.open(folder, clock=StillClock(step_ms=1), ids=Ids())
    session.add_agent(Agent(agent_id="A"))
    session.close()
    return restore(LocalFs(folder))


def theirs(folder: Path) -> Path:
    folder.mkdir()
    (folder / "notes.txt").write_text("theirs", encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["a directory", "a file", "a link", "ours"])
def test_restore_into_what_stands_where_it_is_built(tmp_path: Path, kind: str) -> None:
    """Somebody else's is left as it is and named; what a restore that was killed left is made
    anew. The new store is its owner's alone and has no trace of where it was built."""
    found = restored(tmp_path / "old")
    partial, elsewhere = tmp_path / "new.partial", theirs(tmp_path / "elsewhere")
    if kind == "a file":
        partial.write_text("theirs")
    elif kind == "a link":
        partial.symlink_to(elsewhere)
    else:
        theirs(partial)
        if kind == "ours":
            (partial / MARK).touch()
    before = tree(tmp_path)
    if kind != "ours":
        with pytest.raises(BadConfig, match=r"new\.partial is in the way"):
            write_into(found, tmp_path / "new", StillClock())
        assert tree(tmp_path) == before
        return
    write_into(found, tmp_path / "new", StillClock())
    again = restore(LocalFs(tmp_path / "new"))
    assert again.documents == found.documents
    assert not partial.exists()
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"history", "incremental", "mirror", "snapshots"}


@pytest.mark.parametrize("at", [(Path, "iterdir"), (Path, "rename"), (Path, "unlink")])
def test_restore_into_killed_at_its_ends_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: tuple[type, str]
) -> None:
    """Before its mark is there, before it is in its place, and before the mark is gone again."""
    found = restored(tmp_path / "old")
    where, name = at

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(where, name, killed)
        with pytest.raises(KeyboardInterrupt):
            write_into(found, tmp_path / "new", StillClock())
    if name == "unlink":
        assert not (tmp_path / "new.partial").exists()
    else:
        assert not (tmp_path / "new").exists()
        write_into(found, tmp_path / "new", StillClock())
        assert MARK not in {path.name for path in (tmp_path / "new").iterdir()}
    again = restore(LocalFs(tmp_path / "new"))
    assert again.documents == found.documents
    assert again.facts.damages == ()


def test_restore_into_one_place_twice_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is told so, and takes nothing of the first one's away."""
    found, told = restored(tmp_path / "old"), list[str]()
    commit = Store.commit

    def meanwhile(store: Store, change: Change) -> int:
        with monkeypatch.context() as alone:
            alone.setattr(Store, "commit", commit)
            with pytest.raises(BadConfig, match="another restore is building") as problem:
                write_into(found, tmp_path / "new", StillClock())
        told.append(str(problem.value))
        return commit(store, change)

    monkeypatch.setattr(Store, "commit", meanwhile)
    write_into(found, tmp_path / "new", StillClock())
    assert told
    assert restore(LocalFs(tmp_path / "new")).documents == found.documents
