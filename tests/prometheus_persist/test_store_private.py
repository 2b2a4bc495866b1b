"""S11: no secret of the host ever reaches a file, whichever way it tries.

Secrets are planted where a host has them: in the environment, in a ccxt client, in settings, in
the answers of an exchange that repeats in its error texts everything it was sent, and in agents
that carry such objects. Then a whole life is lived, with failures and their tracebacks, and every
byte under the directory is looked at, as it stands and unpacked.
"""

from __future__ import annotations

import base64
import http.server
import io
import json
import threading
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from storekit import START_MS, Ids, StillClock

from prometheus_persist.errors import PersistError
from prometheus_persist.exchange import OkxSettings, connect, okx_client
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.session import Session
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs

pytest.importorskip("ccxt")

SECRETS = {
    "OKX_API_KEY": "k3y-PLANTED-5f1d0c7a",
    "OKX_API_SECRET": "s3cret-PLANTED-9b7e22d4",
    "OKX_API_PASSPHRASE": "p4ss-PLANTED-c0ffee11",
}
BY_HEART = "PLANTED"


class Echo(http.server.BaseHTTPRequestHandler):
    """An exchange that tells the time, and puts all it was sent into its error text."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        sent = dict(self.headers.items())
        self.asked.append(str(sent))
        refused = not self.path.startswith("/api/v5/public/")
        told = {"code": "0", "msg": "", "data": [{"ts": str(START_MS)}]}
        if refused:
            told = {"code": "50113", "msg": f"Invalid Sign {sent} {self.path}", "data": []}
        self.send_response(401 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    do_POST = do_GET  # noqa: N815 the names that http.server asks for

    def log_message(self, *_args: Any) -> None:
        """Silent."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def every_byte(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file, and every member of every archive."""
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()
            if path.suffix == ".zip":
                with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
                    for name in archive.namelist():
                        yield f"{path}!{name}", archive.read(name)


def leaks(root: Path) -> list[str]:
    """Where a secret lies, in clear, in base64 at any of its three alignments, or in a name."""
    forms = {BY_HEART.encode()}
    for secret in SECRETS.values():
        forms |= {base64.b64encode(b"x" * lead + secret.encode())[4:16] for lead in (0, 1, 2)}
        forms |= {secret.encode().hex().encode(), secret[::-1].encode()}
    found = [name for name, data in every_byte(root) if any(form in data for form in forms)]
    return found + [str(path) for path in root.rglob("*") if BY_HEART in path.name]


class Host:
    """What a trading system may carry about."""

    def __init__(self, client: Any) -> None:
        self.client, self.api_key = client, SECRETS["OKX_API_KEY"]


def test_private_a_whole_life_leaves_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, echo: str
) -> None:
    """Environment, client, settings, refusals of the exchange, agents with objects, crashes,
    snapshots, repair: nothing of it is in a file, nor in what the reports say."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = OkxSettings(*SECRETS.values(), url=echo)
    reader = connect(settings)
    root, said = tmp_path / "store", [repr(settings), repr(reader)]
    clock = StillClock(START_MS)
    session = Session.open(root, clock=clock, ids=Ids())
    session.add_agent(Agent(agent_id="A1", gene={"alpha": 0.5}))
    facts = session.recover(reader)
    assert facts.decision not in ("go", "go_restricted")
    assert facts.venue_problem or facts.plan is not None
    said.append(repr(facts))
    client = okx_client(echo, *SECRETS.values(), sandbox=False, timeout_ms=10_000)
    host = Host(client)
    for value in (host, client, reader, settings, host.__dict__):
        try:
            session.state.agents["A1"] = Agent.model_validate({"agent_id": "A1", "host": value})
            session.save("with an object")
        except (PersistError, ValueError) as problem:
            said.append(
                "".join(traceback.format_exception(problem)[-1:]).partition("input_value")[0]
            )
        session.state.agents["A1"] = Agent(agent_id="A1")
        session.save("without it")
    session.checkpoint()
    session.snapshot()
    session.close()
    segment = next(iter((root / "mirror").iterdir()))
    segment.write_bytes(segment.read_bytes()[:-30])
    repair(LocalFs(root), clock)
    session = Session.open(root, clock=clock, ids=Ids())
    said.append(repr(session.recover(reader)))
    session.close()
    said.append(repr(verify(LocalFs(root), clock=clock).facts))
    assert restore(LocalFs(root), clock=clock).documents["agents/A1"]["agent_id"] == "A1"
    assert any(SECRETS["OKX_API_PASSPHRASE"] in sent for sent in Echo.asked)
    assert "unread" in (root / "recovery_log.txt").read_text() or facts.venue_problem
    assert len(list(every_byte(root))) > 12
    assert leaks(root) == []
    assert [text for text in said if BY_HEART in text] == []


def test_private_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    """In clear, packed, encoded, in a name: else the test above would prove nothing."""
    secret = SECRETS["OKX_API_SECRET"].encode()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.json", b"{" + secret * 3 + b"}")
    (tmp_path / "b.log").write_bytes(b"x " + base64.b64encode(b"12" + secret))
    (tmp_path / f"c{BY_HEART}").touch()
    (tmp_path / "d").write_bytes(secret.hex().encode())
    (tmp_path / "e").write_bytes(b"nothing")
    names = {Path(name.partition("!")[0]).name for name in leaks(tmp_path)}
    assert names == {"a.zip", "b.log", f"c{BY_HEART}", "d"}
