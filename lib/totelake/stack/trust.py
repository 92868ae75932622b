"""The certificate authorities of the environment as a Java trust store: a Java from PyPI knows only its own."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from totelake.errors import ConfigurationError

_PASSWORD = b"changeit"  # Java's own default: what is in the store is public


def trust_options(folder: Path) -> list[str]:
    """Java's options to trust what SSL_CERT_FILE names, by a store written into the folder; none when it is not set.

    Raises ConfigurationError when the file it names cannot be read.
    """
    bundle = os.environ.get("SSL_CERT_FILE")
    if not bundle:
        return []
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509 import load_pem_x509_certificates

    try:
        with warnings.catch_warnings():
            # old authorities with odd serial numbers are in every bundle
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            found = load_pem_x509_certificates(Path(bundle).read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"SSL_CERT_FILE names {bundle}, which cannot be read as PEM ({error}); correct or unset it"
        ) from error
    entries = [pkcs12.PKCS12Certificate(item, f"ca-{place}".encode()) for place, item in enumerate(found)]
    store = folder / "trust.p12"
    store.write_bytes(pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(_PASSWORD)))
    return [
        f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        f"-Djavax.net.ssl.trustStorePassword={_PASSWORD.decode()}",
    ]
