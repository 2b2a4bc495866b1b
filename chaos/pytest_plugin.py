"""Fixtures and options for ``pytest -m chaos``, ending in the table of the five criteria.

    --chaos-seed N        one seed, one course of events (default 1; printed in the header)
    --chaos-report DIR    keep records, verdict.json and summary.md there

``chaos_run(name)`` plays a scenario and returns its verdict; every verdict of the session is added
up at the end, whichever test or xdist worker asked for it. Workers write their verdicts into a
directory that the controller made; pytest-randomly may shuffle them, the table does not care.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

SEED_DEFAULT = 1
_OUT: Final = pytest.StashKey[Path]()
_WORKER_INPUT = "chaos_out"
_STAMP = "session.stamp"
LOG_COLUMNS = 118


def pytest_addoption(parser: pytest.Parser) -> None:
    """Two options."""
    group = parser.getgroup("chaos", "prometheus-chaos: break it and see what survives")
    group.addoption("--chaos-seed", type=int, default=SEED_DEFAULT, help="seed of all scenarios")
    group.addoption("--chaos-report", type=Path, metavar="DIR", help="keep records and verdict")


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and one directory for all processes of this session."""
    config.addinivalue_line("markers", "chaos: plays a chaos scenario (slow, real processes)")
    given = getattr(config, "workerinput", {}).get(_WORKER_INPUT)
    chosen = given or config.getoption("--chaos-report")
    if chosen:
        config.stash[_OUT] = Path(chosen)
        if not given:
            _stamp(config.stash[_OUT])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where verdicts go."""
    node.workerinput[_WORKER_INPUT] = str(_out(node.config))


def _stamp(out: Path) -> None:
    """Mark the session's beginning: records that are older belong to another one."""
    out.mkdir(parents=True, exist_ok=True)
    (out / _STAMP).write_text("records older than this file are not of this session\n")


def pytest_report_header(config: pytest.Config) -> str:
    """The seed, so that a failure can be repeated."""
    return f"chaos seed: {config.getoption('--chaos-seed')}"


def _out(config: pytest.Config) -> Path:
    if _OUT not in config.stash:
        config.stash[_OUT] = Path(tempfile.mkdtemp(prefix="prometheus-chaos-"))
        _stamp(config.stash[_OUT])
    return config.stash[_OUT]


@pytest.fixture(scope="session")
def chaos_seed(pytestconfig: pytest.Config) -> int:
    """The seed of this session."""
    return int(pytestconfig.getoption("--chaos-seed"))


@pytest.fixture
def chaos_run(pytestconfig: pytest.Config, chaos_seed: int) -> Callable[..., Any]:
    """``chaos_run(name, effort=…)``: play, judge, and count it among the session's verdicts."""
    from chaos.runner import GATE, play
    from chaos.scenarios.table import BY_NAME

    def played(name: str, effort: Any = GATE) -> Any:
        return play(BY_NAME[name], _out(pytestconfig), chaos_seed, effort=effort)

    return played


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Judge what lies in the session's directory again, and print the table."""
    if hasattr(config, "workerinput") or _OUT not in config.stash:
        return
    from chaos import gate
    from chaos.report.table import framed, troubles
    from chaos.report.words import default_lang, word
    from chaos.runner import judged_in

    out, lang = config.stash[_OUT], default_lang()
    verdicts = judged_in(out, int(config.getoption("--chaos-seed")), since=out / _STAMP)
    if not verdicts:
        return
    run = gate.add_up(verdicts)
    gate.keep(run, out, lang)
    terminalreporter.section(word("criteria", lang))
    for line in [*framed(run, lang, LOG_COLUMNS), *troubles(run, lang)]:
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"{word(f'outcome.{run.outcome.value}', lang)} · {out}")
