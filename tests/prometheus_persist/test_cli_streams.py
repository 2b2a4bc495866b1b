"""Where the words of a command go: a terminal of another encoding, a reader that leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaos.gate import EXITS as CHAOS
from chaos.gate import EXITS_ZH as CHAOS_ZH
from fakeokx.cli.exits import EXITS as FAKEOKX
from fakeokx.cli.words import EXITS_ZH as FAKEOKX_ZH
from prometheus_persist import Agent, Session
from prometheus_persist.words.exits import EXITS


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Session.open(tmp_path / "s") as session:
        session.add_agent(Agent(agent_id="小明", current_capital="1000"))
    return tmp_path / "s"


def run(*words: object, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", *map(str, words)]
    return subprocess.run(command, capture_output=True, env=environ, timeout=60, check=False)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
@pytest.mark.parametrize("command", ["verify", "status"])
def test_no_command_fails_by_what_a_terminal_cannot_show(
    command: str, encoding: str, lang: str, store: Path
) -> None:
    """``verify || alert`` is about the store, not about the locale of who runs it."""
    done = run("prometheus_persist", command, "--dir", store, "--lang", lang, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u2705" in done.stdout
    assert ("小明" if encoding == "gbk" else "\\u5c0f") in done.stdout.decode(encoding) or (
        command == "verify"
    )


@pytest.mark.parametrize(
    "words", [("chaos.cli", "list"), ("chaos.demo", "--dir", "d"), ("prometheus_persist", "-h")]
)
def test_who_reads_along_and_goes_leaves_no_traceback(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    """``prometheus-persist demo | head -3`` is how a stranger looks at something long."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", *words]
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            command, stdout=nobody, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60, check=False
        )
    assert done.stderr == b""
    assert done.returncode in (0, 1)


@pytest.mark.parametrize("words", [("tail",), ("tail", "--json"), ("status", "--watch")])
def test_what_waits_for_more_ends_when_its_reader_goes(words: tuple[str, ...], store: Path) -> None:
    """``tail | head -2`` comes back by itself; nothing is saved that would have to be written."""
    command = [sys.executable, "-m", "prometheus_persist", *words, "--dir", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline()
        time.sleep(1)  # by then it has written what there is, and waits
        child.stdout.close()
        try:
            assert child.wait(15) in (0, 1)
        finally:
            child.kill()
        assert child.stderr.read() == b""


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "words",
    [
        ("prometheus_persist", "--help"),
        ("prometheus_persist", "status"),
        ("prometheus_persist", "verify", "--json"),
        ("prometheus_persist", "tail", "--json", "--once"),
        ("chaos.cli", "list"),
        ("chaos.cli", "--help"),
        ("chaos.cli", "gate", "nowhere", "--json"),
        ("chaos.demo", "--help"),
    ],
)
def test_a_full_disk_behind_stdout_is_said_and_is_no_error_of_the_library(
    words: tuple[str, ...], lang: str, store: Path
) -> None:
    """``reconcile --json > report.json`` on a full disk: half an answer is none, and no bug."""
    environ = {**os.environ, "PERSIST_DIR": str(store), "PERSIST_LANG": lang}
    command = [sys.executable, "-m", *words]
    with FULL.open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=environ, text=True, check=False
        )
    said = done.stderr.splitlines()
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr
    assert ("标准输出写不进去" if lang == "zh" else "standard output takes no more") in said[-2]
    assert said[-1].startswith("下一步" if lang == "zh" else "next: ")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("size", [10, 9_000, 200_000])
def test_what_stdout_refused_is_known_however_large_it_was(size: int) -> None:
    """What is too large for a buffer is nowhere any more when it is asked for again; and who took
    the error for one of his own does not end as if all were said."""
    program = (
        "import contextlib\nfrom prometheus_persist.cli.ending import ends_on_signals\n"
        "def run():\n with contextlib.suppress(OSError):\n"
        f"  print('x' * {size}, flush=True)\n"
        "ends_on_signals(run, lambda code, lang: '')"
    )
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 7, done.stderr


def test_every_end_can_be_read_by_itself() -> None:
    """The line of a signal stands alone on the terminal: nothing is above it to refer to."""
    said = [*CHAOS.values(), *CHAOS_ZH.values(), *FAKEOKX.values(), *FAKEOKX_ZH.values()]
    said += [line for both in EXITS.values() for line in both]
    assert not [line for line in said if "likewise" in line or "同上" in line]
