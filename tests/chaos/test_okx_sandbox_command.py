"""The command that checks OKX demo trading: words, exit codes, signals, and no secret."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sandboxkit import KEYS, SECRETS, command, environment, hurried, nothing_left, unknown
from typer.testing import CliRunner

from chaos.sandbox.differences import read_back, reference
from prometheus_persist.cli.app import app


def test_without_keys_it_is_skipped_and_says_what_to_set() -> None:
    none = dict.fromkeys(KEYS, "")
    plain = command(**none)
    assert plain.exit_code == 8, "nothing was checked, and that is not 0"
    assert all(name in plain.stdout for name in ("skipped", *KEYS))
    assert "已跳过" in command("", "--lang", "zh", **none).stdout
    told = command("", "--json", **none)
    assert told.exit_code == 8
    assert json.loads(told.stdout) == {"skipped": True, "missing": list(KEYS), "exit_code": 8}


@pytest.mark.parametrize(
    ("more", "changes", "said"),
    [
        ((), {"OKX_API_SECRET": ""}, "OKX_API_SECRET"),
        (("--exchange", "https://exchange.example"), {}, "exchange.example"),
        (("--plan", "plan.json"), {}, "check of its own"),
        (("--live",), {}, "check of its own"),
    ],
)
def test_a_command_that_cannot_be_meant_is_a_usage_error(
    more: tuple[str, ...], changes: dict[str, str], said: str
) -> None:
    found = command("", *more, **changes)
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_transcript_is_the_sandbox_checks(tmp_path: Path) -> None:
    asked = ["reconcile", "--dir", str(tmp_path), "--transcript", str(tmp_path / "t")]
    found = CliRunner().invoke(app, asked, env=environment("http://127.0.0.1:9"))
    assert found.exit_code == 2
    assert "--sandbox" in found.stderr


def test_the_command_prints_each_step_and_writes_the_transcript(venue: Any, tmp_path: Path) -> None:
    path = tmp_path / "seen.jsonl"
    found = command(venue.url, "--transcript", str(path))
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    expected = reference("net_mode")
    told = lines[1 : 1 + len(expected)]
    assert [line.split()[1] for line in told] == [line["step"] for line in expected]
    assert {line[0] for line in told} <= {"✓", "≈"}
    assert lines[-1].startswith(f"✅ {len(expected)} steps, the same as fakeokx")
    assert unknown(expected, read_back(path.read_text("utf-8"))) == []


def test_a_difference_is_exit_3_in_words_and_as_data(venue: Any) -> None:
    venue.set_switch("msg.place_ok", "")
    venue.set_faults([{"action": "drop_answer", "operation": "place", "nth": 2}])
    found = command(venue.url, "--lang", "en")
    assert found.exit_code == 3
    assert "    rows[0].sMsg: empty, fakeokx has Order placed" in found.stdout
    assert "    code: code no answer, fakeokx answers 0" in found.stdout
    assert "taken back: closed 0.01 contracts" in found.stdout
    assert "difference(s) from fakeokx" in found.stdout
    venue.set_faults([])
    told = command(venue.url, "--json")
    data = json.loads(told.stdout)
    assert (told.exit_code, data["exit_code"], data["same"], data["left"]) == (3, 3, False, [])
    assert {one["place"] for one in data["differences"]} == {"rows[0].sMsg"}
    assert "有3处不同" in command(venue.url, "--lang", "zh").stdout
    assert nothing_left(venue)


def test_the_command_refuses_live_keys_and_says_what_to_do(venue: Any) -> None:
    venue.add_key(*SECRETS, environment="live")
    found = command(venue.url, **dict(zip(KEYS, SECRETS, strict=True)))
    assert found.exit_code == 2
    assert "50101" in found.stderr
    assert "demo trading API" in found.stderr
    assert venue.truth()["orders"] == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_however_often_it_comes_ends_it_with_everything_taken_back(
    venue: Any, number: signal.Signals, code: int, tmp_path: Path
) -> None:
    venue.set_faults([{"action": "delay", "method": "GET", "ms": 60, "times": 0}])
    path = tmp_path / "seen.jsonl"
    asked = ["-m", "prometheus_persist.cli", "reconcile", "--sandbox", "--transcript", str(path)]
    child = subprocess.Popen(
        [sys.executable, *asked],
        env={**os.environ, **environment(venue.url), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if "market.fills " in line:
            child.send_signal(number)
            break
    for _ in child.stdout:
        child.send_signal(number)
    child.wait(60)
    assert child.stderr is not None
    assert "taking back" in child.stderr.read()
    assert child.returncode == code
    assert nothing_left(venue)
    steps = [line["step"] for line in read_back(path.read_text("utf-8"))]
    assert steps[-1] == "cleanup"
    assert "close.place" not in steps


def test_no_secret_and_no_id_is_ever_written_down(
    venue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.sandbox.command.SystemClock", hurried)
    venue.add_key(*SECRETS)
    path = tmp_path / "seen.jsonl"
    keys = dict(zip(KEYS, SECRETS, strict=True))
    spoken = ""
    for rules in (
        [],
        [{"action": "reject", "operation": "place", "times": 0}],
        [{"action": "error_after", "operation": "place", "form": "html", "nth": 2}],
        [{"action": "error_before", "operation": "read_config", "times": 0, "code": "50113"}],
    ):
        venue.set_faults(rules)
        found = command(venue.url, "--json", "--transcript", str(path), **keys)
        spoken += found.stdout + found.stderr + path.read_text("utf-8")
    truth = venue.truth()
    ids = {row[name] for row in truth["orders"] for name in ("ordId", "clOrdId")}
    assert len(ids) > 6
    assert [secret for secret in SECRETS if secret in spoken] == []
    assert [known for known in ids if known in spoken] == []
    assert "44705892343619584" not in spoken  # the account's uid
