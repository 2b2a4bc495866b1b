"""A program with somebody at a terminal: what he is shown, byte by byte, and what stays there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100
AT_ONCE = (
    "import prometheus_persist.terminal as t; t.AFTER_S = 0.0; says = t.WorkLine.says; "
    "t.WorkLine.says = lambda at, *said: (says(at, *said), at._live and at._live.refresh()); "
)
COMMANDS = {
    "prometheus-persist": "from prometheus_persist.cli import main; main()",
    "prometheus-chaos": "from chaos.cli import console; console()",
}
HIDES_CURSOR = "\x1b[?25l"


@dataclass(frozen=True)
class Shown:
    """What came to the terminal, and to stdout where that is a pipe; and the exit code."""

    terminal: str
    stdout: str
    code: int

    @property
    def stays(self) -> list[str]:
        """The lines that are there when it is over, of a terminal as high as need be."""
        lines, at = [""], 0
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", self.terminal):
            if part == "\n":
                at += 1
                lines += [""] * (at + 1 - len(lines))
            elif part.endswith("A") and part.startswith("\x1b"):
                at = max(0, at - int(part[2:-1] or 1))
            elif part == "\x1b[2K":
                lines[at] = ""
            elif not part.startswith(("\x1b", "\r")):
                lines[at] += part
        return [line for line in lines if line.strip()]


def at_terminal(
    program: str, *words: object, env: dict[str, str] | None = None, first: str = AT_ONCE
) -> Shown:
    """Run one of our programs; stderr is a terminal, stdout a pipe. What its line says is drawn at
    once, each time."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    command = python(program, words, first)
    running = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": str(WIDTH), **(env or {})},
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # EIO: nobody has the other end any more
            break
        if not piece:
            break
        seen += piece
    os.close(ours)
    stdout, _ = running.communicate(timeout=60)
    return Shown(seen.decode("utf-8", "replace"), stdout, running.returncode)


def python(program: str, words: Sequence[object], first: str = AT_ONCE) -> list[str]:
    """The command line of one of our programs, after some words of Python."""
    start = f"import sys; sys.argv[0] = {program!r}; {first}{COMMANDS[program]}"
    return [sys.executable, "-c", start, *map(str, words)]
