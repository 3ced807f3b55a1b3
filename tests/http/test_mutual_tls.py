"""Mutual TLS to an ERP: by files, read again when they change, with authorities that are made here."""

import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.config.networks import LOOPBACK
from app.config.tls import TlsFiles
from app.errors import Retry
from app.http.door import Door
from app.http.reaching import reach
from app.http.ways import Way
from tests.http.conftest import to
from tests.http.wire import Wire, wire_server


class Authority:
    """It signs certificates for 127.0.0.1."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem(self._signed(self._name, self._key.public_key(), ca=True)))

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, secret = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(_pem(self._signed(subject, key.public_key(), ca=False)))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, secret

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "the-erp")


@pytest.fixture
async def erp(authority: Authority) -> AsyncIterator[Wire]:
    """It wants a certificate of its own authority from whoever connects."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    context.load_cert_chain(*authority.issue("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    async with wire_server(context) as running:
        yield running


def way(**files: Path) -> Way:
    return Way(LOOPBACK, TlsFiles(**files), section="erp", address_setting="erp.callback_url")


def with_certificate(authority: Authority, pair: tuple[Path, Path]) -> Way:
    return way(ca_file=authority.file, client_certificate=pair[0], client_key=pair[1])


async def test_the_erp_sees_our_certificate(door: Door, erp: Wire, authority: Authority) -> None:
    shown = with_certificate(authority, authority.issue("bridge"))
    assert (await door.send(replace(to(f"{erp.url}/ok"), way=shown))).text == "ok"
    assert "can be reached" in await reach(erp.url, shown)


async def test_without_a_certificate_such_an_erp_answers_nothing(
    door: Door, erp: Wire, authority: Authority
) -> None:
    with pytest.raises(Retry):
        await door.send(replace(to(f"{erp.url}/ok"), way=way(ca_file=authority.file)))
    assert erp.requests == []


async def test_a_certificate_of_another_authority_is_not_taken(
    door: Door, erp: Wire, authority: Authority, tmp_path: Path
) -> None:
    strange = Authority(tmp_path, "another").issue("stranger")
    with pytest.raises(Retry):
        await door.send(replace(to(f"{erp.url}/ok"), way=with_certificate(authority, strange)))
    assert erp.requests == []


@pytest.mark.parametrize("known_by", ["the system's", "another's"])
async def test_an_erp_of_an_authority_that_is_not_named_is_refused(
    door: Door, erp: Wire, authority: Authority, tmp_path: Path, known_by: str
) -> None:
    files = dict(zip(("client_certificate", "client_key"), authority.issue("bridge"), strict=True))
    if known_by == "another's":
        files["ca_file"] = Authority(tmp_path, "another").file
    with pytest.raises(Retry, match="TLS: its certificate is not trusted"):
        await door.send(replace(to(f"{erp.url}/ok"), way=way(**files)))
    assert erp.requests == []


async def test_a_certificate_is_never_shown_to_another_way(
    door: Door, erp: Wire, authority: Authority
) -> None:
    """Neither VTEX nor another connection's ERP gets a connection that showed it."""
    shown = with_certificate(authority, authority.issue("bridge"))
    await door.send(replace(to(f"{erp.url}/ok"), way=shown))
    with pytest.raises(Retry):
        await door.send(replace(to(f"{erp.url}/ok"), way=way(ca_file=authority.file)))
    assert len(erp.requests) == 1


async def test_a_certificate_that_was_rotated_is_shown_without_a_restart(
    erp: Wire, authority: Authority, tmp_path: Path
) -> None:
    door = Door(life_seconds=0)
    pair = Authority(tmp_path, "another").issue("bridge")
    shown = with_certificate(authority, pair)
    with pytest.raises(Retry):
        await door.send(replace(to(f"{erp.url}/ok"), way=shown))
    authority.issue("bridge")
    assert (await door.send(replace(to(f"{erp.url}/ok"), way=shown))).text == "ok"
    pair[1].write_text("no key at all")
    with pytest.raises(Retry, match=r"erp\.client_certificate: it and client_key are no pair"):
        await door.send(replace(to(f"{erp.url}/ok"), way=shown))
    pair[1].unlink()
    with pytest.raises(Retry, match=r"bridge\.key: No such file"):
        await door.send(replace(to(f"{erp.url}/ok"), way=shown))
    await door.close()


def test_a_key_with_a_password_is_refused_and_nobody_asked_for_it(authority: Authority) -> None:
    certificate, key = authority.issue("bridge")
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(os.urandom(8).hex().encode()),
        )
    )
    files = TlsFiles(client_certificate=certificate, client_key=key)
    with pytest.raises(ValueError, match="or the key has a password"):
        files.context(ssl.create_default_context)
