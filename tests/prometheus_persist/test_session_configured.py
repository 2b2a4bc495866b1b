"""Settings: from where they come, what they may be, who finds them again; a mirror elsewhere."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from storekit import HookFs, Ids, StillClock, tree
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.errors import BadConfig, MirrorOfAnother, PersistError, StoreFailed
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.session.settings import KEYS
from prometheus_persist.session.settings_sources import disk, load, recorded, visited, visiting
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.split import SplitFs

TABLE = "[tool.prometheus-persist]\n"


def project(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def opened(root: Path, **more: Any) -> Session:
    return Session.open(root, clock=StillClock(step_ms=1), ids=Ids(), **more)


def ran(*words: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, [*words, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.strip() else {}


def test_configured_every_key_has_a_rule_and_every_rule_a_key() -> None:
    """No setting is taken unchecked, and the defaults pass their own rules."""
    assert list(KEYS) == [field.name for field in dataclasses.fields(Settings)]
    assert Settings.of(Settings().to_json(), "here") == Settings()


def test_configured_the_nearest_table_upward_counts_and_the_environment_over_it(
    tmp_path: Path,
) -> None:
    """A pyproject without the table is passed over; keys may be written with hyphens."""
    project(tmp_path, TABLE + "snapshots-kept = 9\nhistory_hours = 2\n")
    deep = project(tmp_path / "a" / "b", "[tool.other]\nx = 1\n")
    assert load(deep, {}) == Settings(snapshots_kept=9, history_hours=2)
    project(tmp_path / "a", TABLE + 'mirror = "ack"\n')
    assert load(deep, {}) == Settings(mirror="ack")
    environ = {"PERSIST_MIRROR": "off", "PERSIST_BACKGROUND": "false", "PERSIST_DIR": "x"}
    assert load(deep, environ) == Settings(mirror="off", background=False)
    named = load(deep, {}, pyproject=tmp_path / "pyproject.toml")
    assert named == Settings(snapshots_kept=9, history_hours=2)
    assert load(project(tmp_path / "c", ""), {}).snapshots_kept == 9


WRONG: list[tuple[str, str]] = [
    ("snapshots_kept = 0", "snapshots_kept is 0; it has to be a whole number, at least 1"),
    ("snapshots_kept = true", "snapshots_kept is True; it has to be a whole number, at least 1"),
    ("snapshots_kept = 2.0", "snapshots_kept is 2.0; it has to be a whole number"),
    ("history_hours = nan", "history_hours is nan; it has to be a number of hours"),
    ("history_hours = 9999", "history_hours is 9999; it has to be a number of hours"),
    ("snapshot_every_s = inf", "snapshot_every_s is inf; it has to be a number of seconds"),
    ('mirror = "on"', "mirror is 'on'; it has to be one of behind, ack, off"),
    ('mirror_dir = "over/there"', "mirror_dir is 'over/there'; it has to be an absolute path"),
    ('detect = "all"', "detect is 'all'; it has to be one of everything, marked"),
    ('background = "yes"', "background is 'yes'; it has to be true or false"),
    ("snapshot_kept = 3", "there is no setting 'snapshot_kept'; did you mean snapshots_kept?"),
    ("zzz = 3", "there is no setting 'zzz'; there are save_every_cycles"),
]


@pytest.mark.parametrize(("line", "words"), WRONG)
def test_configured_what_is_wrong_is_named_with_what_is_allowed(
    tmp_path: Path, line: str, words: str
) -> None:
    """File, key, value and the allowed values stand in the error; nothing has been opened."""
    folder = project(tmp_path, TABLE + line + "\n")
    with pytest.raises(BadConfig) as refused:
        load(folder, {})
    assert words in refused.value.detail
    assert str(folder / "pyproject.toml") in refused.value.detail


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PERSIST_SNAPSHOTS_KEPT": "three"}, "snapshots_kept is 'three'; it has to be a whole"),
        ({"PERSIST_BACKGROUND": "perhaps"}, "background is 'perhaps'; it has to be true or false"),
        ({"PERSIST_SNAPSHOT_KEPT": "3"}, "did you mean PERSIST_SNAPSHOTS_KEPT?"),
    ],
)
def test_configured_the_environment_is_checked_alike(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    """A variable that cannot be a setting, or is nearly one, is refused by name."""
    with pytest.raises(BadConfig) as refused:
        load(tmp_path, environ)
    assert words in refused.value.detail


@pytest.mark.parametrize("text", ["[tool", "[tool]\nprometheus-persist = 3\n"])
def test_configured_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    """Broken TOML, or a table that is none."""
    with pytest.raises(BadConfig, match=r"pyproject\.toml"):
        load(project(tmp_path, text), {})


def test_configured_commands_run_by_the_hosts_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``save`` keeps as many snapshots as the host does, whatever stands around where it is called;
    the environment counts over it, and what is written down stays the host's."""
    store, elsewhere = tmp_path / "store", project(tmp_path / "e", TABLE + "snapshots_kept = 1\n")
    monkeypatch.chdir(elsewhere)
    session = opened(store, settings=Settings(snapshots_kept=4, history_hours=0))
    session.wait()
    session._lock.release()  # killed before its first cycle
    session._store._committer.shut("killed")
    assert recorded(LocalFs(store)) == Settings(snapshots_kept=4, history_hours=0)
    for _ in range(6):
        assert ran("save", "--dir", str(store))[0] == 0
    assert len(list((store / "snapshots").iterdir())) == 4
    monkeypatch.setenv("PERSIST_SNAPSHOTS_KEPT", "2")
    assert ran("save", "--dir", str(store))[0] == 0
    assert len(list((store / "snapshots").iterdir())) == 2
    assert recorded(LocalFs(store)) == Settings(snapshots_kept=4, history_hours=0)
    assert visiting(store, {}).snapshots_kept == 4
    monkeypatch.delenv("PERSIST_SNAPSHOTS_KEPT")
    opened(store).close()  # a host that gives none: those of where it is
    assert recorded(LocalFs(store)) == Settings(snapshots_kept=1)


