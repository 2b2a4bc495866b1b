"""Wrong usage of ``fakeokx serve`` is exit 2 with a reason, never a traceback."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "99999"], "--port"),
        (["--dir", "/proc/nowhere"], "cannot be made"),
        (["--pos-mode", "both"], "--pos-mode"),
        (["--balance", "NaN"], "--balance"),
        (["--key", "only-a-name"], "--key"),
        (["--key", "a:b:c:write"], "--key"),
        (["--key", "a:b:c:trade:sub:more"], "--key"),
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
