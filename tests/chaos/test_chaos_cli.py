"""``prometheus-chaos``: what it prints, what it leaves behind, and its exit codes."""

import errno
import hashlib
import json
import os
import shutil

import pytest
from ptykit import at_terminal

from chaos import runner
from chaos.cli import main
from chaos.record import RUNNER, Voice
from chaos.saboteurs import RECONCILERS
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import SHARED, SWEPT
from chaos.scenarios.table import SCENARIOS
from chaos.sweeps import interrupt_sweep
from chaos.sweeps.catalogue import SWEEPS
from chaos.sweeps.tally import Tally, watched
from chaos.verdict import RunVerdict


def saved_run(tmp_path, *, problem="", names=("any-moment",), options=()):
    """A saved day with two moments in it."""
    (tmp_path / "any-moment").mkdir()
    record = tmp_path / "any-moment" / "record.ndjson"
    voice = Voice(record, by=RUNNER, run=0)
    for seq, age in enumerate(("fresh", "aged")):
        voice.say("stretch", age=age)
        voice.say("begin", seq=seq, digest="d")
        voice.say("durable", seq=seq)
    voice.say("lived", died=-9, cycles=72)
    for how in ("seq", "time"):
        voice.say("moment", how=how, asked=1, due=[1, "d"], restored=[1, "d"], problem=problem)
    voice.say("looked_back")
    plan = {"seed": 7, "scenarios": list(names), "options": list(options)}
    plan["records"] = {"any-moment": hashlib.sha256(record.read_bytes()).hexdigest()}
    (tmp_path / "run.json").write_text(json.dumps(plan))
    return str(tmp_path)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_list_names_every_scenario(capsys, lang):
    assert main(["list", "--lang", lang]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [each.name for each in SCENARIOS]


def test_an_unknown_scenario_is_a_usage_error_with_a_hint(capsys):
    assert main(["run", "sigkill-midsave"]) == 2
    assert "did you mean sigkill-mid-save?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["swep"], "sweep"),
        (["sweep", "fsnc"], "fsync"),
        (["sweep", "lock", "--saboteur", "lock-by-nme"], "lock-by-name"),
    ],
)
@pytest.mark.parametrize(("lang", "words"), [("en", "did you mean {}?"), ("zh", "是否指 {}？")])
def test_a_choice_that_does_not_exist_is_a_usage_error_with_a_hint(
    capsys, monkeypatch, argv, meant, lang, words
):
    monkeypatch.setenv("PERSIST_LANG", lang)
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words.format(meant) in said
    assert len(said.splitlines()) <= 6


def test_a_choice_that_resembles_none_is_told_all_of_them(capsys):
    with pytest.raises(SystemExit):
        main(["sweep", "xyz"])
    said = capsys.readouterr().err.replace("'", "")  # Python 3.12 quotes the choices, 3.13 does not
    assert "choose from bits, files" in said


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_of_sweep_names_every_sweep_and_saboteur_in_lines_of_a_terminal(capsys, lang):
    with pytest.raises(SystemExit):
        main(["sweep", "-h", "--lang", lang])
    said = capsys.readouterr().out
    for name in (*SWEEPS, *RECONCILERS, *SWEPT, *SHARED, *HOSTED):
        assert f" {name}" in said
    assert max(map(len, said.splitlines())) <= 80


