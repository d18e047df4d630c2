"""Accounts on a real file system, run by the box's own interpreter: what the disk does not tell.

The data folder is searched for the passwords in plain, base64 at three alignments and hexadecimal
(promise 8); so is all that the program printed.
"""

import base64
import os

import pytest
from disguises import found_in
from on_disk import OnDisk

SECRET = "planted-S3CRET-of-anna"
PLANTED = SECRET.encode()


run = OnDisk("accounts_on_disk.py").output


def test_the_search_finds_each_disguise():
    for before in (b"", b"a", b"ab", b"abc"):
        for after in (b"", b"x", b"xy"):
            data = before + PLANTED + after
            for disguised in (data, base64.b64encode(data), data.hex().encode()):
                assert found_in(disguised, PLANTED)
    assert not found_in(b"planted-S3CRE" * 9, PLANTED)


def test_neither_disk_nor_output_tells_a_password(tmp_path):
    output = run("learn", tmp_path, 1, SECRET)
    assert "anna @ acme" in output and "512 octets" in output
    assert not found_in(output.encode(), PLANTED)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.relative_to(tmp_path).as_posix() for path in files] == ["accounts/journal"]
    assert b"anna" in files[0].read_bytes()
    assert not found_in(files[0].read_bytes(), PLANTED)
    assert files[0].stat().st_mode & 0o777 == 0o600


def test_what_was_learned_is_there_after_a_restart(tmp_path):
    run("learn", tmp_path, 1, SECRET)
    assert run("look", tmp_path, 1, SECRET).splitlines() == [
        "account anna @ acme 2 [False, False, True] True",
        "account bert @ acme 1 [False, True, False] False",
        "fresh False",
        "problems [] ",
    ]


def test_another_key_opens_nothing(tmp_path):
    run("learn", tmp_path, 1, SECRET)
    lines = run("look", tmp_path, 2, SECRET).splitlines()
    assert lines[:2] == [
        "account anna @ acme 1 [False, False, False] False",
        "account bert @ acme 1 [False, False, False] False",
    ]


def test_as_many_accounts_as_there_may_be(tmp_path):
    run("fill", tmp_path, 1, 2000)
    words = run("crowd", tmp_path, 1, 2000).splitlines()
    print(words)
    name, count, octets, ms = words[0].split()
    assert (name, count) == ("crowd", "2000")
    # About half of it on the box, where a word has 4 octets: under 1 MiB of the gate's 8.
    assert int(octets) <= 1000
    assert words[1].startswith("refused the box has 2000 accounts already")


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "device-key"
    path.write_bytes(os.urandom(32))
    path.chmod(0o600)
    return path


def test_device_key(key):
    assert run("key", key.parent) == "key 32 \n"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda key: key.unlink(), "cannot be read"),
        (lambda key: key.write_bytes(bytes(31)), "has not 32 octets"),
        (lambda key: key.write_bytes(bytes(33)), "has not 32 octets"),
        (lambda key: key.write_bytes(b""), "has not 32 octets"),
        (lambda key: key.chmod(0o604), "others may use it (mode 604)"),
        (lambda key: key.chmod(0o602), "others may use it (mode 602)"),
        (lambda key: (key.unlink(), key.mkdir()), "no regular file"),
        (lambda key: (key.unlink(), os.mkfifo(key)), "no regular file"),
        (lambda key: key.rename(key.parent / "a") and key.symlink_to("a"), "cannot be read"),
    ],
)
def test_a_device_key_that_is_none_says_why(key, spoil, why):
    spoil(key)
    answer = run("key", key.parent)
    assert answer.startswith("key False ") and why in answer and "next" not in answer
    assert "show alarms" in answer
