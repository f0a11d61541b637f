"""A certificate authority of the tests' own, and servers' certificates from it, good and bad."""

from __future__ import annotations

import datetime as dt
import ssl
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Signs certificates. Its own one lies in `file`, for `SSL_CERT_FILE`."""

    folder: Path
    name: str = "An authority"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def file(self) -> Path:
        """Where its certificate lies, written when first asked for."""
        path = self.folder / "authority.pem"
        if not path.exists():
            extensions: list[x509.ExtensionType] = [x509.BasicConstraints(ca=True, path_length=0)]
            signed = self._sign(self.name, self.key.public_key(), extensions, until=DAY)
            path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return path

    def server(
        self, host: str = "localhost", *, since: dt.timedelta = -DAY, until: dt.timedelta = DAY
    ) -> ssl.SSLContext:
        """Make the server's side of TLS for a host, its certificate good from `since` to `until` (from now)."""
        return tls_of(self._certify(host, ec.generate_private_key(ec.SECP256R1()), since=since, until=until))

    def itself(self) -> Path:
        """Write its key, and a server's certificate for its own name that it signed with it, into one file."""
        return self._certify(self.name, self.key, until=DAY)

    def old_server(self) -> ssl.SSLContext:
        """Make a server that speaks nothing newer than TLS 1.1."""
        context = self.server()
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context

    def _certify(
        self, host: str, key: ec.EllipticCurvePrivateKey, *, since: dt.timedelta = -DAY, until: dt.timedelta
    ) -> Path:
        extensions: list[x509.ExtensionType] = [x509.SubjectAlternativeName([x509.DNSName(host)])]
        signed = self._sign(host, key.public_key(), extensions, since=since, until=until)
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        path = self.folder / "server.pem"
        path.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, *form) + signed.public_bytes(serialization.Encoding.PEM)
        )
        return path

    def _sign(
        self,
        subject: str,
        key: ec.EllipticCurvePublicKey,
        extensions: list[x509.ExtensionType],
        *,
        since: dt.timedelta = -DAY,
        until: dt.timedelta,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(subject))
            .issuer_name(_named(self.name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + since)
            .not_valid_after(now + until)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())


def self_signed(folder: Path) -> Path:
    """Write a key and a certificate for localhost that has signed itself into one file."""
    return Authority(folder=folder, name="localhost").itself()


def tls_of(certificate: Path) -> ssl.SSLContext:
    """Make the server's side of TLS from a file with a key and its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
