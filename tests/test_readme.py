"""The README says what is so: its code runs, its commands exist, its exit codes are the code's."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import ccxt
import pytest
from languagekit import english as english_of
from typer.main import get_command

import fakeokx
from chaos import gate
from chaos.workload.clients import host_options
from fakeokx.cli import exits
from fakeokx.cli import words as fake_words
from prometheus_persist import OkxReader, Session, errors
from prometheus_persist.cli.app import app
from prometheus_persist.recovery import verify
from prometheus_persist.session import writer
from prometheus_persist.session.stopping import Stops
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.words import exits as exit_words

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "prometheus_persist" / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (DOCS / "commands.md").read_text(encoding="utf-8")
COMMANDS_ZH = (DOCS / "zh" / "commands.md").read_text(encoding="utf-8")
CODES = {
    "en": COMMANDS[COMMANDS.index("| exit | `prometheus-persist`") :].partition("\n\n")[0],
    "zh": COMMANDS_ZH[COMMANDS_ZH.index("| 退出码 | `prometheus-persist`") :].partition("\n\n")[0],
}


def code_of(text: str, language: str = "python") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


BLOCKS = [*code_of(README), *code_of((DOCS / "use.md").read_text(encoding="utf-8"))]


def test_there_are_exactly_two_commands_and_each_sets_up_everything():
    found = re.findall(r"<!-- command: (\w+) -->\n```bash\n(.*?)```", README, re.DOTALL)
    assert [name for name, _ in found] == ["demo", "test"]
    for (_, text), last in zip(found, ("prometheus-persist demo", "pytest"), strict=True):
        assert text.startswith("python3 -m venv .venv && ")
        assert text.strip().endswith(f".venv/bin/{last}")


def test_the_readme_is_read_in_one_go():
    """12 kB; everything else is a page beside the code."""
    assert len(README.encode()) <= 12_000


PAGES = [ROOT / "README.md", *sorted(ROOT.glob(".github/*.md"))]
for folder in ("prometheus_persist", "fakeokx", "chaos", "tests"):
    PAGES += sorted((ROOT / folder).rglob("*.md"))


def anchors_of(text):
    """As GitHub makes them of the headings."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http:", "https:")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors_of(path.read_text(encoding="utf-8")), target


GUIDES = ("when_it_says", "use", "examples", "restart", "report", "commands", "limits", "peers")
FRONTS = ("fakeokx", "chaos")
REASON = re.compile(r"--reason '[^']*'")


def without_comments(code):
    return [line for each in code.splitlines() if (line := each.partition("#")[0].rstrip())]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (ROOT / "README.md", DOCS / "zh" / "README.md"),
        *((DOCS / f"{name}.md", DOCS / "zh" / f"{name}.md") for name in GUIDES),
        *((ROOT / name / "README.md", ROOT / name / "docs/zh/README.md") for name in FRONTS),
    ],
    ids=["README", *GUIDES, *FRONTS],
)
def test_both_languages_show_the_same_code_and_commands(english, chinese):
    """Comments are translated, code is not; sections that both have come in the same order."""
    one, other = (path.read_text(encoding="utf-8") for path in (english, chinese))
    shown = [without_comments(code) for code in code_of(other)]
    due = [without_comments(code) for code in code_of(one)]
    assert shown == (due if english.parent.name not in FRONTS else due[: len(shown)])
    typed = [
        [REASON.sub("--reason …", code) for code in code_of(text, "console")]
        for text in (one, other)
    ]
    assert typed[0][: len(typed[1])] == typed[1]
    assert set(code_of(other, "bash")) <= set(code_of(one, "bash"))
    spoken = [re.sub(r"--lang (zh|en)`", "--lang`", text) for text in (one, other)]
    named = [re.findall(r"`(prometheus-persist [^`]+)`", text) for text in spoken]
    if english.stem in GUIDES:
        assert typed[0] == typed[1]
        assert sorted(set(named[0])) == sorted(set(named[1]))
        assert one.count("\n## ") == other.count("\n## ")
    assert (
        english_of(re.sub(r"```.*?```|`[^`]*`|^    .*?$|\(\S+\)", "", other, flags=re.S | re.M))
        == []
    )


