"""What the harness prints of text from outside is text: names, reasons, problems, its arguments.

No module of the three packages prints by itself what is not its own: the sinks are ``shown.tell``,
``Terminal`` and the parser of ``chaos/arguments.py``.
"""

from __future__ import annotations

import ast
from pathlib import Path
from unittest.mock import Mock

import pytest
from test_chaos_cli import saved_run
from textkit import CLEARS, TURNS, stacked, unruly

import chaos
import fakeokx
from chaos.cli.app import main
from chaos.demo import __main__ as demo
from chaos.demo.words import say
from chaos.workload import play
from prometheus_persist.errors import BadConfig
from prometheus_persist.shown import MARKS_MAX, tell

BREAKS = "\r\nforged: line\x85end"
HOSTILE = f"A{CLEARS}{TURNS}{BREAKS}" + "\u0301" * 500 + "Z"
PRINTS = {
    "chaos/bench/hosting.py": 4,  # of a child, to the bench that started it
    "chaos/sweeps/interrupt_child.py": 2,  # to the sweep that started it: "ready", and JSON
    "chaos/sweeps/thin_disk_child.py": 1,  # likewise
    "chaos/sweeps/soak.py": 1,  # likewise
    "chaos/outage/reviver.py": 1,  # likewise
    "fakeokx/cli/ending.py": 2,  # documents, and the line of the end
}
"""Who calls ``print``, and how often: for programs, or with words of its own."""


def code_of(argv: list[str]) -> int:
    try:
        return main(argv)
    except SystemExit as ended:
        return int(ended.code or 0)


def well_behaved(text: str) -> bool:
    return unruly(text) == [] and stacked(text) <= MARKS_MAX


@pytest.mark.parametrize(
    "words",
    [
        ("gate", "PLACE/none"),
        ("run", "--out", "/dev/null/HOSTILE"),
        ("run", "HOSTILE"),
        ("detect", "HOSTILE"),
        ("outage", "HOSTILE"),
        ("ways-out", "HOSTILE"),
        ("sweep", "HOSTILE"),
        ("HOSTILE",),
        ("list", "HOSTILE", "--HOSTILE"),
    ],
)
def test_what_is_said_back(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [word.replace("PLACE", str(tmp_path)).replace("HOSTILE", HOSTILE) for word in words]
    assert code_of([*argv, "--lang", "en"]) in (2, 5)
    said = capsys.readouterr()
    assert said.err
    assert well_behaved(said.out + said.err)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_saved_run_of_such_problems_in_such_a_directory(
    lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the terminal, in the summary that is kept, and in GitHub's."""
    place = tmp_path / f"run{CLEARS}{TURNS}"
    place.mkdir()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    saved_run(place, problem=HOSTILE.replace("\r\n", " "))
    assert main(["gate", str(place), "--lang", lang]) == 1
    said = capsys.readouterr()
    assert "u001b[2J" in said.out
    for text in (said.out, (place / "summary.md").read_text(), (tmp_path / "summary").read_text()):
        assert well_behaved(text)


def test_the_demo_s_own_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that cannot be made, an address that stood in a file, an option it has not."""
    for argv in (["--dir", f"/dev/null/{HOSTILE}"], [f"--{HOSTILE}"]):
        with pytest.raises(SystemExit):
            demo.main(argv)
    tell(say("keep.human", "en", url=HOSTILE, pid=1))
    said = capsys.readouterr()
    assert said.err.count("error") == 2
    assert well_behaved(said.out + said.err)


def test_a_trader_that_cannot_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: object) -> int:
        raise BadConfig(HOSTILE)

    monkeypatch.setattr(play, "_live", refused)
    life = play.Life(directory=tmp_path, url="", seed=1, cycles=1)
    assert play.live(life, Mock()) == 2
    said = capsys.readouterr()
    assert said.err.startswith("BadConfig: A")
    assert well_behaved(said.err)
    assert said.err.count("\n") == 1


def test_nobody_prints_by_itself() -> None:
    """A print that is added is seen here."""
    found: dict[str, int] = {}
    for package in (chaos, fakeokx):
        root = Path(package.__file__ or "").parent
        for path in root.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                    name = str(path.relative_to(root.parent))
                    found[name] = found.get(name, 0) + 1
    assert found == PRINTS
