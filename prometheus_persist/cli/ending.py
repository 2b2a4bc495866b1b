"""How a program of the command line ends when it is told to: in one line, with 130 or 143.

- Ctrl+C and SIGTERM are caught before anything large is imported. The handler raises ``Stopped``
  where the program is; it is no ``Exception``, so nothing takes it for a failed call, and whatever
  was begun is left as by any other exception: locks are given back, temporary directories go.
- What was acknowledged is on the disk by then, so there is nothing to save.
- An error that such an exception brings about on its way out is no error: the line and the code are
  those of the signal. Where Python cannot raise it (in a finalizer) it is raised again behind that;
  a loop that goes on behind a failure asks ``raise_if_stopped``.
- A second signal ends the process at once, as a crash would; a process that was forked off says
  nothing: it leaves Ctrl+C to the one that made it, which may be waiting for its answer.
- ``write_document`` is the one way to stdout for what ``--json`` asks for: whole, or not at all.
  A program that is stopped, or asked the wrong thing, before it has written one leaves the document
  of its end, so that stdout is JSON whatever happens.
- The document is UTF-8 where stdout is, else ASCII; what has no glyph is ``shown``.
- What the encoding of a terminal has no room for (a mark, in GBK or Latin-1) is escaped: no command
  fails because of how it says that all is well.
- Who reads along and goes (``| head``) ends the program without a word, with 1 as typer does.
- Where stdout takes no more (a full disk), that is what is said, and the code is 7 where no signal
  came, whatever else did: nobody takes half an answer for a whole one.

Only the standard library is imported here, and ``shown``, which is as light, for the sake of the
first rule.
"""

from __future__ import annotations

import _thread
import contextlib
import io
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

from prometheus_persist.language import LANGUAGES as LANGUAGES
from prometheus_persist.language import asked_language
from prometheus_persist.language import default_language as default_language
from prometheus_persist.shown import shown_lines

CODES: Final = {signal.SIGINT: 130, signal.SIGTERM: 143}

AGAIN_S: Final = 0.002
READER_GONE: Final = 1


class Stopped(BaseException):
    """A signal asked for an end; ``exit_code`` is its."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = CODES[signal.Signals(number)]


class _Process:
    """What is known of this process: which signal came, whether it may raise, what was written,
    and the words of the end, until they are said."""

    pid: int = 0
    signal: int = 0
    holding: bool = False
    written: bool = False
    refused: str = ""
    told: Callable[[int, str], str] | None = None


class _Stdout(io.FileIO):
    """Stdout; what it refuses is known, whoever takes the error for one of his own."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as problem:
            _Process.refused = problem.strerror or str(problem)
            raise


def ends_on_signals(run: Callable[[], object], told: Callable[[int, str], str]) -> NoReturn:
    """Run a program and leave with its code; ``told`` has the line for a code and a language."""
    _Process.pid, _Process.signal, _Process.told, _Process.holding = os.getpid(), 0, told, False
    code: Any = None
    try:
        try:
            _watch_stdout()
            escape_what_has_no_room()
            sys.unraisablehook = _raised_in_vain
            for number in CODES:
                signal.signal(number, _stop)
            code = run()
        finally:
            _Process.holding = True  # from here on it ends by itself
    except SystemExit as ended:
        code = ended.code
    except BaseException as problem:
        if _Process.signal:
            code = _told_to_end()
        elif isinstance(problem, BrokenPipeError) and _nobody_reads():
            code = READER_GONE
        elif not _Process.refused:
            raise
    sys.exit(_said(code))


def _watch_stdout() -> None:
    """Know of what stdout refuses."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper) and out.fileno() == 1:
        raw = io.BufferedWriter(_Stdout(1, "w", closefd=False))
        sys.stdout = io.TextIOWrapper(
            raw,
            out.encoding,
            out.errors,
            line_buffering=out.line_buffering,
            write_through=out.write_through,
        )


def stdout_refuses() -> bool:
    """Whether stdout did not take what was said: an error of its own, and of nothing else."""
    return bool(_Process.refused)


def _said(code: Any) -> Any:
    """Write what is left to be said; the code, or that of a stdout which does not take it all."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        if _nobody_reads() and not _Process.signal:
            return READER_GONE
    except OSError:
        pass  # it is known
    if not _Process.refused:
        return code
    _nowhere()
    if _Process.signal:
        return code
    from prometheus_persist.errors import EXIT_DISK
    from prometheus_persist.words.exits import UNWRITTEN

    (zh, en), why = UNWRITTEN, _Process.refused
    line = en.format(why=why)
    if asked_language(sys.argv[1:], os.environ) == "zh":
        from prometheus_persist.report.in_chinese import in_chinese

        line = zh.format(why=in_chinese(why))
    with contextlib.suppress(OSError, ValueError):  # nobody may listen any more
        print(shown_lines(line), file=sys.stderr, flush=True)
    return EXIT_DISK


