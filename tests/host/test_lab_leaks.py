"""The search for secrets finds one that is planted, in each form, wherever it lies."""

import base64
import os
from pathlib import Path

import pytest
from restante_tools.lab import leaks, planted, sealed

SECRET = "s3cret!pass-phrase of a user"
OTHER = bytes(range(200, 232))


def found(path):
    watch = leaks.Watch()
    watch.add("the phrase", SECRET)
    watch.add("the key", OTHER)
    watch.look(path)
    return [(leak.secret, leak.form, leak.offset) for leak in watch.leaks]


def encodings(secret):
    octets = secret.encode() if isinstance(secret, str) else secret
    yield octets
    yield octets.hex().encode()
    yield octets.hex().upper().encode()
    for before in range(6):
        for after in range(6):
            whole = b"\xff" * before + octets + b"\xff" * after
            yield base64.b64encode(whole)
            yield base64.urlsafe_b64encode(whole)


@pytest.mark.parametrize("name", ["the phrase", "the key"])
def test_a_planted_leak_is_found_in_each_encoding(name, tmp_path):
    path = tmp_path / "log"
    for form in encodings(SECRET if name == "the phrase" else OTHER):
        path.write_bytes(b"before " + form + b" after")
        names = {secret for secret, _, _ in found(path)}
        assert names == {name}, form


def test_what_holds_none_is_clean(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(os.urandom(3 << 20) + SECRET[:-1].encode() + b"." + OTHER[1:])
    assert found(path) == []


def test_it_is_found_across_the_pieces_of_a_sparse_disk(tmp_path):
    path = tmp_path / "disk"
    for at in (0, leaks.PIECE - 5, 2 * leaks.PIECE - 1, (40 << 20) - 3):
        with path.open("wb") as file:
            file.truncate(64 << 20)
            file.seek(at)
            file.write(SECRET.encode())
        assert ("the phrase", "plain", at) in found(path)


def test_where_a_key_may_lie_it_is_left_out(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(1000) + OTHER + bytes(1000))
    own = leaks.Own(OTHER, "its own", range(1000, 1001))
    watch = leaks.Watch()
    watch.look(path, [own])
    assert watch.leaks == []
    path.write_bytes(bytes(1000) + OTHER + bytes(1000) + OTHER)
    watch.look(path, [own])
    assert [(leak.secret, leak.offset) for leak in watch.leaks] == [("its own", 2032)]


@pytest.mark.parametrize("add", [leaks.Watch.add, leaks.Watch.add_mail])
def test_a_secret_that_is_anywhere_by_chance_is_refused(add):
    for shortest in (leaks.SHORTEST, 6):
        add(leaks.Watch(shortest), "a long one", "s" * shortest)
        with pytest.raises(ValueError, match="too short"):
            add(leaks.Watch(shortest), "a short one", "s" * (shortest - 1))


def test_mail_belongs_below_the_encryption_and_nowhere_else(tmp_path, monkeypatch):
    places = {"keys": (0, 8192), "data": (8192, 4 * sealed.BLOCK)}
    for room in (sealed, leaks):
        monkeypatch.setattr(room, "partition", lambda disk, name: places[name])
    disk, log = tmp_path / "disk", tmp_path / "log"
    watch = leaks.Watch()
    watch.add("the phrase", SECRET)
    watch.add_mail("a mail", b"the sentence that was planted")
    disk.write_bytes(bytes(8192 + 4 * sealed.BLOCK))
    sealed.seal(disk, b"the sentence that was planted".ljust(sealed.BLOCK, b"\0"))
    watch.look_at_box(disk, log, tmp_path)
    assert watch.leaks == []
    log.write_text("see: the sentence that was planted")
    watch.look_at_box(disk, log, tmp_path)
    sealed.seal(disk, SECRET.encode().ljust(sealed.BLOCK, b"\0"))
    watch.look_at_box(disk, tmp_path / "none", tmp_path)
    assert [(leak.secret, Path(leak.where).name) for leak in watch.leaks] == [
        ("a mail", "log"),
        ("the phrase", "looked-at"),
    ]


def test_forms_of_a_text_are_those_of_its_octets():
    assert list(planted.forms("abcdefgh")) == list(planted.forms(b"abcdefgh"))
    assert all(form for form in planted.forms("abcdefgh"))
