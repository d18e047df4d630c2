"""Maildrops on a real file system, run by the box's own interpreter."""

import os
import random
import subprocess

import pytest
from on_disk import ENVIRONMENT, OnDisk

MIB = 1048576


DISK = OnDisk("maildrops_on_disk.py")
command, run = DISK.command, DISK.rows


@pytest.fixture
def data(tmp_path):
    return tmp_path


def test_all_calls_once(data):
    ((word, *seen),) = run("once", data)
    assert word == "seen" and seen[:2] == ["uidl-2", "uidl-3"]
    assert len(seen) == 3 and seen[2].startswith("restante-restored-")


def test_killed_at_any_moment(data, soak):
    """The process dies, the machine does not: nothing acknowledged is lost, nothing comes back."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    dice = random.Random(seed)
    number = 1
    stored, deleted = set(), set()
    for _ in range(200 if soak else 10):
        number, doubtful = one_life(data, number, dice.randrange(1, 40), stored, deleted)
        lines = run("look", data)
        found = {words[1]: words[2] for words in lines if words[0] == "message"}
        assert [w for w in lines if w[0] == "problem"] == []
        assert ["files", "0", "0"] in lines
        for i in stored - deleted - doubtful:
            assert found.get(f"uidl-{i}") == "whole", (i, lines)
        for i in deleted:
            assert f"uidl-{i}" not in found
        assert set(found.values()) <= {"whole", "listed"}
        deleted |= {i for i in doubtful if f"uidl-{i}" not in found}
        number += 1
    assert number > 20


def one_life(data, number, acknowledgements, stored, deleted):
    """Starts, reads so many lines, kills; the last number, and which deletions were under way."""
    doubtful = set()
    with subprocess.Popen(
        command("busy", data, number), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            word, i = line.split()
            number = int(i)
            if word == "stored":
                stored.add(number)
            elif word == "deleting":
                doubtful.add(number)
            elif word == "deleted":
                deleted.add(number)
                doubtful.discard(number)
            acknowledgements -= 1
            if acknowledgements == 0:
                process.kill()
    return number, doubtful


@pytest.mark.parametrize("thing", ["link", "pipe", "folder"])
def test_something_else_in_a_bodys_place(data, thing):
    """FAULTS 59: nothing is followed, nothing hangs; the message is fetched anew."""
    run("once", data)
    path = data / "maildrops" / "a0" / "3.eml"
    path.rename(data / "moved")
    if thing == "link":
        path.symlink_to(data / "moved")
    elif thing == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    found = {words[1]: words[2] for words in run("look", data) if words[0] == "message"}
    assert found["uidl-2"] == "refused"


def test_the_folder_of_the_maildrops_may_not_be_a_link(data):
    (data / "elsewhere").mkdir()
    (data / "maildrops").symlink_to(data / "elsewhere")
    done = subprocess.run(
        command("look", data), env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "opening the folder of the maildrops" in done.stderr
    assert list((data / "elsewhere").iterdir()) == []


def test_a_file_system_that_is_full_to_the_last_octet(data):
    """FAULTS 52, 54; RULES, disk full: what is stored is served, deletions are recorded."""
    mounted = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        f'mount -t tmpfs -o size=6m none {data} && "$@"',
        "sh",
    ]
    lines = run("full", data, before=mounted)
    assert lines == [
        ["free", "0"],
        ["refused"],
        ["recorded", "1", "False"],
        ["again", "1", "True"],
    ]


def test_ten_thousand_messages(data):
    """FAULTS 58.  The figures are printed; memory is a budget."""
    figures = run("many", data, 10000, 36) + run("load", data)
    print(figures)
    figures = {word: int(n) for word, n in figures}
    assert figures["count"] == 9000
    assert figures["memory"] <= MIB
