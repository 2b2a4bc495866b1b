"""Wrong usage of ``fakeokx serve`` is exit 2 with a reason, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from textkit import CLEARS, TURNS, stacked, unruly

import fakeokx


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "99999"], "--port"),
        (["--dir", "/proc/nowhere"], "cannot be made"),
        (["--pos-mode", "both"], "--pos-mode"),
        (["--balance", "NaN"], "--balance"),
        (["--keys", "/no/such/file"], "--keys"),
        (["--set", "caa.time_unit"], "--set"),
        (["--set", "caa.time_unit=h"], "'s', 'ms'"),
        (["--set", "no.such=1"], "no.such"),
        (["--host", "203.0.113.1"], "cannot listen"),
    ],
)
def test_wrong_usage_says_why(arguments, reason):
    done = subprocess.run(
        [sys.executable, "-m", "fakeokx.cli", "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", ["only-a-name", "a:b:c:write", "a:b:c:trade:sub:more"])
def test_a_key_that_is_none_is_named_by_its_line_and_not_shown(line, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"# mine\nsound:secret:pass\n{line}\n")
    done = subprocess.run(
        [sys.executable, "-m", "fakeokx.cli", "serve", "--keys", str(keys)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "line 3" in done.stderr
    assert "NAME:SECRET:PASSPHRASE" in done.stderr
    assert line not in done.stderr


def test_what_others_put_in_is_printed_as_text(tmp_path):
    """Names made of escape codes and of marks that turn the line, in an answer and in a refusal."""
    name = "\x1b[2J\u202egpj\x9b2J\x07"
    with fakeokx.launch(tmp_path / f"at{name}") as venue:
        venue.add_key(name, "s", "p")
        said = [
            subprocess.run(
                [sys.executable, "-m", "fakeokx.cli", *words],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            for words in (
                ("ctl", "--url", venue.url, "key"),
                ("ctl", "--url", venue.url, "switch", "caa.time_unit", name),
                ("serve", "--port", venue.url.rpartition(":")[2], "--dir", str(tmp_path / name)),
            )
        ]
    assert [done.returncode for done in said] == [0, 2, 2]
    for done in said:
        text = done.stdout + done.stderr
        assert {one for one in text if not one.isprintable()} <= {"\n"}
    assert "\\u202egpj" in said[0].stdout


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "--dir", "/proc/HOSTILE"),
        ("serve", "--keys", "/no/HOSTILE"),
        ("serve", "--set", "HOSTILE=1"),
        ("serve", "--pos-mode", "HOSTILE"),
        ("serve", "--HOSTILE"),
        ("HOSTILE",),
        ("ctl", "--url", "http://127.0.0.1:9", "price", "HOSTILE", "1"),
    ],
)
def test_what_is_said_back_is_text(words):
    hostile = f"A{CLEARS}{TURNS}\r\nforged" + "\u0301" * 100
    line = [word.replace("HOSTILE", hostile) for word in words]
    command = [sys.executable, "-m", "fakeokx.cli", *line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode in (2, 5), done.stderr
    assert unruly(done.stdout + done.stderr) == []
    assert stacked(done.stdout + done.stderr) <= 4


def test_what_the_exchange_declines_is_told_in_one_sentence(fakeokx_factory):
    """Not in the words that a class is described with to who reads the code."""
    venue = fakeokx_factory()
    command = [sys.executable, "-m", "fakeokx.cli", "ctl", "--url", venue.url]
    done = subprocess.run(
        [*command, "price", "BTC-USDT-SWP", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fakeokx: 51001: ")
    assert "``" not in done.stderr
    assert ".." not in done.stderr


def test_a_full_disk_behind_stdout_is_no_exchange_that_is_away():
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "fakeokx.cli", "coverage"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("fakeokx: [Errno 28]")
