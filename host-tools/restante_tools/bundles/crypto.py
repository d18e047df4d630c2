"""What restante.update needs of cryptography, on the host; the box has module _crypto."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def hash512(data: bytes) -> bytes:
    """BLAKE2b-512, RFC 7693."""
    return hashlib.blake2b(data, digest_size=64).digest()


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Ed25519, RFC 8032."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes(public)).verify(bytes(signature), bytes(data))
    except (InvalidSignature, ValueError):
        return False
    return True
