"""The README says what is so: its code runs, its commands exist, its exit codes are the code's."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import ccxt
import pytest
from typer.main import get_command

import fakeokx
from chaos import gate
from fakeokx.server import exits
from prometheus_persist import Session, errors
from prometheus_persist.cli.app import app
from prometheus_persist.report import exitwords

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
TABLE = README[README.index("| exit | `prometheus-persist`") :].partition("\n\n")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_exactly_two_commands_and_each_sets_up_everything():
    found = re.findall(r"<!-- command: (\w+) -->\n```bash\n(.*?)```", README, re.DOTALL)
    assert [name for name, _ in found] == ["demo", "test"]
    for (_, text), last in zip(found, ("prometheus-persist demo", "pytest"), strict=True):
        assert text.startswith("python3 -m venv .venv && ")
        assert text.strip().endswith(f".venv/bin/{last}")


def test_every_command_of_the_tool_is_in_the_readme():
    for name in get_command(app).commands:
        assert f"`prometheus-persist {name}`" in README


def test_the_table_of_exit_codes_is_that_of_the_code():
    """Row by row, in the words that --help ends with; and no error has a code without a row."""
    zh_en, chaos, fake = exitwords.EXITS, gate.EXITS, exits.EXITS
    told = [[cell.strip() for cell in row.split("|")[1:-1]] for row in TABLE.splitlines()[2:]]
    assert told == [
        [str(code), zh_en.get(code, ("", ""))[1], chaos.get(code, ""), fake.get(code, "")]
        for code in sorted({*zh_en, *chaos, *fake})
    ]
    for module, table in ((errors, zh_en), (gate, chaos), (exits, fake)):
        codes = {
            value
            for name, value in vars(module).items()
            if name.startswith("EXIT_") and isinstance(value, int)
        }
        assert codes == set(table), module


def test_every_program_says_the_same_codes_in_its_help():
    def help_of(module, *words):
        done = subprocess.run(
            [sys.executable, "-m", module, *words, "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0
        return " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stdout).split())

    for name, command in get_command(app).commands.items():
        if name != "demo":  # it has the codes of a demonstration, told by itself
            assert command.epilog == exitwords.exits_in_a_line(), name
    persist = " ".join(exitwords.exits_in_a_line().split())
    for words in ((), ("verify",), ("orders", "settle")):
        assert persist in help_of("prometheus_persist.cli", *words)
    assert gate.exits_in_a_line() in help_of("chaos.cli")
    for words in ((), ("serve",), ("ctl",)):
        assert exits.exits_in_a_line() in help_of("fakeokx.cli", *words)


def test_the_code_for_your_own_system_runs_as_printed(tmp_path, monkeypatch):
    """Against fakeokx: the block as it stands, twice; only OKX's address is another."""
    block, _ = BLOCKS
    okx = ccxt.okx
    with fakeokx.launch(tmp_path / "venue") as venue:
        place = {"api": {"rest": venue.url}, "test": {"rest": venue.url}}
        monkeypatch.setattr(ccxt, "okx", lambda options: okx({**options, "urls": place}))
        monkeypatch.chdir(tmp_path)
        for round_number in (1, 2):
            names = {
                "KEY": fakeokx.DEFAULT_KEY,
                "SECRET": fakeokx.DEFAULT_SECRET,
                "PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
            }
            exec(compile(block, "README.md", "exec"), names)
            (position,) = names["session"].state.private_ledgers["LiveAgent_01"].positions
            assert str(position.qty_contracts) == ["0.1", "0.2"][round_number - 1]
        (row,) = venue.truth()["positions"]
        assert row["pos"] == "0.2"


def test_the_code_for_thousands_of_agents_runs_as_printed(tmp_path, monkeypatch):
    """What was marked, and the births, are there at the next opening."""
    _, block = BLOCKS
    monkeypatch.chdir(tmp_path)
    exec(compile(block.replace("10_000", "100"), "README.md", "exec"), {})
    with contextlib.closing(Session.open("many")) as session:
        assert len(session.state.agents) == 100
        assert session.state.agents["LiveAgent_7"].trade_count == 1
        assert list(session.state.supervisor.market_state_history) == [{"trend": "up"}]


@pytest.mark.parametrize("folder", ["prometheus_persist", "fakeokx", "chaos", "tests"])
def test_no_file_names_a_package_index_or_the_tools_it_was_written_with(folder):
    root = Path(__file__).parent.parent / folder
    for path in root.rglob("*.py"):
        assert not re.search(r"https?://[\w.]*(pypi)|/(work)/", path.read_text(encoding="utf-8")), (
            path
        )
