"""https and wss: a certificate of its own that is kept, renewed in time, and trusted by name."""

import http.client
import socket
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from fakeokx_stream_tools import Stream
from fakeokx_tools import T0

from fakeokx import Control, FakeOkx, launch
from fakeokx.process import tls
from fakeokx.process.tls import KEY_NAME, RENEWED_DAYS_BEFORE_END, VALID_DAYS, certificate

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeOkx]:
    with launch(tmp_path_factory.mktemp("tls"), tls=True) as venue:
        yield venue


def test_http_control_and_websocket_are_served_over_tls_on_one_port(secure: FakeOkx) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    assert secure.ws_url == secure.url.replace("https", "wss") + "/ws/v5"
    secure.price("BTC-USDT-SWAP", "50001")
    with Stream(secure, "public") as stream:
        stream.subscribe("tickers", instId="BTC-USDT-SWAP")
        assert stream.rows("tickers", 1)[0]["last"] == "50001"


def test_who_does_not_trust_the_authority_is_not_talked_into_it(secure: FakeOkx) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        Control(secure.url).health()


def test_the_name_is_checked(secure: FakeOkx) -> None:
    port = int(secure.url.rsplit(":", 1)[1])
    context = ssl.create_default_context(cafile=secure.ca)
    for host in ("127.0.0.1", "localhost"):
        with context.wrap_socket(_connected(port), server_hostname=host):
            pass
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        context.wrap_socket(_connected(port), server_hostname="www.okx.com")


def test_in_the_clear_nobody_is_answered(secure: FakeOkx) -> None:
    port = int(secure.url.rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/control/health")
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse()
    connection.close()


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def test_a_restart_shows_the_same_certificate(tmp_path: Path) -> None:
    with launch(tmp_path, tls=True) as venue:
        before = venue.ca.read_bytes() if venue.ca else b""
        venue.kill()
        venue.restart()
        assert venue.health(), "the old authority is still the one to trust"
        assert venue.ca is not None
        assert venue.ca.read_bytes() == before


def test_the_certificate_is_strict_enough_for_any_client(tmp_path: Path) -> None:
    made = certificate(tmp_path, "127.0.0.1", T0)
    shown = x509.load_pem_x509_certificate(made.server.read_bytes())
    authority = x509.load_pem_x509_certificate(made.ca.read_bytes())
    shown.verify_directly_issued_by(authority)
    days = (shown.not_valid_after_utc - datetime.fromtimestamp(T0 / 1000, UTC)).days
    assert days == VALID_DAYS <= 398
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1",
        "::1",
    ]
    limits = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.critical, limits.value.ca, limits.value.path_length) == (True, True, 0)
    for name in (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier, x509.KeyUsage):
        assert shown.extensions.get_extension_for_class(name)


def test_only_its_owner_reads_the_key_and_the_authoritys_is_nowhere(tmp_path: Path) -> None:
    certificate(tmp_path, "127.0.0.1", T0)
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600
    keys = [each for each in tmp_path.iterdir() if b"PRIVATE KEY" in each.read_bytes()]
    assert [each.name for each in keys] == [KEY_NAME]


def test_it_is_made_anew_for_another_address_and_before_it_ends(tmp_path: Path) -> None:
    first = certificate(tmp_path, "127.0.0.1", T0).server.read_bytes()
    still_good_ms = T0 + (VALID_DAYS - RENEWED_DAYS_BEFORE_END) * DAY_MS - 1
    assert certificate(tmp_path, "127.0.0.1", still_good_ms).server.read_bytes() == first
    assert certificate(tmp_path, "127.0.0.1", still_good_ms + 1).server.read_bytes() != first
    second = certificate(tmp_path, "127.0.0.1", T0 + 1).server.read_bytes()
    assert certificate(tmp_path, "10.1.2.3", T0 + 1).server.read_bytes() != second
    (tmp_path / KEY_NAME).unlink()
    assert certificate(tmp_path, "127.0.0.1", T0 + 1).key.exists()


@pytest.mark.parametrize("renewed", [False, True])
@pytest.mark.parametrize("written", range(3))
def test_one_that_was_made_by_halves_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int, renewed: bool
) -> None:
    """Killed between its files: what clients are told to trust has signed what the server shows."""
    at_ms = T0 + (VALID_DAYS * DAY_MS if renewed else 0)
    if renewed:
        certificate(tmp_path, "127.0.0.1", T0)
    real, left = tls._write, [written]

    def dying(*args: Any, **how: Any) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(*args, **how)

    with monkeypatch.context() as killed:
        killed.setattr(tls, "_write", dying)
        with pytest.raises(KeyboardInterrupt):
            certificate(tmp_path, "127.0.0.1", at_ms)
    found = certificate(tmp_path, "127.0.0.1", at_ms)
    shown, ca = (x509.load_pem_x509_certificate(p.read_bytes()) for p in (found.server, found.ca))
    shown.verify_directly_issued_by(ca)
    found.context()
