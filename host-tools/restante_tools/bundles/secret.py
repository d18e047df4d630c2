"""Secret keys in minisign's own file format, so that the stock tool can sign with them too.

158 octets in base64: `Ed`, `Sc` (scrypt) or two zeros, `B2`, salt 32, operations 8, memory 8, then
key id 8, secret key 64, check 32; the last three are covered with scrypt's output. Rule: a secret
key is written to a file that only its owner may read, and never replaces another one.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import secrets
import struct
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from restante.update.signature import Signature, check_comment, public_line, shown

from restante_tools.bundles.crypto import hash512
from restante_tools.errors import VERIFICATION_FAILED, ToolError

ALGORITHM = b"Ed"
SCRYPT = b"Sc"
NO_PASSWORD = b"\0\0"
CHECK = b"B2"
LAYOUT = "<2s2s2s32sQQ104s"
OCTETS = 158
# minisign's own are 2^25 and 2^30 (1 GiB, three seconds). An eighth of it: 128 MiB.
OPERATIONS = 1 << 22
MEMORY = 1 << 27
MEMORY_LIMIT = 1 << 31
BLOCK_SIZE = 8  # scrypt's r, as libsodium chooses it
FILE_OCTETS = 4096
COMMENT = b"untrusted comment: "


@dataclass(frozen=True)
class SecretKey:
    """`seed`, `public`: 32 octets each; `id`: 8."""

    id: bytes
    seed: bytes
    public: bytes

    @property
    def name(self) -> str:
        """As minisign prints it."""
        return str(shown(self.id))

    @property
    def public_line(self) -> str:
        """`RW...`"""
        return str(public_line(self.id, self.public))

    def sign(self, data: bytes, comment: bytes) -> Signature:
        """As `minisign -S` does, prehashed."""
        check_comment(comment)
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        first = key.sign(hash512(data))
        return Signature(self.id, first, key.sign(first + comment), comment)


def create() -> SecretKey:
    """A new one."""
    return from_seed(secrets.token_bytes(8), secrets.token_bytes(32))


def from_seed(key_id: bytes, seed: bytes) -> SecretKey:
    """The key of a seed."""
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return SecretKey(key_id, seed, public)


def scrypt_parameters(operations: int, memory: int) -> tuple[int, int]:
    """N and p that libsodium derives from its two limits; r is always 8."""
    operations = max(operations, 32768)
    if operations < memory // 32:
        most, p = operations // (BLOCK_SIZE * 4), 1
        n = 1
        while (1 << n) <= most // 2:
            n += 1
        return 1 << n, p
    most = memory // (BLOCK_SIZE * 128)
    n = 1
    while (1 << n) <= most // 2:
        n += 1
    return 1 << n, max(1, min(operations // 4 >> n, 0x3FFFFFFF) // BLOCK_SIZE)


def cover(password: str, salt: bytes, operations: int, memory: int) -> bytes:
    """What the secret part is XORed with."""
    if memory > MEMORY_LIMIT or operations > MEMORY_LIMIT:
        raise damaged("it asks for more memory than 2 GiB")
    n, p = scrypt_parameters(operations, memory)
    room = 128 * BLOCK_SIZE * (n + p + 2) + (1 << 20)
    return hashlib.scrypt(
        password.encode(), salt=salt, n=n, r=BLOCK_SIZE, p=p, maxmem=room, dklen=104
    )


def checked(key: SecretKey) -> bytes:
    """Id, secret key and check."""
    whole = key.id + key.seed + key.public
    return whole + hashlib.blake2b(ALGORITHM + whole, digest_size=32).digest()


def write(key: SecretKey, path: Path, password: str | None) -> None:
    """Both files: `path`, and the public one beside it."""
    secret = checked(key)
    salt, kind, operations, memory = bytes(32), NO_PASSWORD, 0, 0
    if password is not None:
        salt, kind, operations, memory = secrets.token_bytes(32), SCRYPT, OPERATIONS, MEMORY
        stream = cover(password, salt, operations, memory)
        secret = bytes(a ^ b for a, b in zip(secret, stream, strict=True))
    data = struct.pack(LAYOUT, ALGORITHM, kind, CHECK, salt, operations, memory, secret)
    text = (
        COMMENT + b"minisign secret key " + key.name.encode() + b"\n" + binascii.b2a_base64(data)
    )
    new_file(path, text, 0o600)
    line = f"untrusted comment: minisign public key {key.name}\n{key.public_line}\n"
    new_file(path.with_suffix(".pub"), line.encode(), 0o644)


def new_file(path: Path, data: bytes, mode: int) -> None:
    """A file that was not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise ToolError(
            f"{path} is there already",
            "keys are never overwritten",
            "choose another name or folder",
        ) from error


def damaged(why: str) -> ToolError:
    """A file that is no secret key, or a wrong password."""
    return ToolError(
        f"the secret key cannot be used: {why}",
        "another file, a damaged one, or a wrong password",
        "try again; minisign can read the same file",
        VERIFICATION_FAILED,
    )


def is_covered(data: bytes) -> bool:
    """Whether a password is needed."""
    return unpacked(data)[1] == SCRYPT


def unpacked(data: bytes) -> tuple[bytes, bytes, bytes, bytes, int, int, bytes]:
    """The fields of a secret key file."""
    rows = data.split(b"\n")
    if len(data) > FILE_OCTETS or len(rows) < 2 or not rows[0].startswith(COMMENT):
        raise damaged("not a file that minisign wrote")
    try:
        octets = binascii.a2b_base64(rows[1], strict_mode=True)
    except ValueError as error:
        raise damaged("not base64") from error
    if len(octets) != OCTETS:
        raise damaged("another length than minisign's")
    fields = struct.unpack(LAYOUT, octets)
    if fields[0] != ALGORITHM or fields[2] != CHECK or fields[1] not in (SCRYPT, NO_PASSWORD):
        raise damaged("an algorithm that is not known")
    return fields


def read(data: bytes, password: str | None) -> SecretKey:
    """The key in a file's octets."""
    _, kind, _, salt, operations, memory, secret = unpacked(data)
    if kind == SCRYPT:
        if password is None:
            raise damaged("it needs a password")
        stream = cover(password, salt, operations, memory)
        secret = bytes(a ^ b for a, b in zip(secret, stream, strict=True))
    key = from_seed(secret[:8], secret[8:40])
    # minisign leaves the check of a key without a password empty.
    checks = (checked(key), checked(key)[:72] + bytes(32) if kind == NO_PASSWORD else b"")
    if secret not in checks:
        raise damaged("its check does not fit")
    return key
