"""Run a runtime on a port until somebody says stop: HTTP and WebSocket, in the clear or over TLS.

The socket is bound here, so that a port in use is a clear error and port 0 is known before
the first request. SIGTERM and SIGINT end it at once: nothing is left to save, since every answer
was preceded by its line in the ledger.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from uvicorn.server import ServerState

from fakeokx.process.http import AbortableProtocol, application
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.ws.hub import Hub
from fakeokx.ws.sockets import Socket

if TYPE_CHECKING:
    from fakeokx.process.tls import Certificate

BACKLOG: Final = 512


class PortInUse(OSError):
    """Somebody else listens there. Choose another port, or 0 for any free one."""

    exit_code = 2


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self.ended_by = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and end well; uvicorn's own would raise the signal once more."""
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sig, self._end, sig)
        yield

    def _end(self, sig: signal.Signals) -> None:
        self.ended_by = self.ended_by or sig
        self.handle_exit(sig, None)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; raises PortInUse."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUse(f"cannot listen on {host}:{port} ({error.strerror})") from error
    listener.listen(BACKLOG)
    return listener


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Not how uvicorn counts what it leaves: no task has anything to save."""
    return "graceful shutdown exceeded" not in record.msg


def serve(
    runtime: ExchangeRuntime,
    listener: socket.socket,
    ready: Callable[[], None],
    certificate: "Certificate | None" = None,
) -> int:
    """Answer until a signal comes, and return it; ``ready`` is called once requests are taken."""
    hub = Hub(runtime)
    runtime.streams = hub
    logging.getLogger("uvicorn.error").addFilter(_worth_a_line)

    scheme = "http" if certificate is None else "https"

    def web_socket(
        config: uvicorn.Config,  # noqa: ARG001 -- uvicorn's call
        server_state: ServerState,
        app_state: dict[str, object],  # noqa: ARG001 -- uvicorn's call
    ) -> Socket:
        return Socket(hub.accept, server_state, runtime.access, scheme)

    config = uvicorn.Config(
        application(runtime),
        http=AbortableProtocol,
        ws=web_socket,  # type: ignore[arg-type]  # a class or anything that makes one
        loop="auto",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=0,
        timeout_keep_alive=3600,
        proxy_headers=False,
        ssl_certfile=None if certificate is None else str(certificate.server),
        ssl_context_factory=None if certificate is None else lambda *_: certificate.context(),
    )
    server = _Server(config, ready)
    with closing(asyncio.Runner(loop_factory=config.get_loop_factory())) as runner:
        with _undisturbed():  # a loop that is dropped half made says so on stderr
            runner.get_loop()
        runner.run(server.serve([listener]))
    return server.ended_by


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal that comes within the block is heard behind it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
