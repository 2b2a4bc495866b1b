"""Many subscribers, nothing lost; and the command that says so can say the opposite."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from fakeokx import FakeOkx, launch
from fakeokx.process.subscribers import is_sound, measure

ROOT = Path(__file__).resolve().parents[2]


def test_two_hundred_subscribers_get_a_hundred_events_a_second_each(tmp_path: Path) -> None:
    with launch(tmp_path) as venue:
        found = asyncio.run(measure(venue.url, 200, 100, 1.0))
    assert (found["received"], found["out_of_sequence"]) == (20_000, 0)
    assert is_sound(found)


def test_one_message_less_or_twice_or_too_early_is_noticed(server: FakeOkx) -> None:
    for action in ("ws_gap", "ws_duplicate", "ws_reorder"):
        server.set_faults([{"action": action, "path": "bbo-tbt", "nth": 25}])
        found = asyncio.run(measure(server.url, 5, 100, 0.1, settle_s=0.3))
        assert server.faults()[0]["fired"] == 1
        assert not is_sound(found), action
    server.set_faults([])


def test_the_command_prints_one_line_and_leaves_with_zero() -> None:
    command = [sys.executable, "-m", "fakeokx.process.subscribers", "--subscribers", "3"]
    done = subprocess.run(
        [*command, "--events-per-s", "50", "--seconds", "0.2"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["received"] == 30
