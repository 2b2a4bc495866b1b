"""``bench --sizes`` end to end: tiny, but every command really runs on a store of its own."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chaos
from chaos.bench import sizes, sizes_children, words
from chaos.bench.children import run_child
from chaos.bench.context import Options
from chaos.bench.sizes import SECONDS_MAX, Sized, Sizes, run_sizes, sizes_table
from prometheus_persist.cli.app import app
from prometheus_persist.errors import BadConfig, StoreFailed

ROWS = [
    "size_save",
    "size_first_close",
    "size_snapshot",
    "size_open",
    "size_one_save",
    "size_recover",
    "size_status",
    "size_verify",
    "size_repair",
]


def test_a_tiny_run_measures_every_command_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Seconds and memory of a process each; live data is what the snapshot unpacks to."""
    told: list[str] = []
    found = run_sizes(Options(tmp_path, 1.0, tell=told.append), 3, 40, 1)
    assert [row.name for row in found.rows] == ROWS
    assert set(told) | {"size_one_save"} == {*ROWS, "size_building"}
    assert all(name in words.LINES for name in (*ROWS, *told))
    assert all(row.median_s > 0 for row in found.rows)
    assert all(row.peak > 2**20 for row in found.rows if row.name != "size_one_save")
    assert 40 * 2 * 250 < found.live < 40 * 2 * 500 + 3 * 5000
    assert list(tmp_path.iterdir()) == []
    json.dumps(found.to_json())


def test_another_tree_is_measured_by_its_own_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row, the two right after one another; wherever this process stands."""
    other = tmp_path / "other"
    (other / "prometheus_persist").mkdir(parents=True)
    (other / "prometheus_persist" / "__init__.py").write_text("NUMBER = 7\n")
    asked: list[Path | None] = []

    def child(code: str, store: Path, *_words: str, tree: Path | None = None) -> list[int]:
        asked.append(tree)
        if code == sizes_children.GROWN:
            (store / "snapshots").mkdir(parents=True)
            with zipfile.ZipFile(store / "snapshots" / "snapshot_1.zip", "w") as archive:
                archive.writestr("agents.json", "x" * 100)
        number = run_child("from prometheus_persist import NUMBER; print(NUMBER)", store, tree=tree)
        more = [3, 4] if code == sizes_children.OPEN else []
        return [number[0] * 10**9, 5, 2**20 * number[0], *more]

    monkeypatch.chdir(Path(chaos.__file__).parent.parent)
    monkeypatch.setattr(sizes, "run_child", child)
    with pytest.raises(StoreFailed, match="NUMBER"):  # this tree has none
        run_sizes(Options(tmp_path, 1.0), 3, 40, 1, other)
    monkeypatch.setattr(sizes, "run_child", lambda *a, tree=None: child(*a, tree=tree or other))
    found = run_sizes(Options(tmp_path, 1.0), 3, 40, 1, other)
    assert [row.before.name for row in found.rows if row.before] == ROWS
    assert found.rows[2].before == Sized("size_snapshot", (7.0,), (5e-9,), 7 * 2**20)
    assert found.to_json()["rows"][0]["before"]["row"] == "size_save"
    assert "7 MiB" in str([list(column.cells) for column in sizes_table(found, "en").columns])
    with pytest.raises(BadConfig, match="--against"):
        run_sizes(Options(tmp_path, 1.0), 3, 40, 1, tmp_path)


def test_a_bar_is_missed_by_seconds_or_by_memory() -> None:
    """Seconds where the row has a bar; the peak of a process in any row that has one."""
    met = Sized("size_status", (0.5, 0.9, 7.0), (0.1,), 150)
    slow = Sized("size_status", (0.5, 1.1, 7.0), (0.1,), 100)
    large = Sized("size_open", (99.0,), (0.1,), 151)
    for rows, missed in (((met,), False), ((met, slow), True), ((met, large), True)):
        assert Sizes({}, 1, 1, 100, rows, False).missed is missed
    assert set(SECONDS_MAX) <= set(ROWS)


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    """No agents, no trades, no rounds; and the table is one of its own."""
    for numbers in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(BadConfig):
            run_sizes(Options(tmp_path, 1.0), *numbers)
    said = CliRunner().invoke(app, ["bench", "--sizes", "--full", "--dir", str(tmp_path)])
    assert (said.exit_code, "--sizes" in said.stderr) == (2, True)


@pytest.mark.parametrize(("lang", "word"), [("zh", "存活数据"), ("en", "live data")])
def test_the_table_of_sizes_speaks_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str, word: str
) -> None:
    """And exits 1 for a missed bar only under ``--check``."""
    missed = Sizes({}, 1, 1, 100, (Sized("size_open", (1.0,), (1.0,), 900),), False)
    monkeypatch.setattr("chaos.bench.command.run_sizes", lambda *_: missed)
    words = ["bench", "--sizes", "--dir", str(tmp_path), "--lang", lang]
    said = CliRunner().invoke(app, words)
    assert (said.exit_code, word in said.stdout) == (0, True)
    assert CliRunner().invoke(app, [*words, "--check"]).exit_code == 1
