"""Programs that many tests start: imported once, forked for each of them.

Most of what an exchange in a process of its own costs a test is the import of it; what the trading
system of a scenario costs, that of ccxt. ``Warm`` stands where ``subprocess.Popen`` would. For a
program of ``PROGRAMS`` it asks a process that has imported what that program imports, and has done
nothing else, to fork; every other command starts as ever. The forked one is a process like any
other: its own session, descriptors, directory, environment and arguments, signals as Python sets
them, and the same end (``test_warm.py`` compares the two). What is different: what it would import
later is there at once, its parent is the process that forked it, which reaps it at once, and its
command line in ``/proc`` is that of the parent, which names the program.

Only what starts a program *for* a test comes here (``PLACES``). What a test starts by itself, to
see how it starts, is not touched, and in the files of ``COLD`` nothing is.

Where ``PYTHON*`` or the locale differ from those of the process that forks, or there is no pidfd,
programs are started as ever.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import inspect
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

PROGRAMS = {
    "fakeokx.cli": (
        "fakeokx.cli.app",
        "fakeokx.cli.serving",
        "fakeokx.process.serve",
        "uvicorn.lifespan.off",
        "uvicorn.loops.uvloop",
    ),
    "chaos.workload": (
        "chaos.faults",
        "chaos.record",
        "chaos.saboteurs",
        "chaos.workload.play",
        "prometheus_persist.session.reconciling",
        "ccxt",
    ),
    "chaos.workload.look": (
        "chaos.record",
        "chaos.saboteurs.checks",
        "chaos.workload.narrator",
        "prometheus_persist.recovery",
    ),
}
PLACES = ("fakeokx.process.runner", "chaos.scenarios.online")
COLD = ("test_fakeokx_server_runner.py", "test_fakeokx_client_kill.py", "test_warm.py")
SAME = ("PYTHON", "LC_", "LANG", "TZ", "LD_")
LOOKS_MS = 500
CAN = hasattr(os, "pidfd_open") and Path("/proc/self/task").is_dir()


def warm(*, on: bool) -> None:
    """Let the ``PLACES`` of what is imported here start programs warm, or as ever."""
    for name in PLACES:
        if name.partition(".")[0] in sys.modules:
            import_module(name).subprocess = _subprocess() if on else subprocess


@functools.cache
def _subprocess() -> ModuleType:
    """The module ``subprocess``, but for its ``Popen``."""
    found, plain = ModuleType("subprocess"), subprocess.run
    vars(found).update({**vars(subprocess), "Popen": Warm})
    found.run = FunctionType(plain.__code__, vars(found), "run", plain.__defaults__)
    found.run.__kwdefaults__ = plain.__kwdefaults__
    return found


class Warm(subprocess.Popen):
    """A process that is forked from one that is warm, if there can be one."""

    _line: socket.socket | None = None

    def _execute_child(self, *given: Any) -> None:
        start = super()._execute_child
        asked = inspect.signature(start).bind(*given).arguments
        self._owner = os.getpid()
        self._line = _line_to(asked["args"], asked["env"] or os.environ)
        if self._line is None:
            start(*given)
            return
        fds = [asked["p2cread"], asked["c2pwrite"], asked["errwrite"]]
        words = {
            "argv": list(asked["args"])[3:],
            "cwd": str(asked["cwd"] or Path.cwd()),
            "env": dict(asked["env"] or os.environ),
            "leads": asked["start_new_session"],
        }
        sent = [fd if fd != -1 else number for number, fd in enumerate(fds)]
        socket.send_fds(self._line, [json.dumps(words).encode() + b"\n"], sent)
        self.pid = int(_told(self._line))
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(asked[name] for name in pipes))

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if self._line is None:
            return super()._try_wait(flags)
        if os.getpid() != self._owner:  # to a forked copy it is nobody's child
            return self.pid, 0
        if flags & os.WNOHANG and not _speaks(self._line):
            return 0, 0
        status = int(_told(self._line) or signal.SIGKILL)
        self._line.close()
        return self.pid, status

    def _internal_poll(self, *given: Any, **more: Any) -> int | None:
        if self._line is None:
            return super()._internal_poll(*given, **more)
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                pid, status = (0, 0) if self.returncode is not None else self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def _speaks(line: socket.socket) -> bool:
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    return bool(waiting.poll(0))


def _told(line: socket.socket) -> bytes:
    """The next line; nothing at the end."""
    said = b""
    while not said.endswith(b"\n"):
        more = line.recv(1)
        if not more:
            break
        said += more
    return said.strip()


# -- the process that forks, as seen from the one that asks


_STARTING = threading.Lock()
_FORKERS: dict[str, tuple[Path, dict[str, str]]] = {}


def _line_to(args: Any, env: Mapping[str, str]) -> socket.socket | None:
    """A connection to who forks that program; None where it has to start as ever."""
    words = [args] if isinstance(args, (str, bytes, os.PathLike)) else list(args)
    if words[:2] != [sys.executable, "-m"] or words[2] not in PROGRAMS or not CAN:
        return None
    program, held = words[2], _held(env)
    with _STARTING:
        if program not in _FORKERS:
            _FORKERS[program] = _forker(program, env), held
    place, like = _FORKERS[program]
    if held != like:
        return None
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.connect(str(place))
    except OSError:
        line.close()
        return None
    return line


def _held(env: Mapping[str, str]) -> dict[str, str]:
    """What of an environment has its effect before a program's first line."""
    return {name: env[name] for name in sorted(env) if name.startswith(SAME)}


