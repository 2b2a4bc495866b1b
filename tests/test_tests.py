"""The tests' own order: what is quick, and that ``README.md`` and ``track_record.md`` are true."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaos.cli.app import parser
from chaos.detect.kinds import BY_NAME as KINDS

TESTS = Path(__file__).parent
FILES = {path.name: path for path in TESTS.rglob("test_*.py")}
FOLDERS = sorted(each.name for each in TESTS.iterdir() if each.is_dir() and each.name[0].isalpha())

_spec = importlib.util.spec_from_file_location("tiers", TESTS / "conftest.py")
assert _spec is not None
assert _spec.loader is not None
tiers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tiers)


def named_in(page: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`\n]+)`", (TESTS / page).read_text("utf-8"))


@cache
def names_in_file(path: Path) -> set[str]:
    return set(re.findall(r"^ *(?:async )?def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("pattern", [*tiers.QUICK_FILES, *tiers.SLOWER_FILES, *tiers.SLOW_FILES])
def test_every_pattern_of_the_tiers_fits_a_file(pattern: str) -> None:
    assert [name for name in FILES if fnmatch(name, pattern)]


def test_what_is_left_out_of_a_quick_file_is_in_one() -> None:
    quick = {
        test for name, path in FILES.items() if tiers.is_quick(name) for test in names_in_file(path)
    }
    assert set(tiers.SLOWER_TESTS) <= quick


def test_what_is_said_to_take_longest_is_there() -> None:
    known = {test for path in FILES.values() for test in names_in_file(path)}
    assert set(tiers.LONGEST_TESTS) <= known
    assert len(set(tiers.LONGEST_TESTS)) == len(tiers.LONGEST_TESTS)


def test_what_is_quick_is_not_slow() -> None:
    assert not [name for name in FILES if tiers.is_quick(name) and tiers.is_slow(name, "")]


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        ([], {"test_plain.py", "test_scenarios.py"}),
        (["-m", "slow"], {"test_walks.py", "test_scenarios.py"}),
        (["-m", "slow or not slow"], {"test_plain.py", "test_walks.py", "test_scenarios.py"}),
        (["-k", "walks"], {"test_walks.py"}),
        (["test_walks.py"], {"test_walks.py"}),
    ],
)
def test_slow_tests_are_left_out_only_where_nobody_asks(
    words: list[str], passed: set[str], tmp_path: Path
) -> None:
    """A run of its own, by two workers, and it says so; of each scenario one mode is not slow."""
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text("utf-8"))
    ini = 'testpaths = "."\nmarkers = ["slow: ", "quick: ", "okx_sandbox: "]\n'
    (tmp_path / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\n{ini}")
    for name in ("test_plain.py", "test_walks.py"):
        (tmp_path / name).write_text("def test_it(): pass\n")
    modes = "@pytest.mark.parametrize('_', ['a-net-warm', 'a-hedge-warm'])"
    (tmp_path / "test_scenarios.py").write_text(
        f"import pytest\n\n{modes}\ndef test_scenario(_): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-n2", "-v", "-p", "no:cacheprovider", *words]
    env = os.environ | {"PYTHONPATH": str(TESTS)}
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        env.pop(name, None)
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    found = re.findall(r"PASSED (test_\w+\.py)::(\S+)", done.stdout)
    assert {name for name, _ in found} == passed, done.stdout
    said = [test for name, test in found if name == "test_scenarios.py"]
    slow = {"test_scenario[a-hedge-warm]"}
    assert ("slow tests are left out: pytest -m slow" in done.stdout) is (not words)
    if said and len(passed) == 2:
        assert (set(said) == slow) is bool(words)


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_every_workers_share_begins_with_what_takes_longest(workers: int) -> None:
    items = [*range(100)]
    dealt = tiers.longest_first(items, workers, lambda each: each % 10 == 7)
    assert sorted(dealt) == items
    assert dealt == tiers.longest_first(items, workers, lambda each: each % 10 == 7)
    shares = [dealt[len(items) * n // workers :] for n in range(workers)]
    assert [share[0] % 10 for share in shares] == [7] * workers
    assert dealt[-1] % 10 != 7
    assert sorted(tiers.longest_first(items, workers, lambda _: True)) == items


@pytest.mark.parametrize(
    ("expression", "asked", "due"),
    [("", None, {2: 4, 1: 2, 8: 16}), ("quick", None, {2: 2}), ("", "2", {2: 2})],
)
def test_there_are_more_workers_than_cores_where_tests_wait(
    expression: str, asked: str | None, due: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    if asked:
        monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", asked)
    config: Any = SimpleNamespace(getoption=lambda _: expression)
    for cores, workers in due.items():
        counting = tiers.pytest_xdist_auto_num_workers(config)
        next(counting)
        with pytest.raises(StopIteration) as ended:
            counting.send(cores)
        assert ended.value.value == workers


def test_quick_touches_no_exchange_of_its_own_process() -> None:
    """A fixture that launches fakeokx takes longer than a whole quick file."""
    launching = re.compile(r"\bdef test_\w+\([^)]*\bfakeokx(_factory)?\b|fakeokx\.launch\(")
    found = [
        name
        for name, path in FILES.items()
        if tiers.is_quick(name) and launching.search(path.read_text("utf-8"))
    ]
    assert sorted(found) == ["test_fakeokx_docs.py", "test_saving_attached.py"], "one test each"


@pytest.mark.parametrize(
    ("expression", "name", "ignored"),
    [
        ("quick", "test_chaos_scenarios.py", True),
        ("quick", "test_state_money.py", None),
        ("quick", "storekit.py", None),
        (" quick ", "test_cli_signals.py", True),
        ("quick or chaos", "test_chaos_scenarios.py", None),
        ("", "test_cli_signals.py", None),
    ],
)
def test_files_that_are_not_quick_are_not_imported_for_the_quick_tier_alone(
    expression: str, name: str, ignored: bool | None
) -> None:
    config = SimpleNamespace(getoption=lambda _: expression)
    assert tiers.pytest_ignore_collect(TESTS / "x" / name, config) is ignored


def test_a_test_is_marked_by_its_file_and_by_its_name() -> None:
    def item(file: str, name: str) -> SimpleNamespace:
        marks: list[str] = []
        return SimpleNamespace(
            path=TESTS / file, name=f"{name}[x]", originalname=name, marks=marks,
            add_marker=marks.append,
        )  # fmt: skip

    items = [
        item("test_state_money.py", "test_money_sums_and_products_are_exact"),
        item("test_state_exactjson.py", "test_exactjson_round_trip"),
        item("test_chaos_scenarios.py", "test_scenario"),
    ]
    config = SimpleNamespace(option=SimpleNamespace(leaves_out_slow=False))
    list(tiers.pytest_collection_modifyitems(config, items))
    assert [each.marks for each in items] == [["quick"], [], []]


def test_every_test_of_the_track_record_is_there() -> None:
    named = [each for each in named_in("track_record.md") if "::" in each]
    assert len(named) > 50
    for each in named:
        file, _, test = each.partition("::")
        assert file in FILES, f"track_record.md: {each}"
        assert test in names_in_file(FILES[file]), f"track_record.md: {each}"


def test_every_row_of_the_track_record_is_whole() -> None:
    """Fault, where, mended in, shown by, kept by; the commits by seven digits."""
    lines = (TESTS / "track_record.md").read_text("utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ") and "---" not in line]
    assert len(rows) > 40
    for cells in rows:
        assert len(cells) == 5, cells
        if cells[0] != "| fault":
            assert re.fullmatch(r"[0-9a-f]{7}(, [0-9a-f]{7})*", cells[2]), cells
            assert "::" in cells[4], cells


def test_every_command_of_the_track_record_is_understood() -> None:
    commands = [
        each for each in named_in("track_record.md") if each.startswith("prometheus-chaos ")
    ]
    assert len(commands) > 10
    for command in commands:
        args = parser().parse_args(command.split()[1:])
        assert set(getattr(args, "kinds", ())) <= set(KINDS), command


def test_a_test_that_is_not_there_would_be_told() -> None:
    assert "test_restore_twice_gives_the_same" in names_in_file(FILES["test_recovery_moments.py"])
    assert "test_restore_twice" not in names_in_file(FILES["test_recovery_moments.py"])


def test_every_file_that_the_map_names_is_there() -> None:
    files = {path.name for path in TESTS.rglob("*.py")}
    assert [
        name for name in named_in("README.md") if name.endswith(".py") and name not in files
    ] == []


def test_the_map_has_every_folder_and_every_kit() -> None:
    """A kit is what more than one file of tests imports, and is no test itself."""
    told = set(named_in("README.md"))
    assert {f"{name}/" for name in FOLDERS} <= told
    kits = {
        path.name
        for path in TESTS.rglob("*.py")
        if not path.name.startswith(("test_", "scenario_table_")) and path.name != "conftest.py"
    }
    assert kits - told == set(), "README.md does not have them among its kits"


def test_what_tests_start_keeps_its_bytecode(pytestconfig: pytest.Config) -> None:
    """Whatever the environment says: thousands of processes would compile the packages anew."""
    if not hasattr(pytestconfig, "cache"):
        pytest.skip("no cache to keep it in")
    command = [sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_tests_start_hears_ctrl_c_wherever_the_run_was_started(tmp_path: Path) -> None:
    """A script's jobs in the background have it ignored, and so has whatever they start."""
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text("utf-8"))
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "test_it.py").write_text(
        "import signal, subprocess, sys\n\n"
        "CODE = 'import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)'\n\n"
        "def test_it():\n"
        "    said = subprocess.check_output([sys.executable, '-c', CODE], text=True)\n"
        "    assert said == 'False\\n'\n"
    )
    words = ["-m", "pytest", "-n1", "-q", "-p", "no:cacheprovider"]
    command = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, *words]
    env = os.environ | {"PYTHONPATH": str(TESTS)}
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        env.pop(name, None)
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_import_from_a_test_module_is_in_the_map() -> None:
    """What tests take from one another, so that nobody renames it unawares."""
    told = (TESTS / "README.md").read_text("utf-8").partition("## Tests that other tests import")[2]
    for path in TESTS.rglob("*.py"):
        text = path.read_text("utf-8")
        for name in re.findall(r"^ *(?:from|import) (test_\w+)", text, re.MULTILINE):
            assert f"`{name}.py`" in told, f"README.md: {path.name} imports {name}"