def test_gate_judges_a_saved_run_again(tmp_path, capsys):
    assert main(["gate", saved_run(tmp_path), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    assert "5 any moment within 24 h [exact]: 2/2 moments exact, over 6 h (n=2) — met" in out
    assert "3 restore, 10 agents, start to report [< 30 s]: – (n=0) — not judged" in out
    assert json.loads((tmp_path / "verdict.json").read_text())["outcome"] == "passed"


def test_gate_fails_and_names_the_command_that_repeats_it(tmp_path, capsys):
    assert main(["gate", saved_run(tmp_path, problem="StoreDamaged"), "--lang", "en"]) == 1
    assert "prometheus-chaos run any-moment --seed 7" in capsys.readouterr().out


def test_gate_without_a_run_is_nothing(tmp_path):
    assert main(["gate", str(tmp_path)]) == 5


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '"x"',
        "{}",
        '{"seed": 1, "scenarios": 3}',
        '{"seed": 1, "scenarios": []}',
        '{"seed": 1, "scenarios": ["no-such"]}',
        '{"seed": [], "scenarios": ["ctrl-c"]}',
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_gate_of_what_is_no_run_says_so_and_is_not_green(tmp_path, capsys, text, lang):
    (tmp_path / "run.json").write_text(text)
    assert main(["gate", str(tmp_path), "--lang", lang]) == 5
    said = capsys.readouterr()
    assert said.out == ""
    assert "run.json" in said.err


def test_gate_of_a_file_is_no_run(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["gate", str(tmp_path / "file")]) == 5
    assert "no saved run" in capsys.readouterr().err


def _cut(record):
    record.write_bytes(record.read_bytes()[:-20])


def _added(record):
    record.write_bytes(record.read_bytes() + b'{"event": "played"}\n')


@pytest.mark.parametrize(
    "harm", [_cut, _added, lambda record: shutil.rmtree(record.parent), lambda r: r.unlink()]
)
def test_gate_of_a_run_that_is_not_as_it_was_written_is_void(tmp_path, capsys, harm):
    """Copied by halves, edited, or a scenario that failed taken away."""
    place = saved_run(tmp_path)
    harm(tmp_path / "any-moment" / "record.ndjson")
    assert main(["gate", place, "--lang", "en"]) == 3
    said = capsys.readouterr().out
    assert "any-moment: assumption does not hold: its record is" in said
    assert "all met" not in said


def test_gate_of_a_run_that_was_stopped_is_void(tmp_path, capsys):
    """run.json names what was to be played; what was not is missing from the proof."""
    place = saved_run(tmp_path, names=("any-moment", "ctrl-c"))
    assert main(["gate", place, "--lang", "en"]) == 3
    assert "ctrl-c: assumption does not hold: its record was finished" in capsys.readouterr().out


def test_gate_where_nobody_may_write_judges_all_the_same(tmp_path, capsys):
    place = saved_run(tmp_path)
    (tmp_path / "verdict.json").mkdir()
    assert main(["gate", place, "--lang", "en"]) == 0
    said = capsys.readouterr()
    assert "the verdict is not kept" in said.err
    assert "what was judged is met; not judged: 1, 2, 3" in said.out


def test_a_run_in_part_or_with_options_is_not_called_all(tmp_path, capsys):
    options = ["--quick", "--saboteur", "ack-before-write"]
    place = saved_run(tmp_path, options=options, problem="StoreDamaged")
    assert main(["gate", place, "--lang", "en"]) == 1
    said = capsys.readouterr().out
    assert f"any-moment --seed 7 {' '.join(options)}\n" in said
    assert said.rstrip().endswith(f"[{' '.join(options)}]")
    told = json.loads((tmp_path / "verdict.json").read_text())
    assert told["scenarios"][0]["options"] == options


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_saboteur_that_can_strike_nothing_is_refused(capsys, lang):
    argv = ["run", "ctrl-c", "any-moment", "--saboteur", "intent-after-send", "--lang", lang]
    assert main(argv) == 2
    assert "any-moment" in capsys.readouterr().err


def test_a_full_disk_ends_a_run_in_a_sentence(tmp_path, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(runner, "play", full)
    assert main(["run", "ctrl-c", "--out", str(tmp_path), "--lang", "en"]) == 2
    assert "cannot be written to: No space left" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_second_run_into_the_same_place_is_refused_and_empties_nothing(
    tmp_path, capsys, monkeypatch, lang
):
    codes = []

    def play(scenario, out, seed, **_):
        kept = out / scenario.name / "kept"
        kept.parent.mkdir()
        kept.touch()
        codes.append(main(["run", "ctrl-c", "--out", str(out), "--lang", lang]))
        assert kept.exists()
        return RunVerdict(scenario.name, seed)

    monkeypatch.setattr(runner, "play", play)
    assert main(["run", "ctrl-c", "--out", str(tmp_path)]) == 3
    assert codes == [2]
    told = capsys.readouterr().err
    assert {"en": "another run is under way in", "zh": "里正有另一次运行"}[lang] in told


def test_what_is_named_twice_is_played_once(tmp_path, monkeypatch):
    played = []

    def play(scenario, out, seed, **_):
        played.append(scenario.name)
        return RunVerdict(scenario.name, seed)

    monkeypatch.setattr(runner, "play", play)
    main(["run", "ctrl-c", "ctrl-c", "--out", str(tmp_path)])
    assert played == ["ctrl-c"]


def test_json_is_data_on_stdout(tmp_path, capsys):
    assert main(["gate", saved_run(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in told["criteria"]] == [1, 2, 3, 4, 5]
    assert told["scenarios"][0]["seed"] == 7


def test_the_summary_is_appended_for_github(tmp_path, monkeypatch):
    page = tmp_path / "summary"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    main(["gate", saved_run(tmp_path), "--lang", "zh"])
    assert page.read_text().startswith("before\n## 五项成功标准")


def test_wrong_usage_is_two(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["gate"])
    assert stopped.value.code == 2
    assert "RUN_DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("list",), 0),
        (("no-such-command",), 2),
        (("run", "no-such-scenario"), 2),
        (("run", "--out", "/dev/null/x"), 2),
        (("run", "--out", "/proc"), 2),
        (("sweep", "no-such-sweep"), 2),
        (("sweep", "bits", "--only", "close"), 2),
        (("sweep", "interrupt", "--only", "no-such-call"), 2),
        (("detect", "no-such-kind"), 2),
        (("outage", "no-such-outage"), 2),
        (("gate", "/no/such/run"), 5),
    ],
)
def test_stdout_is_one_document_whatever_happens(
    words: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = main([*words, "--json"])
    except SystemExit as ended:
        found = int(ended.code or 0)
    told = json.loads(capsys.readouterr().out)
    assert found == code == told.get("exit_code", 0)


def test_a_sweep_of_one_call_strikes_no_other(monkeypatch, capsys):
    monkeypatch.setattr(interrupt_sweep, "CI_STRIDE", 499)
    assert main(["sweep", "interrupt", "--only", "give_up", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert {name.partition(":")[0] for name in told["counts"] if ":" in name} == {
        "give_up",
        "in all",
    }
    assert "of its parts only: give_up" in told["notes"]


def test_a_long_sweep_says_how_far_it_is_and_a_problem_at_once():
    said = []
    with watched(said.append, every_s=3600):
        tally = Tally("kills", 1, full=True)
        tally.struck("killed")
        assert said == []
        tally.wrong("lost", "commit 7")
        assert said == ["kills: lost: commit 7"]
    with watched(said.append, every_s=0):
        tally.struck("killed", 1_999)
    assert said[1:] == ["kills: 2,000 struck, 1 wrong, killed"]
    tally.struck("killed")
    assert len(said) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["sweep", "copies"],
        ["detect", "capital-edited", "--instances", "1"],
        ["ways-out", "--histories", "2", "--commands", "0"],
    ],
    ids=lambda words: words[0],
)
def test_who_waits_at_a_terminal_sees_how_far_it_is(words):
    """One line, which is gone at the end; what is told beside it stays."""
    shown = at_terminal("prometheus-chaos", *words, "--lang", "en")
    assert f"{words[0]} " in shown.terminal
    assert "━" in shown.terminal
    assert not any("━" in line for line in shown.stays)
    assert shown.code == 0


def test_a_sweep_with_json_or_in_a_pipe_has_no_such_line():
    assert "━" not in at_terminal("prometheus-chaos", "sweep", "copies", "--json").terminal


def test_what_a_sweep_struck_goes_to_whoever_draws_and_a_problem_is_told_all_the_same():
    told, drawn = [], []
    with watched(told.append, 3600.0, drawn.append):
        tally = Tally("files", 1, full=False)
        tally.struck("cut")
        tally.wrong("cut", "gone")
    assert drawn == ["files: 1 struck, 0 wrong, cut"]
    assert told == ["files: cut: gone"]