def _forker(program: str, env: Mapping[str, str]) -> Path:
    """Start one; it is ready when this returns, and goes with this process."""
    home = Path(tempfile.mkdtemp(prefix="warm-", dir="/tmp"))
    place = home / "line"
    process = subprocess.Popen(
        [sys.executable, __file__, str(place), str(os.getpid()), program, *PROGRAMS[program]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(env),
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            process.kill()
            process.wait()
            shutil.rmtree(home, ignore_errors=True)

    atexit.register(end)
    return place


# -- the process that forks


class Forker:
    """Answers whoever connects: with a process id, and with how that process ended."""

    def __init__(self, place: str, parent: int) -> None:
        self._place, self._parent = place, parent
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(place)
        self._listener.listen(64)
        self._lines: dict[int, tuple[int, socket.socket]] = {}  # by pidfd

    def asked(self) -> dict[str, Any]:
        """Returns in every forked process, with what it was asked to be."""
        waiting = select.poll()
        waiting.register(self._listener, select.POLLIN)
        while os.getppid() == self._parent:
            for fd, _ in waiting.poll(LOOKS_MS):
                if fd != self._listener.fileno():
                    self._ended(fd)
                    waiting.unregister(fd)
                    os.close(fd)
                    continue
                line, _address = self._listener.accept()
                said, fds, _flags, _from = socket.recv_fds(line, 1 << 20, 3)
                while not said.endswith(b"\n"):
                    said += line.recv(1 << 20)
                pid = os.fork()
                if not pid:
                    return self._become(json.loads(said), fds, line)
                for each in fds:
                    os.close(each)
                pidfd = os.pidfd_open(pid)
                self._lines[pidfd] = pid, line
                waiting.register(pidfd, select.POLLIN)
                line.sendall(b"%d\n" % pid)
        shutil.rmtree(Path(self._place).parent, ignore_errors=True)
        os._exit(0)

    def _ended(self, pidfd: int) -> None:
        pid, line = self._lines.pop(pidfd)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):  # who asked may be gone
            line.sendall(b"%d\n" % status)
        line.close()

    def _become(self, words: dict[str, Any], fds: list[int], line: socket.socket) -> dict[str, Any]:
        for each in (line, self._listener, *(line for _, line in self._lines.values())):
            each.detach()
        for number, fd in enumerate(fds):
            os.dup2(fd, number)
        os.closerange(3, max(256, *(fd + 1 for fd in fds)))
        if words["leads"]:
            os.setsid()
        os.chdir(words["cwd"])
        os.environ.clear()
        os.environ.update(words["env"])
        return words


def _serve(place: str, parent: int, program: str, *imports: str) -> None:
    sys.path[0] = str(Path.cwd())  # as ``-m`` has it
    for name in imports:
        import_module(name)
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "what has threads cannot be forked"
    forker = Forker(place, parent)
    gc.collect()
    gc.freeze()  # what was imported is shared with every process that is forked
    os.write(1, b"ready\n")
    words = forker.asked()
    sys.path[0] = words["cwd"]
    sys.argv = ["-m", *words["argv"]]
    sys.orig_argv = [sys.executable, "-m", program, *words["argv"]]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