def escape_what_has_no_room() -> None:
    """Let stdout and stderr write, escaped, what their encoding does not have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")


def reader_gone() -> bool:
    """Whether stdout is a pipe that nobody reads any more: whoever waits for more need not."""
    try:
        asked = select.poll()
        asked.register(1, select.POLLOUT)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in asked.poll(0))
    except OSError:
        return False


def _nobody_reads() -> bool:
    """Whether the reader of stdout is gone; what is still to be written then goes nowhere."""
    if not reader_gone():
        return False
    _nowhere()
    return True


def _nowhere() -> None:
    """Let what is still to be written go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a signal raise only behind this."""
    before, _Process.holding = _Process.holding, True
    try:
        yield
    finally:
        _Process.holding = before
    if _Process.signal and not before:
        raise Stopped(_Process.signal)


def stopped_by() -> int:
    """The signal that asked this process to end; 0 for none."""
    return _Process.signal


def raise_if_stopped() -> None:
    """For what takes failures for results and goes on: what looked like one was the end."""
    if _Process.signal:
        raise Stopped(_Process.signal)


def write_document(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON on stdout: one document, or one line of many."""
    text = document(value, getattr(sys.stdout, "encoding", None) or "ascii", indent)
    with uninterrupted():
        _Process.written = True
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def new_output() -> None:
    """No document is written yet: another command begins."""
    _Process.written = False


def document(value: object, encoding: str, indent: int | None = 2) -> str:
    """The JSON of a value, as it can be written in this encoding."""
    is_utf8 = encoding.lower().replace("-", "").replace("_", "") == "utf8"
    return shown_lines(json.dumps(_finite(value), ensure_ascii=not is_utf8, indent=indent))


def end_document(code: int, name: str, detail: str, argv: Sequence[str]) -> None:
    """The document of an end without any other, where JSON was asked for."""
    if "--json" in argv and not _Process.written:
        write_document({"error": name, "detail": detail, "exit_code": code}, indent=None)


def documented(
    run: Callable[[Sequence[str]], int], argv: Sequence[str] | None, meanings: Mapping[int, str]
) -> int:
    """Run what parses ``argv`` by itself; where JSON was asked for, stdout is JSON in any case."""
    words = list(sys.argv[1:] if argv is None else argv)
    new_output()
    try:
        code = run(words)
    except SystemExit as ended:
        if ended.code:
            code = int(ended.code)
            end_document(code, "Usage", meanings.get(code, ""), words)
        raise
    except Exception as problem:
        raise_if_stopped()
        end_document(1, type(problem).__name__, str(problem), words)
        raise
    if code:
        end_document(code, "Ended", meanings.get(code, ""), words)
    return code


def _stop(number: int, _frame: object) -> None:
    if os.getpid() != _Process.pid:
        if number == signal.SIGINT:
            return  # it came to the whole group: the process that made this one ends it
        os._exit(CODES[signal.Signals(number)])
    if _Process.signal:
        os.write(2, _line().encode("utf-8", "replace"))
        os._exit(CODES[signal.Signals(_Process.signal)])
    _Process.signal = number
    if not _Process.holding:
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
    """Say the one line, and leave the document; the code."""
    code, line = CODES[signal.Signals(_Process.signal)], _line()
    with contextlib.suppress(OSError, ValueError):  # nobody may listen any more
        sys.stdout.flush()
        sys.stderr.write(line)
        sys.stderr.flush()
        end_document(code, "Stopped", line.strip(), sys.argv[1:])
    return code


def _line() -> str:
    """The one line, once."""
    told, _Process.told = _Process.told, None
    if told is None:
        return ""
    argv = sys.argv[1:]
    line = told(CODES[signal.Signals(_Process.signal)], asked_language(argv, os.environ))
    return ("\n" if sys.stderr.isatty() else "") + line + "\n"  # a terminal shows ^C before it


def _finite(value: object) -> object:
    """The value with null for what is no number to JSON."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
