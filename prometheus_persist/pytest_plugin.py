"""The harness's face in pytest: ``pytest -m chaos`` ends in the table of the five criteria.

    --chaos-seed N        one seed, one course of events (default 1)
    --chaos-report DIR    keep records, verdict.json and summary.md there

``chaos_run(name)`` plays a scenario and returns its verdict; every verdict of the session is added
up at the end, whichever test or xdist worker asked for it. ``chaos_bot(command…)`` kills a bot of
one's own while it trades, and fails the test where that loses anything. ``chaos_seed`` is the seed.

It is loaded into every pytest where this distribution is installed, so it is a good neighbour:

1. It stands here and not in ``chaos``, a name that projects give to packages of their own. The
   harness (``chaos.pytest_plugin``) is imported when it is used; where another package of that
   name hides it, the test is told which.
2. Unused, it adds no line to what pytest prints, and makes no file and no directory.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

SEED_DEFAULT: Final = 1
_OUT: Final = pytest.StashKey[Path]()
_RUN: Final = "testrunuid"  # xdist's, the same for all workers of a session


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options."""
    group = parser.getgroup("chaos", "prometheus-chaos: break it and see what survives")
    told = f"seed of all scenarios (default {SEED_DEFAULT})"
    group.addoption("--chaos-seed", type=int, metavar="N", help=told)
    group.addoption("--chaos-report", type=Path, metavar="DIR", help="keep records and verdict")


def pytest_configure(config: pytest.Config) -> None:
    """The marker; a directory that was asked for is there from the beginning."""
    config.addinivalue_line("markers", "chaos: plays a chaos scenario (slow, real processes)")
    worker = getattr(config, "workerinput", {})
    if named := config.getoption("--chaos-report"):
        config.stash[_OUT] = named
        if not worker:
            _harness().begin(named, anew=True)
    elif worker:
        config.stash[_OUT] = _of_run(worker[_RUN])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Know where the workers' verdicts are going to be, should there be any."""
    node.config.stash.setdefault(_OUT, _of_run(node.workerinput[_RUN]))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The seed, where it was asked for, so that a failure can be repeated."""
    used = config.getoption("--chaos-seed") is not None or config.getoption("--chaos-report")
    return [f"chaos seed: {_seed(config)}"] if used else []


@pytest.fixture(scope="session")
def chaos_seed(pytestconfig: pytest.Config) -> int:
    """The seed of this session."""
    return _seed(pytestconfig)


@pytest.fixture
def chaos_run(pytestconfig: pytest.Config, chaos_seed: int) -> Callable[..., Any]:
    """``chaos_run(name, effort=…)``: play, judge, and count it among the session's verdicts."""
    plugin = _harness()
    if _OUT not in pytestconfig.stash:
        pytestconfig.stash[_OUT] = plugin.temporary()
    out = pytestconfig.stash[_OUT]

    def played(name: str, **effort: Any) -> Any:
        plugin.begin(out)
        return plugin.played(name, out, chaos_seed, **effort)

    return played


@pytest.fixture
def chaos_bot(tmp_path: Path, chaos_seed: int) -> Callable[..., Any]:
    """``chaos_bot("python", "my_bot.py", kills=5, patience_s=60)``: killed while it trades.

    Returns the verdict; fails the test where something is wrong, or nothing was shown.
    """

    def killed(*command: str, **plan: Any) -> Any:
        verdict, told = _harness().bot(command, tmp_path / "chaos-bot", chaos_seed, **plan)
        if verdict.outcome != "passed":
            pytest.fail("\n".join(told), pytrace=False)
        return verdict

    return killed


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Judge what lies in the session's directory again, and print the table."""
    out = config.stash.get(_OUT, None)
    if hasattr(config, "workerinput") or out is None or not out.exists():
        return
    title, lines = _harness().summed_up(out, _seed(config))
    if lines:
        terminalreporter.section(title)
    for line in lines:
        terminalreporter.write_line(line)


def _seed(config: pytest.Config) -> int:
    asked = config.getoption("--chaos-seed")
    return SEED_DEFAULT if asked is None else int(asked)


def _of_run(run: str) -> Path:
    import tempfile

    return Path(tempfile.gettempdir()) / f"prometheus-chaos-{run}"


def _harness() -> Any:
    """``chaos.pytest_plugin`` of this very distribution; fails the test where that is hidden."""
    from prometheus_persist.errors import BadConfig
    from prometheus_persist.harness import harness

    try:
        return harness("pytest_plugin")
    except BadConfig as problem:
        pytest.fail(str(problem), pytrace=False)
