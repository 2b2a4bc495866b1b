"""Start a fakeokx as a process of its own, kill it, and start it again on the same ledger.

The child leads its own session, so a Ctrl+C at the parent's terminal does not reach it. It is
ready when its one JSON line has come; its complaints go to ``fakeokx.log`` in its directory.
A restart uses the same directory and the same port, so clients need not be told. The child
ends with the process that launched it, unless that one is killed.
"""

import atexit
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from fakeokx.control.client import Control

LOG_NAME: Final = "fakeokx.log"
KEYS_NAME: Final = "launched-keys"
READY_S_MAX: Final = 30.0
STOP_S_MAX: Final = 5.0


class NotStarted(RuntimeError):
    """The process ended or stayed silent instead of serving; the message ends with its log."""


class FakeOkx(Control):
    """A fakeokx process. Leaving its ``with`` block stops it.

    ``is_temporary`` says that the directory is nobody else's: it goes when the server does.
    ``ca`` is the certificate authority that clients have to trust, None without TLS.
    """

    ca: Path | None = None

    def __init__(
        self, command: Sequence[str], directory: Path, *, is_temporary: bool = False
    ) -> None:
        self.directory = directory
        self._is_temporary = is_temporary
        self._command = tuple(command)
        self._owner_pid = os.getpid()
        self._process = self._start(port=None)
        atexit.register(self._stop_at_exit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process still lives."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process with SIGKILL, and wait until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the process with SIGTERM, and wait until it is gone."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start again on the same directory and port, stopping it first if it still runs."""
        if self.is_running:
            self.stop()
        self._process = self._start(port=self._port)

    def _stop_at_exit(self) -> None:
        # A forked copy of the owner must not take the server down with it.
        if os.getpid() == self._owner_pid:
            self._leave()

    def _leave(self) -> None:
        self.stop()
        if self._is_temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, sig: signal.Signals) -> None:
        if self.is_running:
            self._process.send_signal(sig)
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _start(self, port: int | None) -> subprocess.Popen[bytes]:
        command = [*self._command, *(() if port is None else ("--port", str(port)))]
        with (self.directory / LOG_NAME).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 -- our own module, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=_environment(),
            )
        try:
            ready = self._ready_line(process)
        except BaseException:
            process.kill()
            process.wait()
            raise
        self.ca = Path(ready["ca"]) if "ca" in ready else None
        super().__init__(ready["url"], ca=self.ca, token=ready.get("token", ""))
        return process

    def _ready_line(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        with selectors.DefaultSelector() as ready_or_late:  # select() knows no descriptor over 1023
            ready_or_late.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if ready_or_late.select(READY_S_MAX) else b""
        if not line.startswith(b"{"):
            log = (self.directory / LOG_NAME).read_text(errors="replace")[-2000:]
            raise NotStarted(f"{' '.join(process.args)}\n{log}")  # type: ignore[arg-type]
        ready: dict[str, Any] = json.loads(line)
        if "error" in ready:
            raise NotStarted(f"{' '.join(process.args)}\n{ready['detail']}")  # type: ignore[arg-type]
        return ready


def launch(
    directory: str | os.PathLike[str] | None = None,
    *,
    port: int = 0,
    seed: int = 0,
    pos_mode: str = "net_mode",
    balance: str = "1000000",
    switches: Mapping[str, str] | None = None,
    tls: bool = False,
    keys: Sequence[str] = (),
    extra_args: Sequence[str] = (),
) -> FakeOkx:
    """Start a fakeokx process and wait until it serves; raises NotStarted.

    ``directory`` holds its ledger and outlives it; without one, a temporary one is made, which
    is removed at the end of the ``with`` block or of this process.
    ``tls`` serves https and wss; the result's ``ca`` is the file that clients have to trust.
    ``switches`` choose where sources about OKX disagree (see the README).
    ``keys`` are further API keys, each ``NAME:SECRET:PASSPHRASE[:read_only|trade[:ACCOUNT]]``.
    ``extra_args`` are further arguments of ``fakeokx serve``.
    """
    home = Path(tempfile.mkdtemp(prefix="fakeokx-") if directory is None else directory)
    home.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "fakeokx.cli",
        "serve",
        "--json",
        "--dir",
        str(home),
        "--seed",
        str(seed),
        "--pos-mode",
        pos_mode,
        "--balance",
        balance,
        *(["--tls"] if tls else []),
        *(f"--set={name}={value}" for name, value in (switches or {}).items()),
        *(["--keys", str(_key_file(home, keys))] if keys else []),
        *extra_args,
    ]
    if port:
        command += ["--port", str(port)]
    return FakeOkx(command, home, is_temporary=directory is None)


def _key_file(home: Path, keys: Sequence[str]) -> Path:
    """A file that only its owner reads: arguments are seen by everybody on the machine."""
    path = home / KEYS_NAME
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(keys))
    return path


def _environment() -> dict[str, str]:
    """This process's environment, with this very package importable in the child."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
