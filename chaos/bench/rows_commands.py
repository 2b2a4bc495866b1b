"""A row on the commands: what ``--help`` of each program takes of a processor."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator

from chaos.bench.context import Options
from chaos.bench.table import BenchRow, RequiredBar, TableLine, timed_line
from prometheus_persist.errors import StoreFailed

PROGRAMS = ("prometheus-persist", "prometheus-chaos", "fakeokx")
HELP_S_MAX = 0.15


def help_row(options: Options) -> Iterator[list[BenchRow]]:
    """Processor time of a whole process, interpreter and imports included, by the programs of the
    tree that is measured; raises StoreFailed where one fails."""
    project = tomllib.loads((options.home / "pyproject.toml").read_text(encoding="utf-8"))
    scripts = project["project"]["scripts"]
    while True:
        lines: list[TableLine] = []
        checks: list[RequiredBar] = []
        for program in PROGRAMS:
            name = f"help_{program}"
            module, _, call = scripts[program].partition(":")
            code = f"import sys\nfrom {module} import {call}\nsys.argv[0] = {program!r}\n{call}()"
            line = timed_line(name, [_cpu_ns(options, code)])
            lines.append(line)
            if line.times is not None:
                seconds = line.times.median_ns / 1e9
                checks.append(RequiredBar(name, seconds, "<=", HELP_S_MAX, "s"))
        yield [BenchRow("help", lines=lines, checks=checks)]


def _cpu_ns(options: Options, code: str) -> int:
    process = subprocess.Popen(  # noqa: S603 our own interpreter and our own code
        [sys.executable, "-P", "-c", code, "--help"],
        env={**os.environ, "PYTHONPATH": str(options.home)},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise StoreFailed(f"--help ended with exit code {process.returncode}")
    return round((used.ru_utime + used.ru_stime) * 1e9)
