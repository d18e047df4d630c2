"""A self-made certificate for the origin's TLS, and its fingerprint."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

from restante_tools.lab.dovecot import Certificate
from restante_tools.lab.image import tool
from restante_tools.lab.network import ORIGIN_NAME

DAYS = 2  # of validity: no longer than any test run


def make(folder: Path) -> Certificate:
    """A new key and a certificate signed by itself."""
    chain, key = folder / "origin.pem", folder / "origin.key"
    tool(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-days", str(DAYS), "-subj", f"/CN={ORIGIN_NAME}"]
        + ["-keyout", str(key), "-out", str(chain)]
    )
    return Certificate(chain, key)


def fingerprint(certificate: Certificate) -> str:
    """SHA-256 of the certificate as it goes over the line."""
    text = certificate.chain.read_text(encoding="ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()
