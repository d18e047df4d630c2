"""The file of roots: certificates of public CAs for the box's TLS client, from Debian's package.

Its layout is owned by firmware/native/tls/roots.h; a test reads what is written here with it.
"""

from __future__ import annotations

import hashlib
import ssl
import struct
import warnings
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from restante_tools.errors import ToolError

PACKAGE = "ca-certificates"
FOLDER = "usr/share/ca-certificates/mozilla"
MAGIC = b"RSTROOTS"
ROW = struct.Struct("<8sII")


def roots_of(tree: Path) -> bytes:
    """The file, from the package's unpacked tree."""
    files = sorted((tree / FOLDER).glob("*.crt"))
    if not files:
        raise ToolError(
            f"{PACKAGE} has no certificates in {FOLDER}",
            "Debian changed the layout of the package",
            "look into the package with dpkg-deb --contents",
        )
    return packed(ssl.PEM_cert_to_DER_cert(file.read_text(encoding="ascii")) for file in files)


def write(tree: Path, target: Path) -> Path:
    """Write the file, made of the package's tree, to `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(roots_of(tree))
    return target


def packed(certificates: Iterable[bytes]) -> bytes:
    """The file of these certificates (DER)."""
    rows = sorted((key_of(der), without_signature(der)) for der in certificates)
    at = len(MAGIC) + 4 + ROW.size * len(rows)
    head, body = [MAGIC, struct.pack("<I", len(rows))], []
    for key, der in rows:
        head.append(ROW.pack(key, at, len(der)))
        body.append(der)
        at += len(der)
    return b"".join([*head, *body])


def key_of(der: bytes) -> bytes:
    """By what a certificate is found: the begin of the SHA-256 of its subject."""
    subject = loaded(der).subject.public_bytes()
    return hashlib.sha256(subject).digest()[:8]


def without_signature(der: bytes) -> bytes:
    """The same certificate with zeros for its signature, which cannot be packed smaller.

    A root's is its own: it proves nothing, and nobody looks at it.
    """
    signature = loaded(der).signature
    at = der.rindex(signature)
    return der[:at] + bytes(len(signature)) + der[at + len(signature) :]


def loaded(der: bytes) -> x509.Certificate:
    """Some old root has a serial number that is not allowed any more, and is still a root."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_der_x509_certificate(der)
