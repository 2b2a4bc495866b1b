"""``reconcile --sandbox``: the check of OKX demo trading, step by step beside fakeokx.

Rules
- Without any key it is skipped, says so, and leaves with 8; with some of the three it is exit 2.
- It talks to OKX (https, always with the header of demo trading) or to an exchange on this very
  machine, and to nothing else: exit 2.
- 0 every step is as fakeokx has it, but for what is known and harmless (``known.py``), told
  in a section of its own · 3 something else differs, or could not be taken back · 2 not a trading
  key of demo trading · 5 no answer, or no entry · 130, 143 stopped by a signal, everything taken
  back.
- SIGINT and SIGTERM end it before its next request; however often they come, what was placed is
  taken back first.
"""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.text import Text

from chaos.sandbox.check import run_sandbox
from chaos.sandbox.differences import (
    Difference,
    Line,
    differences,
    reference,
    written,
)
from chaos.sandbox.words import say
from prometheus_persist.cli.output import Output, write_private
from prometheus_persist.cli.venue import KEY_NAMES
from prometheus_persist.clock import SystemClock, SystemIds
from prometheus_persist.errors import (
    EXIT_HUMAN,
    EXIT_OK,
    EXIT_SIGINT,
    EXIT_SIGTERM,
    EXIT_SKIPPED,
    BadConfig,
)
from prometheus_persist.exchange.okx.allowed_hosts import host_of, is_here, place
from prometheus_persist.exchange.okx.client import okx_client
from prometheus_persist.shown import shown

TIMEOUT_MS: Final = 10_000
_MESSAGES: Final[Mapping[str, str]] = {
    "missing_step": "sandbox.missing_step",
    "extra_step": "sandbox.extra_step",
    "missing": "sandbox.missing",
    "extra": "sandbox.extra",
    "code": "sandbox.code",
    "class": "sandbox.class",
}
_CONFIG_STEP: Final = "read.config"


def sandbox_check(
    output: Output, url: str, environ: Mapping[str, str], transcript: Path | None = None
) -> int:
    """Run the check and print it; the exit code. Raises PersistError as every command does."""
    missing = [name for name in KEY_NAMES if not environ.get(name)]
    if len(missing) == len(KEY_NAMES):
        output.text(say("sandbox.skipped", output.lang, names=", ".join(missing)))
        output.data({"skipped": True, "missing": missing, "exit_code": EXIT_SKIPPED})
        return EXIT_SKIPPED
    if missing:
        raise BadConfig(f"set {', '.join(missing)} in the environment, too")
    where = demo_place(url)
    key, secret, passphrase = (environ[name] for name in KEY_NAMES)
    client = okx_client(url or None, key, secret, passphrase, sandbox=True, timeout_ms=TIMEOUT_MS)
    output.text(say("sandbox.title", output.lang, place=where))
    page = _Page(output)
    code = EXIT_OK
    with _signals_noted(output) as stop:
        try:
            run_sandbox(client, SystemClock(), SystemIds(), page.show, stop.go_on)
        except _Stopped:
            code = stop.exit_code
        finally:
            if transcript is not None:
                write_private(transcript, written(page.lines))
    return page.end(code)


def demo_place(url: str) -> str:
    """The host that is asked; raises BadConfig for one that is neither OKX nor this machine."""
    if not url:
        return "OKX"
    host = host_of(place(url))
    if not is_here(url) and not f".{host}".endswith(".okx.com"):
        raise BadConfig(
            f"{host} is neither OKX over https nor an exchange on this machine: "
            "the check places orders, and only in demo trading"
        )
    return host


class _Stopped(BaseException):
    """A signal asked for an end; a BaseException, so that nothing takes it for a failed request."""


@dataclasses.dataclass(slots=True)
class _Stop:
    """Whether a signal came."""

    exit_code: int = 0

    def go_on(self) -> None:
        if self.exit_code:
            raise _Stopped


@contextmanager
def _signals_noted(output: Output) -> Iterator[_Stop]:
    """Take note of SIGINT and SIGTERM inside the block, as often as they come."""
    stop = _Stop()
    codes = {signal.SIGINT: EXIT_SIGINT, signal.SIGTERM: EXIT_SIGTERM}

    def note(number: int, _frame: object) -> None:
        if not stop.exit_code:
            stop.exit_code = codes[signal.Signals(number)]
            output.aside(say("sandbox.stopping", output.lang))

    before = {number: signal.signal(number, note) for number in codes}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            # One signal is enough: the process ends now, with the code of the first.
            signal.signal(number, signal.SIG_IGN if stop.exit_code else handler)


class _Page:
    """The table as it grows, and how it ends."""

    def __init__(self, output: Output) -> None:
        self.lines: list[Line] = []
        self._output = output
        self._shown = 0
        self._reference: list[Line] = []
        self._pos_mode = ""

    def show(self, line: Line) -> None:
        """One step more; printed once the position mode says what to compare with."""
        self.lines.append(line)
        if line["step"] == _CONFIG_STEP:
            self._pos_mode = line["rows"][0].get("posMode", "")
            self._reference = reference(self._pos_mode)
        if self._reference:
            for each in self.lines[self._shown :]:
                self._print(each)
            self._shown = len(self.lines)

    def end(self, code: int) -> int:
        """What differs, what is left, and the exit code; ``code`` is a signal's, or 0."""
        output = self._output
        every = differences(self._reference, self.lines)
        known = [one for one in every if one.known]
        found = [one for one in every if not one.known]
        for difference in found:
            if difference.kind == "missing_step" and not code:
                self._row(
                    "≠", "yellow", difference.step, say("sandbox.missing_step", output.lang), ""
                )
        if known:
            output.text(say("sandbox.known", output.lang, count=len(known)))
        for difference in known:
            output.text(f"    {difference.step:<20} {self._words(difference)} [{difference.known}]")
        last = self.lines[-1] if self.lines else {}
        did, left = last.get("did", []), last.get("left", [])
        for what in did:
            output.text(say("sandbox.tidied", output.lang, what=what))
        for what in left:
            output.text(say("sandbox.left", output.lang, what=what))
        if not code:
            name = "sandbox.same_but_known" if known else "sandbox.same"
            name = "sandbox.differs" if found else name
            output.text(
                say(name, output.lang, steps=len(self.lines), count=len(found), known=len(known))
            )
        code = EXIT_HUMAN if left or (found and not code) else code
        result: dict[str, Any] = {
            "skipped": False,
            "pos_mode": self._pos_mode,
            "same": not found,
            "differences": [dataclasses.asdict(each) for each in found],
            "known": [dataclasses.asdict(each) for each in known],
            "taken_back": did,
            "left": left,
            "steps": self.lines,
            "exit_code": code,
        }
        output.data(result)
        return code

    def _print(self, line: Line) -> None:
        expected = [each for each in self._reference if each["step"] == line["step"]]
        every = differences(expected, [line])
        found = [one for one in every if not one.known]
        mark, colour = ("≈", "green") if every else ("✓", "green")
        mark, colour = ("≠", "yellow") if found else (mark, colour)
        self._row(mark, colour, line["step"], line["ask"], line["code"])
        for difference in found:
            self._output.text(f"    {self._words(difference)}")

    def _row(self, mark: str, colour: str, step: str, ask: str, code: str) -> None:
        text = shown(f"{step:<38} {ask:<34} {code}".rstrip())
        self._output.people.print(Text(mark, style=colour), text)

    def _words(self, difference: Difference) -> str:
        fields = dataclasses.asdict(difference)
        return say(_MESSAGES[difference.kind], self._output.lang, **fields)