@pytest.mark.parametrize("name", ["restart", "glossary", "commands"])
def test_tables_have_as_many_rows_in_both_languages(name):
    one, other = ((DOCS / place / f"{name}.md").read_text(encoding="utf-8") for place in ("", "zh"))
    assert one.count("\n|") == other.count("\n|")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_table_of_exit_codes_is_that_of_the_code(lang):
    """Row by row, in the words that --help ends with; and no error has a code without a row."""
    zh_en, chaos, fake = exit_words.EXITS, gate.EXITS, exits.EXITS
    said = {
        "en": ({code: en for code, (_, en) in zh_en.items()}, chaos, fake),
        "zh": ({code: zh for code, (zh, _) in zh_en.items()}, gate.EXITS_ZH, fake_words.EXITS_ZH),
    }[lang]
    told = [[cell.strip() for cell in row.split("|")[1:-1]] for row in CODES[lang].splitlines()[2:]]
    assert told == [
        [str(code), *(words.get(code, "") for words in said)]
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
            assert command.epilog == exit_words.exits_in_a_line(), name
    persist = " ".join(exit_words.exits_in_a_line().split())
    for words in ((), ("verify",), ("orders", "settle")):
        assert persist in help_of("prometheus_persist.cli", *words)
    assert gate.exits_in_a_line() in help_of("chaos.cli")
    for words in ((), ("serve",), ("ctl",)):
        assert exits.exits_in_a_line() in help_of("fakeokx.cli", *words)


def at_home(venue):
    """ccxt's okx, at another address that limits rates by itself; the keys of an exchange in a
    test."""
    okx, ours = ccxt.okx, host_options(venue.url)
    names = {"KEY": ours["apiKey"], "SECRET": ours["secret"], "PASSPHRASE": ours["password"]}
    return (lambda options: okx({**ours, **options, "urls": ours["urls"]})), names


def test_the_code_for_your_own_system_runs_as_printed(tmp_path, monkeypatch, capsys):
    """Against fakeokx: the block as it stands, twice; only OKX's address is another. Ctrl+C in its
    first pause ends it."""
    block, _ = BLOCKS
    pause = Session.pause

    def interrupted(session, seconds):
        os.kill(os.getpid(), signal.SIGINT)
        pause(session, seconds)

    with fakeokx.launch(tmp_path / "venue") as venue:
        factory, keys = at_home(venue)
        monkeypatch.setattr(ccxt, "okx", factory)
        monkeypatch.setattr(Session, "pause", interrupted)
        monkeypatch.chdir(tmp_path)
        for round_number in (1, 2):
            names = dict(keys)
            with pytest.raises(SystemExit) as ended:
                exec(compile(block, "README.md", "exec"), names)
            assert ended.value.code == 130
            assert re.fullmatch(
                r"stopped by SIGINT; everything is saved \(commit \d+\)\n", capsys.readouterr().err
            )
            (position,) = names["session"].state.private_ledgers["LiveAgent_01"].positions
            assert str(position.qty_contracts) == ["0.1", "0.2"][round_number - 1]
        (row,) = venue.truth()["positions"]
        assert row["pos"] == "0.2"


@pytest.mark.timeout(900)
def test_twenty_signals_at_random_moments_in_the_loop_of_the_readme(tmp_path, monkeypatch, capfd):
    """The documented code, one line, no traceback, handlers as before; and everything that was
    acknowledged is there: books and exchange agree, each order once."""
    block, _ = BLOCKS
    block = block.replace("session.pause(60)", "session.pause(0.01)")
    rng = random.Random(12)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    codes, reached = [], 0
    with fakeokx.launch(tmp_path / "venue") as venue:
        factory, keys = at_home(venue)
        monkeypatch.chdir(tmp_path)
        began, spans = time.monotonic(), []
        for round_number in range(21):
            number = rng.choice((signal.SIGINT, signal.SIGTERM))
            after = rng.random() * spans[0] * 1.5 if spans else 60.0
            timer = threading.Timer(after, os.kill, (os.getpid(), number))

            def listening(timer=timer, **options):
                stops = Stops(**options)
                timer.start()  # as soon as the opening listens; before, it is Python's
                return stops

            monkeypatch.setattr(ccxt, "okx", factory)
            monkeypatch.setattr(writer, "Stops", listening)
            if not spans:  # the first round measures: from the opening to the end of a cycle
                monkeypatch.setattr(Session, "pause", lambda *_: (_ for _ in ()).throw(SystemExit))
            with pytest.raises(SystemExit) as ended:
                exec(compile(block, "README.md", "exec"), dict(keys))
            timer.cancel()
            monkeypatch.setattr(writer, "Stops", Stops)
            said = capfd.readouterr()
            if not spans:
                spans.append(time.monotonic() - began)
                monkeypatch.undo()
                monkeypatch.chdir(tmp_path)
                continue
            assert ended.value.code == 128 + number, round_number
            assert said.out == ""
            assert re.fullmatch(
                rf"stopped by {number.name}; everything is saved \(commit \d+\)\n", said.err
            )
            assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == handlers
            found = verify(LocalFs(tmp_path / "persistence"))
            assert found.facts is not None
            assert found.facts.damages == ()
            codes.append(ended.value.code)
        with Session.open("persistence") as session:
            reached = session.state.supervisor.system_cycle_count
            assert not [one for one in session.state.intents.values() if one.outcome == "PENDING"]
            books = session.state.private_ledgers["LiveAgent_01"].positions
            assert session.recover(OkxReader(factory({**as_options(keys)}))).decision == "go"
        orders = venue.truth()["orders"]
        assert len({each["clOrdId"] for each in orders}) == len(orders) >= reached > 0
        assert books[0].qty_contracts.value == Decimal(venue.truth()["positions"][0]["pos"])
    assert set(codes) == {130, 143}
    assert len(codes) == 20


def as_options(keys):
    return {"apiKey": keys["KEY"], "secret": keys["SECRET"], "password": keys["PASSPHRASE"]}


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
