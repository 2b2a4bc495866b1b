"""A take-over that fails takes nothing away; one that succeeds takes everything (S6)."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from sessionkit import opened
from storekit import HookFs, tree

from prometheus_persist.errors import PersistError, StoreFailed, StoreLocked
from prometheus_persist.session import Session, Settings, opening
from prometheus_persist.session.locks import PROBE
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs


def newer(monkeypatch: pytest.MonkeyPatch, _root: Path, more: dict[str, Any]) -> None:
    """This program is older than what wrote the store."""
    from prometheus_persist.errors import StoreNewer

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise StoreNewer("written by a newer version")

    monkeypatch.setattr(opening, "restore", refuse)


def damaged(monkeypatch: pytest.MonkeyPatch, _root: Path, more: dict[str, Any]) -> None:
    """What is there does not fit its types."""
    monkeypatch.setattr(opening, "state_from", lambda found: Agent.model_validate({"agent_id": 5}))


def read_only(number: int) -> Any:
    """The disk gives no right to write, or has no room."""

    def harm(monkeypatch: pytest.MonkeyPatch, root: Path, more: dict[str, Any]) -> None:
        def fail(op: str, path: str, data: bytes) -> None:
            if op == "create":
                raise OSError(number, "no")

        more["fs"] = HookFs(LocalFs(root), fail)

    return harm


def bad_config(monkeypatch: pytest.MonkeyPatch, root: Path, more: dict[str, Any]) -> None:
    """The settings cannot be carried out."""
    more["settings"] = Settings(mirror_dir=str(root))


def bad_environment(monkeypatch: pytest.MonkeyPatch, root: Path, more: dict[str, Any]) -> None:
    """Nor those of the environment."""
    more["settings"] = None
    monkeypatch.setenv("PERSIST_MIRROR_SYNC_MS", "never")


def others_mirror(monkeypatch: pytest.MonkeyPatch, root: Path, more: dict[str, Any]) -> None:
    """The mirror is another store's."""
    mirror = root.with_name("mirror")
    other = Session.open(root.with_name("other"), settings=Settings(mirror_dir=str(mirror)))
    other.close()
    more["settings"] = Settings(mirror_dir=str(mirror))


HARMS = {
    "newer": newer,
    "damaged": damaged,
    "read only": read_only(errno.EROFS),
    "no rights": read_only(errno.EACCES),
    "no room": read_only(errno.ENOSPC),
    "bad config": bad_config,
    "bad environment": bad_environment,
    "another's mirror": others_mirror,
}


@pytest.mark.parametrize("harm", HARMS)
def test_takeover_that_fails_leaves_the_holder_what_it_had(
    tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saves on, is the one writer, and its files are as they were."""
    root = tmp_path / "store"
    holder = opened(root, settings=Settings(background=False))
    holder.add_agent(Agent(agent_id="A"))
    before = tree(root)
    more: dict[str, Any] = {"settings": Settings(background=False)}
    HARMS[harm](monkeypatch, root, more)
    with pytest.raises((PersistError, ValueError)):
        opened(root, take_over=True, **more)
    monkeypatch.undo()
    assert tree(root) == before
    holder.state.agents["A"].trade_count = 1
    holder.save("on")
    with pytest.raises(StoreLocked):
        opened(root)
    holder.checkpoint()
    holder.snapshot()
    holder.close()
    session = opened(root)
    assert (session.state.agents["A"].trade_count, session.restored.damages) == (1, ())
    session.close()


def test_takeover_has_what_was_saved_until_its_last_moment(tmp_path: Path) -> None:
    """The holder saves after the take-over has read, and before it takes: it is read again."""
    holder = opened(tmp_path, settings=Settings(background=False))
    holder.add_agent(Agent(agent_id="A"))

    def save_within(op: str, path: str, data: bytes) -> None:
        if op == "create" and path.endswith("take_over.tmp"):
            holder.state.agents["A"].trade_count += 1
            holder.save("within")

    fs = HookFs(LocalFs(tmp_path), save_within)
    new = opened(tmp_path, fs=fs, take_over=True, settings=Settings(background=False))
    assert new.state.agents["A"].trade_count == holder.state.agents["A"].trade_count > 0
    holder.state.agents["A"].trade_count = 99
    with pytest.raises(StoreFailed, match="fenced"):
        holder.save("late")
    holder.close(save=False)
    new.close()


def test_takeover_within_an_opening_writes_no_segment_of_its_own(tmp_path: Path) -> None:
    """Both have read the same. The one that is taken over before its first frame goes on after the
    other has saved: it begins another segment, and is refused."""
    first = opened(tmp_path, settings=Settings(background=False))
    first.add_agent(Agent(agent_id="A"))
    first.close()
    others: list[Session] = []

    def take_over(op: str, path: str, data: bytes) -> None:
        if op == "create" and path.startswith("incremental/journal/") and not others:
            settings = Settings(background=False)
            others.append(opened(tmp_path, take_over=True, settings=settings))
            others[0].state.agents["A"].trade_count = 7
            others[0].save("quick")

    with pytest.raises(StoreFailed, match="fenced"):
        opened(tmp_path, fs=HookFs(LocalFs(tmp_path), take_over))
    others[0].state.agents["A"].trade_count += 1
    others[0].save("quick")
    others[0].close()
    session = opened(tmp_path)
    assert session.state.agents["A"].trade_count == 8
    assert all(damage.outcome == "ignored" for damage in session.restored.damages)
    assert session.epoch > others[0].epoch
    session.close()
    drawn = [path.name for path in tmp_path.iterdir() if path.name.startswith("store.lock.e")]
    assert drawn == [f"store.lock.e{session.epoch:08d}"]


def test_takeover_that_is_killed_while_it_tries_the_disk_leaves_nothing_for_good(
    tmp_path: Path,
) -> None:
    """The file that it tried with is gone with the next opening, in whichever folder it was."""
    opened(tmp_path).close()
    whole = tree(tmp_path).keys()
    for folder in ("incremental/journal", "mirror", "incremental", "snapshots"):

        def killed(op: str, path: str, data: bytes, folder: str = folder) -> None:
            if (op, path) == ("fsync", f"{folder}/{PROBE}") or (op == "unlink" and PROBE in path):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            opened(tmp_path, fs=HookFs(LocalFs(tmp_path), killed), take_over=True)
        assert PROBE in {path.rpartition("/")[2] for path in tree(tmp_path).keys() - whole}
        opened(tmp_path).close()
        assert not [path for path in tree(tmp_path) if path.endswith(PROBE)], folder
