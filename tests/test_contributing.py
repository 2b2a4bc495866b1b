"""CONTRIBUTING says what is so: its paths and tests are there, its commands are understood, its
layers are the import contracts'. Commands that take long are parsed and not run."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from chaos.cli.app import parser as chaos_parser
from chaos.scenarios.table import BY_NAME as SCENARIOS
from prometheus_persist.cli.app import app

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
WALKS = re.findall(r"^## Walk \d: .*?(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line.partition("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]
PROGRAMS = {"pytest", "python", "prometheus-chaos"}
FILES_MAX, FLOOR = 4, 93


def paths_in(text: str) -> list[str]:
    """What is named between backticks and looks like a place in the repository."""
    named = re.findall(r"`([^`\s]+)`", text)
    return [each for each in named if "/" in each and not each.startswith((".venv", "public/"))]


def words_of(program: str) -> list[list[str]]:
    """The arguments of every command of one program, those in the running text among them."""
    inline = re.findall(rf"`({program} [^`]+)`", PAGE)
    whole = [shlex.split(each) for each in (*COMMANDS, *inline)]
    return [words for first, *words in whole if first == program]


def test_every_path_is_there() -> None:
    found = paths_in(PAGE)
    assert len(found) > 60
    assert [each for each in found if not (ROOT / each).exists()] == []


def test_the_layers_are_the_contracts_own() -> None:
    block = PAGE.partition("```layers\n")[2].partition("```")[0]
    told = {
        package: [layer.strip() for layer in rest.split(">")]
        for package, _, rest in (line.partition(": ") for line in block.splitlines())
    }
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    due = {each["containers"][0]: each["layers"] for each in contracts if "containers" in each}
    assert told == due


def test_the_floor_of_coverage_is_what_was_measured_and_only_rises() -> None:
    """Whoever raises it raises it here as well; nobody lowers it."""
    measured = re.search(r"Measured: (\d+\.\d+) %", PAGE)
    assert measured is not None
    floor = PROJECT["tool"]["coverage"]["report"]["fail_under"]
    assert floor == int(float(measured[1])) - 1  # what random examples reach differs a little
    assert floor >= FLOOR


@pytest.mark.parametrize("words", words_of("pytest"), ids=" ".join)
def test_every_pytest_command_names_what_is_there(words: list[str]) -> None:
    markers = {
        *(line.partition(":")[0] for line in PROJECT["tool"]["pytest"]["ini_options"]["markers"]),
        "chaos",
    }
    for option, value in zip(words, [*words, ""][1:], strict=True):
        if option.startswith("tests/"):
            assert (ROOT / option).exists()
        elif option == "-m":
            assert value in markers
        elif option == "-k":
            files = [ROOT / each for each in words if each.startswith("tests/")]
            assert any(value in told for path in files for told in texts_of(path))


def texts_of(path: Path) -> list[str]:
    """A file of tests, and the tables of saboteurs that it is parametrized with."""
    tables = sorted((ROOT / "chaos" / "saboteurs").glob("*.py"))
    return [each.read_text("utf-8") for each in (path, *tables)]


@pytest.mark.parametrize("words", words_of("prometheus-chaos"), ids=" ".join)
def test_every_command_of_the_harness_is_understood(words: list[str]) -> None:
    args = chaos_parser().parse_args(words)
    assert set(getattr(args, "scenarios", ())) <= set(SCENARIOS)


def test_every_other_command_is_a_script_of_the_project() -> None:
    scripts = {*PROJECT["project"]["scripts"], *PROGRAMS, "fakeokx", "pre-commit"}
    for command in COMMANDS:
        if not command.startswith(("python3 -m venv", ". .venv")):
            assert shlex.split(command)[0] in scripts, command
    for words in words_of("python"):
        assert (ROOT / words[0]).is_file()


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.splitlines()[0][3:])
def test_a_walk_changes_few_files_and_says_how_to_see_it_work(walk: str) -> None:
    steps = re.findall(r"^\d\. `([^`]+)`:", walk, re.MULTILINE)
    assert 0 < len(steps) <= FILES_MAX
    assert re.search(r"```console\npytest -n0 tests/", walk)


def test_there_are_four_walks() -> None:
    assert len(WALKS) == 4


def test_the_hooks_are_the_tools_of_this_environment_and_nothing_else() -> None:
    """No address to download from; what CI runs, a commit runs."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert re.findall(r"- repo: (.*)", hooks) == ["local"]
    assert "://" not in hooks
    entries = re.findall(r"entry: (\S+) ?(.*)", hooks)
    tools = {f"{tool} {words}".split(" --")[0].strip() for tool, words in entries}
    ran = (ROOT / ".ci" / "run").read_text("utf-8")
    assert tools == {
        f".venv/bin/{each}" for each in ("ruff check", "ruff format", "mypy", "lint-imports")
    }
    assert all(tool in ran for tool in tools)


def test_the_changelog_keeps_its_form_and_names_what_is_there() -> None:
    page = (ROOT / ".github" / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (.*)", page, re.MULTILINE) == ["[Unreleased]"]
    groups = re.findall(r"^### (.*)", page, re.MULTILINE)
    assert groups == ["Added", "Changed", "Fixed", "Security"]
    assert [each for each in paths_in(page) if not (ROOT / each).exists()] == []
    known = get_command(app).commands
    for name in re.findall(r"`prometheus-persist (\w+)", page):
        assert name in known, name
