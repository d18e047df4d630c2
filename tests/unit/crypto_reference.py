"""The calls of module _crypto in plain Python, from the documents alone: what tests compare with.

RFC 8439 (ChaCha20, Poly1305), draft-irtf-cfrg-xchacha-03 (HChaCha20, the longer nonce), RFC 7693
(BLAKE2b, of hashlib).  Slow, not constant in time: for tests.  Ed25519 is the package
cryptography's: another implementation than the box's.
"""

import hashlib
import secrets
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TAG = 16


def rotated(word, bits):
    return (word << bits | word >> (32 - bits)) & 0xFFFFFFFF


def quarter(s, a, b, c, d):
    for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        s[z] = rotated(s[z] ^ s[x], bits)


def rounds(state):
    s = list(state)
    for _ in range(10):
        for i in range(4):
            quarter(s, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return s


def start(key, last):
    return list(struct.unpack("<12I", b"expand 32-byte k" + key)) + list(
        struct.unpack("<4I", last)
    )


def hchacha20(key, nonce):
    s = rounds(start(key, nonce))
    return struct.pack("<8I", *(s[:4] + s[12:]))


def chacha20(key, nonce, counter, data):
    out = bytearray()
    for at in range(0, len(data), 64):
        state = start(key, struct.pack("<I", counter + at // 64) + nonce)
        words = zip(state, rounds(state), strict=True)
        block = struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in words))
        out += bytes(x ^ y for x, y in zip(data[at : at + 64], block, strict=False))
    return bytes(out)


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        block = int.from_bytes(data[at : at + 16] + b"\1", "little")
        total = (total + block) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) % (1 << 128)).to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def tag(key, nonce, associated, sealed):
    lengths = struct.pack("<QQ", len(associated), len(sealed))
    once = chacha20(key, nonce, 0, bytes(64))[:32]
    return poly1305(once, padded(associated) + padded(sealed) + lengths)


def inner(key, nonce):
    """The key and nonce of RFC 8439 that a key and a nonce of 24 octets stand for."""
    if len(key) != 32 or len(nonce) != 24:
        raise ValueError("a key has 32 octets, a nonce 24")
    return hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]


def seal(key, nonce, associated, plain):
    key, nonce = inner(key, nonce)
    sealed = chacha20(key, nonce, 1, plain)
    return sealed + tag(key, nonce, associated, sealed)


def open(key, nonce, associated, sealed):
    key, nonce = inner(key, nonce)
    body = sealed[:-TAG]
    if len(sealed) < TAG or tag(key, nonce, associated, body) != sealed[-TAG:]:
        raise ValueError("not what was sealed")
    return chacha20(key, nonce, 1, body)


def random(n):
    return secrets.token_bytes(n)


def same(a, b):
    return secrets.compare_digest(bytes(a), bytes(b))


def derive(key, purpose):
    return hashlib.blake2b(purpose, key=key, digest_size=32).digest()


def hash512(data):
    return hashlib.blake2b(data, digest_size=64).digest()


def verify(public, signature, data):
    if len(public) != 32 or len(signature) != 64:
        raise ValueError("a public key has 32 octets, a signature 64")
    try:
        Ed25519PublicKey.from_public_bytes(bytes(public)).verify(bytes(signature), bytes(data))
    except InvalidSignature:
        return False
    return True
