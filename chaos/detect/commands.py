"""The steps of a report as commands, run as printed by a shell.

The store lies on disk, the exchange of the world answers behind a port, at the machine's time, and
the keys stand in the environment, as for a person. Between two commands the trader starts as it
always does (a session of its own process, which lets go again): what its report names is what is
run next, and what its gate lets pass is what counts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, TypeVar

from chaos.detect.live import Inside, Told, trades
from chaos.detect.restart import Restart, stored
from chaos.detect.world import SETTINGS, World
from prometheus_persist.clock import SystemClock
from prometheus_persist.exchange import OkxReader
from prometheus_persist.exchange.okx.client import okx_client
from prometheus_persist.session import Session

Value = TypeVar("Value")
TIMEOUT_S: Final = 300  # a busy machine is no dead end
UNDERSTOOD: Final = (0, 3, 5)
"""Consistent or corrected, a human has to decide, the exchange could not be read in full."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person works: a directory with the store in it, and the exchange's address."""

    directory: Path
    url: str

    @property
    def store(self) -> Path:
        """The store's directory."""
        return self.directory / "store"


@contextlib.contextmanager
def on_disk(world: World) -> Iterator[Place]:
    """The world's books in a store on disk, and its exchange behind a port."""
    directory = Path(tempfile.mkdtemp(prefix="chaos-ways-"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _front(world))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        place = Place(directory, f"http://127.0.0.1:{server.server_port}")
        world.venue.live(SystemClock().now_ms)
        stored(world, place.store)
        yield place
    finally:
        server.shutdown()
        server.server_close()
        shutil.rmtree(directory, ignore_errors=True)


def _front(world: World) -> type[BaseHTTPRequestHandler]:
    """What answers requests with the world's exchange, one at a time."""
    turn = threading.Lock()

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together: no waiting for an acknowledgement

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with turn:
                world.venue.wake()
                status, text = world.venue.answer(
                    self.command, self.path, dict(self.headers.items()), body
                )
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _do  # noqa: N815 what the server calls

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Front


@dataclass(slots=True)
class CommandLine:
    """Hands that type."""

    world: World
    place: Place
    _shut: list[str] = field(default_factory=list)
    _wrong: list[str] = field(default_factory=list)

    def start(self) -> Told:
        """The trader's own start, and what its gate then lets pass."""

        def look(restart: Restart) -> Told:
            hands = Inside(restart)
            told = hands.start()
            self._shut, self._wrong = hands.shut(), hands.wrong()
            return told

        return self._opened(look)

    def wait(self) -> None:
        """Everything is there at once."""

    def shut(self) -> list[str]:
        """As of the last start."""
        return self._shut

    def wrong(self) -> list[str]:
        """As of the last start."""
        return self._wrong

    def trades(self, inst_ids: list[str]) -> str:
        """What goes wrong with an order on each of them, or ""."""

        def act(restart: Restart) -> str:
            restart.recover()
            return trades(restart, inst_ids)

        return self._opened(act)

    def carry_out(self, command: str) -> Told | None:
        """Run it as it was printed."""
        key = self.world.venue.key
        program = str(Path(sys.executable).parent)
        told = subprocess.run(  # noqa: S602 the point is that it can be pasted
            command,
            shell=True,
            cwd=self.place.directory,
            env={
                **os.environ,
                "PATH": f"{program}{os.pathsep}{os.environ.get('PATH', '')}",
                "OKX_API_KEY": key.name,
                "OKX_API_SECRET": key.secret,
                "OKX_API_PASSPHRASE": key.passphrase,
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        said = (told.stderr or told.stdout).strip()[-600:]
        assert told.returncode in UNDERSTOOD, f"exit {told.returncode}: {said}"
        return None

    def _opened(self, act: Callable[[Restart], Value]) -> Value:
        key, venue = self.world.venue.key, self.world.venue
        client = okx_client(
            self.place.url, key.name, key.secret, key.passphrase, venue.demo, TIMEOUT_S * 1000
        )
        reader = OkxReader(client)
        session = Session.open(self.place.store, settings=SETTINGS)
        try:
            return act(Restart(self.world, session, None, reader))
        finally:
            session.close(save=False)
