"""The encrypted partition made and opened on the host, and what a wrong key gives."""

import pytest
from restante.box import keys
from restante_tools.errors import ToolError
from restante_tools.lab import sealed

BLOCK = sealed.BLOCK
PLAIN = b"".join(bytes([n]) * BLOCK for n in range(1, 4))


@pytest.fixture
def disk(tmp_path, monkeypatch):
    places = {"keys": (0, 8192), "data": (8192, 8 * BLOCK)}
    monkeypatch.setattr(sealed, "partition", lambda disk, name: places[name])
    path = tmp_path / "disk"
    path.write_bytes(bytes(8192 + 8 * BLOCK))
    return path


def test_a_disk_without_a_key_is_said(disk):
    with pytest.raises(ToolError):
        sealed.record(disk)


def test_what_was_sealed_is_opened_and_the_rest_stays_empty(disk, tmp_path):
    sealed.seal(disk, PLAIN)
    sealed.open_to(disk, tmp_path / "plain")
    assert (tmp_path / "plain").read_bytes() == PLAIN + bytes(5 * BLOCK)
    assert PLAIN[:32] not in sealed.ciphertext(disk)


def test_another_key_opens_nothing(disk, tmp_path):
    sealed.seal(disk, PLAIN)
    sealed.open_to(disk, tmp_path / "plain", bytes(32))
    assert PLAIN[:16] not in (tmp_path / "plain").read_bytes()


def test_one_copy_of_the_key_is_enough(disk):
    sealed.seal(disk, PLAIN)
    before = sealed.record(disk)
    for at in sealed.copies(disk):
        octets = bytearray(disk.read_bytes())
        octets[at : at + 16] = bytes(16)
        damaged = disk.with_name("damaged")
        damaged.write_bytes(octets)
        assert sealed.record(damaged).key == before.key
    assert before.state == keys.FILLED