@pytest.mark.parametrize("damage", ["flip", "delete", "swap"])
def test_configured_a_damaged_record_is_named_and_written_anew(tmp_path: Path, damage: str) -> None:
    """The state is not touched by it; the next opening of the host puts it right."""
    mine = Settings(snapshots_kept=7)
    session = opened(tmp_path, settings=mine)
    session.add_agent(Agent(agent_id="A"))
    session.close()
    record = tmp_path / "incremental/settings.json"
    if damage == "delete":
        record.unlink()
    elif damage == "swap":
        record.write_bytes((tmp_path / "incremental/valhalla.json").read_bytes())
    else:
        record.write_bytes(record.read_bytes().replace(b"7", b"8"))
    assert recorded(LocalFs(tmp_path)) is None
    found = restore(LocalFs(tmp_path))
    assert [each.file for each in found.facts.damages] == ["incremental/settings.json"]
    assert "agents/A" in found.documents
    opened(tmp_path, settings=mine).close()
    assert recorded(LocalFs(tmp_path)) == mine
    assert restore(LocalFs(tmp_path), thorough=True).facts.damages == ()


# -- a mirror elsewhere


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path, Settings]:
    """A store and its mirror's own directory, and the settings that say so."""
    mirror = tmp_path / "other disk" / "mirror"
    return tmp_path / "store", mirror, Settings(mirror_dir=str(mirror), mirror="ack")


def lived(store: Path, settings: Settings) -> str:
    session = opened(store, settings=settings)
    session.add_agents([Agent(agent_id="A"), Agent(agent_id="B")])
    session.snapshot()
    session.state.agents["A"].trade_count = 5
    session.on_trade("A")
    session.close()
    return session.digest()


def test_mirror_elsewhere_is_the_second_copy_and_is_found_again(
    two: tuple[Path, Path, Settings],
) -> None:
    """Every segment lies there, none under the store; commands find it by themselves."""
    store, mirror, settings = two
    digest = lived(store, settings)
    names = [path.name for path in (store / "incremental/journal").iterdir()]
    assert set(names) <= {path.name for path in mirror.iterdir()}
    assert not (store / "mirror").exists()
    code, found = ran("verify", "--dir", str(store))
    assert (code, found["sound"], found["digest"]) == (0, True, digest)
    for command in ("status", "snapshots", "save"):
        assert ran(command, "--dir", str(store))[0] == 0
    assert not (store / "mirror").exists()
    assert restore(visited(store), thorough=True).facts.damages == ()


