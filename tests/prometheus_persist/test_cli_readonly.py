"""Every command on a file system that really is read-only: its code, and never a word of damage.

A tmpfs is filled and mounted again for reading. Only root may mount: elsewhere each row is a
counted skip, and ``test_cli_exits.py`` has the same column with a file system that refuses.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakekit import KEYS
from test_cli_exits import COMMANDS, ELSEWHERE, NOWHERE, TABLE, filled
from typer.testing import CliRunner

from prometheus_persist.cli.app import app

COLUMN = "read-only"
UNDAMAGED = {"en": ("nothing on it is damaged",), "zh": ("没有损坏", "不等于数据损坏")}
ROWS = {**COMMANDS, **ELSEWHERE}


@contextlib.contextmanager
def mounted(place: Path) -> Iterator[Path]:
    """A tmpfs at ``place``; gone afterwards, whatever happens and whoever still looks at it."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m,mode=700", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def why_not() -> str:
    """Why nothing can be mounted here; "" where it can."""
    if os.geteuid():
        return "only root may mount"
    if missing := [tool for tool in ("mount", "umount") if shutil.which(tool) is None]:
        return f"there is no {missing[0]}"
    return ""


@pytest.fixture(scope="module")
def read_only(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory on it, with a store."""
    if reason := why_not():
        pytest.skip(f"no real read-only file system: {reason}")
    place = tmp_path_factory.mktemp("disk")
    try:
        with mounted(place):
            shutil.copytree(sound, place / "store")
            subprocess.run(["mount", "-o", "remount,ro", place], check=True)
            yield place
    except subprocess.CalledProcessError as problem:
        pytest.skip(f"no real read-only file system: {problem}")
    finally:
        assert str(place) not in Path("/proc/mounts").read_text()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("exits") / "store")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("command", ROWS)
def test_a_read_only_file_system_is_called_that(
    command: str, lang: str, read_only: Path, tmp_path: Path
) -> None:
    places = {
        "INTO": str(read_only / "into"), "PLAN": str(read_only / "plan.json"), "NOWHERE": NOWHERE,
        "PAGE": str(read_only / "page.html"),
    }  # fmt: skip
    words = [places.get(word, word) for word in ROWS[command]]
    where = ["--dir", str(read_only / ("" if command in ELSEWHERE else "store")), "--lang", lang]
    code, out, err = carried_out([*words, *where, "--json"])
    assert code == TABLE[COLUMN][command], err
    assert "Traceback" not in err
    lines = out.splitlines() if command == "tail" else [out]
    told = [json.loads(line) for line in lines][-1]
    assert told.get("exit_code", code) == code
    if code or lang == "en":
        for words_of_none in UNDAMAGED[lang]:
            err = err.replace(words_of_none, "")
        assert ("damaged" if lang == "en" else "损坏") not in err
    if code == 7:
        assert {"en": "Read-only file system", "zh": "文件系统只读"}[lang] in err


def carried_out(words: list[str]) -> tuple[int, str, str]:
    """In this process, but for the demo: that takes over the process it is started in."""
    env = {**KEYS, "PERSIST_RECOVERY_BUDGET_S": "1"}
    if words[0] != "demo":
        said = CliRunner().invoke(app, words, env=env)
        return said.exit_code, said.stdout, said.stderr
    command = [sys.executable, "-m", "prometheus_persist.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_nothing_stays_mounted(tmp_path: Path) -> None:
    """Whatever goes wrong, and whoever still has a file open there."""
    if reason := why_not():
        pytest.skip(f"no real read-only file system: {reason}")
    held: list[object] = []

    def broken() -> None:
        with mounted(tmp_path):
            held.append((tmp_path / "held").open("w"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert list(tmp_path.iterdir()) == []
