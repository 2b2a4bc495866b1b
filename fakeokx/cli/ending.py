"""How ``fakeokx`` ends on Ctrl+C and SIGTERM: in one line, with 130 or 143, and no traceback.

The handler raises ``Stopped`` where the program is, until it ends by itself; a second signal ends
it at once, which loses nothing: every answer was preceded by its line in the ledger. An error that
such an exception brings about on its way out is no error. Only the standard library is imported
here, so that this holds from the first import on. ``prometheus-persist`` has the same of its own
(``prometheus_persist/cli/ending.py``): the exchange and the library import nothing of each other.
"""

import _thread
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

CODES: Final = {signal.SIGINT: 130, signal.SIGTERM: 143}

AGAIN_S: Final = 0.002


class Stopped(BaseException):
    """A signal asked for an end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        _Process.signal = number


class _Process:
    """Which signal came, whether it may raise, and whether something is on stdout."""

    signal: int = 0
    ending: bool = False
    written: bool = False


def catch_signals() -> None:
    """From now on signals raise ``Stopped``."""
    sys.unraisablehook = _raised_in_vain
    for number in CODES:
        signal.signal(number, _stop)


def ends_on_signals(run: Callable[[], int]) -> NoReturn:
    """Run, and leave with its code or a signal's."""
    code: Any = None
    try:
        try:
            catch_signals()
            code = run()
        finally:
            _Process.ending = True
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        if not _Process.signal:
            raise
        code = _told_to_end()
    sys.exit(code)


def raise_if_stopped() -> None:
    """For what takes an error for the end: a signal's exception may have brought it about."""
    if _Process.signal:
        raise Stopped(_Process.signal)


def say(text: str) -> None:
    """Print data on stdout, whole or not at all."""
    before, _Process.ending = _Process.ending, True
    _Process.written = True
    print(text, flush=True)
    _Process.ending = before
    if _Process.signal and not before:
        raise Stopped(_Process.signal)


def end_document(code: int, name: str, detail: str, argv: Sequence[str]) -> None:
    """The document of an end, where JSON was asked for and nothing is on stdout."""
    if "--json" in argv and not _Process.written:
        say(json.dumps({"error": name, "detail": detail, "exit_code": code}))


def _stop(number: int, _frame: object) -> None:
    if _Process.signal:
        os._exit(CODES[signal.Signals(_Process.signal)])
    _Process.signal = number
    if not _Process.ending:
        raise Stopped(number)


def _raised_in_vain(unraisable: Any) -> None:
    """What a finalizer raised is printed and forgotten; not so a signal's exception. Behind one,
    an object that was only half made has nothing to say."""
    if isinstance(unraisable.exc_value, Stopped):
        number, _Process.signal = _Process.signal, 0
        _thread.start_new_thread(_again, (number,))
    elif not _Process.signal:
        sys.__unraisablehook__(unraisable)


def _again(number: int) -> None:
    time.sleep(AGAIN_S)  # the finalizer has ended by then
    os.kill(os.getpid(), number)


def _told_to_end() -> int:
    from fakeokx.cli.exits import EXITS
    from fakeokx.cli.helping import spoken

    code = CODES[signal.Signals(_Process.signal)]
    with contextlib.suppress(OSError, ValueError):  # nobody may listen any more
        start = "\n" if sys.stderr.isatty() else ""  # a terminal shows ^C before it
        print(f"{start}fakeokx: {spoken(EXITS[code])}", file=sys.stderr, flush=True)
        end_document(code, "Stopped", EXITS[code], sys.argv[1:])
    return code