def test_mirror_elsewhere_repairs_the_journal_and_is_repaired_and_named(
    two: tuple[Path, Path, Settings],
) -> None:
    """S4 across two disks, either way; damage is named by where it really is."""
    store, mirror, settings = two
    digest = lived(store, settings)
    for folder in (store / "incremental/journal", mirror):
        for segment in folder.glob("*.wal"):
            data = bytearray(segment.read_bytes())
            data[len(data) // 2] ^= 1
            segment.write_bytes(data)
            code, found = ran("verify", "--dir", str(store))
            assert (code, found["digest"]) == (0, digest)
            assert {row["file"] for row in found["damages"]} >= {
                str(segment if folder == mirror else segment.relative_to(store))
            }
            assert ran("repair", "--dir", str(store))[0] == 0
            code, found = ran("verify", "--dir", str(store))
            assert (code, found["sound"], found["digest"]) == (0, True, digest)


def test_mirror_elsewhere_brings_back_a_store_whose_disk_is_gone(
    two: tuple[Path, Path, Settings],
) -> None:
    """The whole first disk is lost; the host opens with its settings and has everything."""
    store, _, settings = two
    digest = lived(store, settings)
    shutil.rmtree(store)
    session = opened(store, settings=settings)
    assert session.state.agents["A"].trade_count == 5
    session.close(save=False)
    assert restore(disk(store, settings)).image.digest() == digest


@pytest.mark.parametrize("damage", ["flip", "delete"])
def test_mirror_elsewhere_is_asked_for_where_nothing_says_where_it_is(
    two: tuple[Path, Path, Settings], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """The first disk lost the record and a part of the journal: no command calls lost what the
    mirror has, nor keeps a second mirror; once it is told, everything is there."""
    store, mirror, settings = two
    digest = lived(store, settings)
    record = store / "incremental/settings.json"
    segment = max((store / "incremental/journal").glob("*.wal"))
    segment.write_bytes(segment.read_bytes()[:200])
    if damage == "delete":
        record.unlink()
    else:
        record.write_bytes(record.read_bytes().replace(b"mirror", b"mirrOr"))
    before = tree(store)
    for words in ("verify", "status", "repair", "save", "repair --accept-loss 1", "orders"):
        code, told = ran(*words.split(), "--dir", str(store))
        assert (code, "PERSIST_MIRROR_DIR" in told["detail"]) == (2, True), words
        assert tree(store) == before
    monkeypatch.setenv("PERSIST_MIRROR_DIR", str(mirror))
    assert (ran("verify", "--dir", str(store))[1]["digest"]) == digest
    assert ran("repair", "--dir", str(store))[0] == 0
    code, found = ran("verify", "--dir", str(store))
    assert (code, found["sound"], found["digest"]) == (0, True, digest)


def test_mirror_elsewhere_belongs_to_one_store(two: tuple[Path, Path, Settings]) -> None:
    """A second store is refused at once while the first is open, and by name afterwards; neither
    attempt writes a byte into the mirror. A directory around the store is no mirror. Where only
    the id was written down, that is what is compared."""
    store, mirror, settings = two
    session = opened(store, settings=settings)
    session.add_agent(Agent(agent_id="A"))
    other = store.with_name("another")
    with pytest.raises(MirrorOfAnother, match="is the mirror of"):
        opened(other, settings=settings)
    session.close()
    alone = Session.open(other, clock=StillClock(99), settings=Settings())
    alone.add_agent(Agent(agent_id="Z"))
    alone.close()
    before = tree(mirror)
    with pytest.raises(MirrorOfAnother):
        opened(other, settings=settings)
    assert tree(mirror) == before
    (mirror / "owner.json").unlink()
    (mirror / "store_id").write_text(session.state.registry.store_id)
    with pytest.raises(PersistError):
        opened(other, settings=settings)
    opened(store, settings=settings).close()
    for wrong in (store, store.parent):
        with pytest.raises(BadConfig, match="holds the store"):
            opened(store, settings=Settings(mirror_dir=str(wrong)))


def test_mirror_elsewhere_fences_a_writer_that_was_taken_over(
    two: tuple[Path, Path, Settings],
) -> None:
    """Both locks are taken over, and the old writer is out."""
    store, _, settings = two
    old = opened(store, settings=settings)
    old.add_agent(Agent(agent_id="A"))
    old.wait()
    new = opened(store, settings=settings, take_over=True)
    old.state.agents["A"].trade_count = 1
    with pytest.raises(StoreFailed, match="fenced"):
        old.on_trade("A")
    new.state.agents["A"].trade_count = 2
    new.on_trade("A")
    with pytest.raises(StoreFailed):
        old.close()
    new.close()
    assert restore(visited(store)).documents["agents/A"]["trade_count"] == 2


def test_mirror_elsewhere_every_operation_goes_through_its_own_seam(
    two: tuple[Path, Path, Settings],
) -> None:
    """Each disk's ``Fs`` sees what is done on it: nothing of the mirror on the first, no file on
    either that was not announced."""
    store, mirror, settings = two
    seen: dict[str, Counter[str]] = {"main": Counter(), "mirror": Counter()}

    def watch(name: str) -> Any:
        return lambda op, path, data: seen[name].update([path])

    for folder in (store, mirror):
        folder.mkdir(parents=True)
    fs = SplitFs(HookFs(LocalFs(store), watch("main")), HookFs(LocalFs(mirror), watch("mirror")))
    session = opened(store, fs=fs, settings=settings)
    session.add_agent(Agent(agent_id="A"))
    session.snapshot()
    session.close()
    assert not [path for path in seen["main"] if path.startswith("mirror")]
    for name, folder in (("main", store), ("mirror", mirror)):
        there = {name for name in tree(folder) if not name.startswith("store.lock")}
        assert there
        assert there <= set(seen[name])


@pytest.mark.parametrize("page", ["operations.md", "zh/operations.md"])
def test_configured_the_page_lists_every_setting_with_its_default(page: str) -> None:
    """The table people read is the table that is used."""
    root = Path(__file__).parent.parent.parent
    page = (root / "prometheus_persist" / "docs" / page).read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", page, re.MULTILINE)
    listed = {name: json.loads(default) for name, default in rows if name in KEYS}
    assert listed == Settings().to_json()


@pytest.mark.parametrize(
    ("mode", "where", "read"),
    [
        (0o600, "file", True),
        (0o644, "file", True),
        (0o646, "file", False),
        (0o755, "folder", True),
        (0o777, "folder", False),
        (0o1777, "folder", True),
    ],
)
def test_configured_a_project_that_others_may_write_is_not_read(
    tmp_path: Path, mode: int, where: str, read: bool
) -> None:
    """It is told which and why, and the search goes on upward; one that the host names is read."""
    project(tmp_path, TABLE + "snapshots_kept = 9\n")
    folder = project(tmp_path / "shared", TABLE + "snapshots_kept = 4\n")
    path = folder / "pyproject.toml"
    path.chmod(0o600)
    (path if where == "file" else folder).chmod(mode)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert load(folder, {}).snapshots_kept == (4 if read else 9)
    assert [str(each.message) for each in told] == (
        []
        if read
        else [
            f"{path} is not read for settings: others may write to "
            f"{path if where == 'file' else folder}"
        ]
    )
    assert load(folder, {}, pyproject=path).snapshots_kept == 4


def test_configured_a_project_of_somebody_else_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where the file is another user's nor where its directory is; one of root's is."""
    folder = project(tmp_path / "theirs", TABLE + "snapshots_kept = 4\n")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    if mine:
        with pytest.warns(UserWarning, match=f"belongs to user {mine}"):
            assert load(folder, {}) == Settings()
        return
    assert load(folder, {}).snapshots_kept == 4
    for theirs in (folder / "pyproject.toml", folder):
        os.chown(theirs, mine + 2, -1)
        with pytest.warns(UserWarning, match=f"{theirs} belongs to user {mine + 2}"):
            assert load(folder, {}) == Settings()
        os.chown(theirs, mine, -1)


def test_configured_a_mirror_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """One that has something in it and was never a mirror: nothing is put there, the lock least of
    all. An empty one is taken, also one with what a disk or a writer that was killed leaves; and a
    mirror into which somebody puts a file is still one."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "notes.txt").write_text("theirs")
    with pytest.raises(
        BadConfig, match=r"theirs is not empty and is no mirror: it has 'notes\.txt'"
    ):
        opened(tmp_path / "store", settings=Settings(mirror_dir=str(theirs)))
    assert [path.name for path in theirs.iterdir()] == ["notes.txt"]
    mirror = tmp_path / "mirror"
    (mirror / "lost+found").mkdir(parents=True)
    for name in ("store.lock", "owner.json.tmp"):
        (mirror / name).touch()
    for _ in range(2):
        opened(tmp_path / "store", settings=Settings(mirror_dir=str(mirror))).close()
        (mirror / "notes.txt").write_text("theirs")
    (mirror / "owner.json").unlink()
    opened(tmp_path / "store", settings=Settings(mirror_dir=str(mirror))).close()
    assert (mirror / "notes.txt").read_text() == "theirs"
