"""What is written behind a command is what the parser would make of it, validator or none."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
import typer
from typer.testing import CliRunner

import fakeokx.cli.stepping as fakeokx_stepping
import prometheus_persist.cli.stepping as persist_stepping


def _words(
    several: Annotated[list[str] | None, typer.Argument()] = None,
    text: Annotated[str, typer.Option("--text")] = "",
    maybe: Annotated[str | None, typer.Option("--maybe")] = None,
    number: Annotated[int, typer.Option("--number", min=1, max=9)] = 5,
    share: Annotated[float, typer.Option("--share", min=0.5)] = 2.0,
    file: Annotated[Path | None, typer.Option("--file")] = None,
    there: Annotated[Path | None, typer.Option("--there", exists=True)] = None,
    folder: Annotated[Path, typer.Option("--folder", file_okay=False)] = Path(),
    any_number: Annotated[int | None, typer.Option("--any-number")] = None,
    again: Annotated[list[str] | None, typer.Option("--again")] = None,
    each: Annotated[list[int] | None, typer.Option("--each")] = None,
    flag: Annotated[bool, typer.Option("--flag")] = False,
) -> None:
    print(
        repr(
            (
                several,
                text,
                maybe,
                number,
                share,
                file,
                there,
                folder,
                any_number,
                again,
                each,
                flag,
            )
        )
    )


@pytest.mark.parametrize(
    "stepping", [persist_stepping, fakeokx_stepping], ids=["persist", "fakeokx"]
)
@pytest.mark.parametrize(
    "line",
    [
        "", "a b", "--text=", "--text x", "--maybe ''", "--number 3", "--number 0", "--number 10",
        "--number x", "--number 007", "--number 9", "--number -- 3",
        "--number 1.0", "--share 0.5", "--share 0.4", "--share nan", "--share x",
        "--file there", "--file missing", "--file shut", "--file -", "--file .", "--file broken",
        "--there there", "--there missing", "--folder .", "--folder there", "--again a --again b",
        "--any-number 0", "--any-number 123456789012345678", "--any-number 99999999999999999999",
        "--any-number=-5", "--any-number 1_0", "--any-number ٣", "--any-number ' 7'",
        "--each 1 --each 2", "--each x", "--flag", "--flag --text a b", "--no-such",
    ],
)  # fmt: skip
def test_words_come_to_what_the_parser_makes_of_them(
    stepping: Any, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A word that is taken as it is comes out as the validator would give it, or is refused
    alike; what the parser has to look at it looks at."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()
    (tmp_path / "shut").touch(0)
    (tmp_path / "broken").symlink_to("nowhere")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, how: "shut" not in str(path) and real(path, how))
    own = typer.Typer(add_completion=False, rich_markup_mode=None)
    own.command()(_words)
    argv = shlex.split(line)
    theirs = CliRunner().invoke(own, argv)

    class Program(stepping.LazyGroup):
        table: ClassVar[Any] = {"words": (f"{__name__}:_words", "")}

    ours = typer.Typer(cls=Program, add_completion=False, rich_markup_mode=None)
    ours.callback()(lambda: None)
    found = CliRunner().invoke(ours, ["words", *argv])
    assert (found.exit_code, found.stdout) == (theirs.exit_code, theirs.stdout)
    told = [each.output.splitlines()[-1:] for each in (found, theirs)]
    assert told[0] == told[1]
