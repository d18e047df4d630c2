"""The encrypted data partition from outside the box: made before a start, opened after one.

Rule: another machine's AES and the record that lies on the disk, nothing of the box's kernel. The
layout of the record and the derivation of keys are the firmware's own code.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from restante.box import keys as firmware_keys
from restante.box import mapper, places

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.lab.gpt import SECTOR, partition

keys: Any = firmware_keys  # the box's Python carries no types
BLOCK = mapper.CRYPT_OCTETS
NEVER_WRITTEN = bytes(BLOCK)
IV_OCTETS = 16  # the number of the sector, little endian ("plain64")


def copies(disk: Path) -> list[int]:
    """Where on the disk the copies of the key record begin."""
    offset, size = partition(disk, places.KEY_PARTITION)
    return [offset, offset + size // 2]


def recorded(disk: Path) -> Any:
    """The key record in force; None if no copy is whole."""
    with disk.open("rb") as file:
        found = []
        for at in copies(disk):
            file.seek(at)
            found.append(keys.unpack(file.read(keys.COPY_OCTETS)))
    return keys.newest(found)


def derived(master: bytes) -> dict[str, bytes]:
    """The keys that come of the box's key, by what they are for."""
    return {
        "the key of the data partition": keys.subkey(
            master, keys.DATA_PARTITION, mapper.KEY_OCTETS
        ),
        "the key of the credentials": keys.subkey(master, keys.DEVICE, keys.KEY_OCTETS),
    }


def record(disk: Path) -> Any:
    """The key record in force; ToolError if no copy is whole."""
    newest = recorded(disk)
    if newest is None:
        raise ToolError(
            f"{disk} holds no key",
            "the box did not start yet, or the copies were damaged",
            "start the box once",
            VERIFICATION_FAILED,
        )
    return newest


def put_record(disk: Path, new: Any) -> None:
    """Write both copies."""
    with disk.open("r+b") as file:
        for at in copies(disk):
            file.seek(at)
            file.write(keys.pack(new))


def aes(master: bytes) -> algorithms.AES:
    """The cipher of the data partition."""
    return algorithms.AES(keys.subkey(master, keys.DATA_PARTITION, mapper.KEY_OCTETS))


def block_cipher(key: algorithms.AES, at: int) -> Cipher[modes.XTS]:
    """That of the block at this offset of the partition."""
    return Cipher(key, modes.XTS((at // SECTOR).to_bytes(IV_OCTETS, "little")))


def opened(key: algorithms.AES, at: int, octets: bytes) -> bytes:
    """Whole blocks, deciphered; `at`: the offset of the first in the partition."""
    pieces = []
    for begin in range(0, len(octets), BLOCK):
        cipher = block_cipher(key, at + begin)
        pieces.append(cipher.decryptor().update(octets[begin : begin + BLOCK]))
    return b"".join(pieces)


def seal(disk: Path, plain: bytes) -> None:
    """A new key on the disk, and this file system under it at the beginning of the partition."""
    master = os.urandom(keys.KEY_OCTETS)
    put_record(disk, keys.Record(keys.FILLED, 1, master))
    offset, _ = partition(disk, places.DATA_PARTITION)
    key = aes(master)
    with disk.open("r+b") as file:
        file.seek(offset)
        for at in range(0, len(plain), BLOCK):
            file.write(block_cipher(key, at).encryptor().update(plain[at : at + BLOCK]))


def open_to(disk: Path, target: Path, master: bytes | None = None) -> None:
    """Decrypt the data partition to a file, with the disk's own key or another one.

    What the box never wrote stays a hole.
    """
    key = aes(record(disk).key if master is None else master)
    offset, size = partition(disk, places.DATA_PARTITION)
    with disk.open("rb") as source, target.open("wb") as plain:
        plain.truncate(size)
        source.seek(offset)
        for at in range(0, size, BLOCK):
            block = source.read(BLOCK)
            if block != NEVER_WRITTEN:
                plain.seek(at)
                plain.write(opened(key, at, block))


def ciphertext(disk: Path) -> bytes:
    """The data partition as it lies on the medium."""
    offset, size = partition(disk, places.DATA_PARTITION)
    with disk.open("rb") as file:
        file.seek(offset)
        return file.read(size)
