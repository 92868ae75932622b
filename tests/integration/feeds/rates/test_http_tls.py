"""TLS to a host of rates: its certificate is one that this machine trusts, and no redirect leads away from TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.feeds.rates.hosts import Reply, serving
from tests.integration.test_tls import PEM, Authority, certificate
from totelake.errors import SourceError
from totelake.feeds.rates.http_client import HttpClient

pytestmark = pytest.mark.integration


def context(folder: Path, authority: Authority, name: str) -> ssl.SSLContext:
    """A server's side, with a certificate of the authority for that name."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    shown = certificate(name, "rates", key, authority.key, names).public_bytes(PEM)
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(shown + private)
    (folder / "authority.pem").write_bytes(authority.pem())
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(folder / "server.pem")
    return found


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts."""
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    return Authority.new("rates")


def test_a_host_with_a_trusted_certificate_is_believed(tmp_path: Path, authority: Authority) -> None:
    with serving(Reply(b"[1]"), tls=context(tmp_path, authority, "localhost")) as host:
        assert HttpClient().json(host.url) == [1]


@pytest.mark.parametrize("is_trusted", [False, True], ids=["of a stranger", "for another name"])
def test_any_other_certificate_ends_it_at_once(
    tmp_path: Path, authority: Authority, is_trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_trusted:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    name = "example.org" if is_trusted else "localhost"
    with serving(Reply(b"[1]"), tls=context(tmp_path, authority, name)) as host:
        with pytest.raises(SourceError, match="has a certificate that this machine does not trust; correct the host"):
            HttpClient().json(host.url)
        assert host.asked == []


def test_no_redirect_leads_from_tls_to_a_host_without(tmp_path: Path, authority: Authority) -> None:
    with serving(Reply(b"[1]")) as plain:
        away = Reply(status=302, headers={"Location": plain.url})
        tls = context(tmp_path, authority, "localhost")
        with serving(away, tls=tls) as host, pytest.raises(SourceError, match="not protected by TLS"):
            HttpClient().json(host.url)
        assert plain.asked == []
