"""A certificate authority of its own, for https and wss on the local machine.

``certificate`` keeps three files in a directory: ``ca.pem``, which clients are told to trust,
``server.pem`` with the server's certificate, and its key. They are made once and used again
after a restart, so that a client that was told once need not be told again; when they are about
to end they are made anew. The certificate comes last: killed before it, all three are made again.

The authority's own key is forgotten as soon as it has signed that one certificate: trusting
``ca.pem`` means trusting this server and nothing else that could ever be made. It is good for
127.0.0.1, ::1, localhost and the address it listens on.
"""

import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_NAME: Final = "ca.pem"
SERVER_NAME: Final = "server.pem"
KEY_NAME: Final = "server.key"
VALID_DAYS: Final = 397
RENEWED_DAYS_BEFORE_END: Final = 30
_BACKDATED: Final = timedelta(days=1)
_LOCAL: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of what the server shows, its key, and what clients have to trust."""

    ca: Path
    server: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """For the server's side; there is no HTTP/2 to choose."""
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.minimum_version = ssl.TLSVersion.TLSv1_2
        found.load_cert_chain(self.server, self.key)
        return found


def certificate(directory: Path, host: str, now_ms: int) -> Certificate:
    """The certificate for a server on that address, made if there is none that still holds."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    directory.mkdir(parents=True, exist_ok=True)
    found = Certificate(*(directory / name for name in (CA_NAME, SERVER_NAME, KEY_NAME)))
    names = tuple(dict.fromkeys((*_LOCAL, host)))
    if not _holds(found, names, now):
        _make(found, names, now)
    return found


def _holds(found: Certificate, names: tuple[str, ...], now: datetime) -> bool:
    if not all(path.exists() for path in (found.ca, found.server, found.key)):
        return False
    shown = x509.load_pem_x509_certificate(found.server.read_bytes())
    alternatives = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    has_names = set(_alternatives(names)) <= set(alternatives.value)
    return has_names and now < shown.not_valid_after_utc - timedelta(days=RENEWED_DAYS_BEFORE_END)


def _make(found: Certificate, names: tuple[str, ...], now: datetime) -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("fakeokx test CA")
    authority = (
        _begun(ca_name, ca_name, ca_key, ca_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    shown = (
        _begun(_name("fakeokx"), ca_name, key, ca_key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write(found.key, _pem_of(key), mode=0o600)
    _write(found.ca, authority.public_bytes(serialization.Encoding.PEM))
    _write(found.server, shown.public_bytes(serialization.Encoding.PEM))


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.CertificateBuilder:
    public, of_issuer = key.public_key(), issuer_key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(of_issuer), critical=False
        )
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(names: tuple[str, ...]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file whole, so that no reader ever sees half of one."""
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(data)
    half.replace(path)
