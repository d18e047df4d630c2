"""Spool and quarantine on a real file system, run by the box's own interpreter."""

import os
import random
import shutil
import subprocess

import pytest
from on_disk import ENVIRONMENT, OnDisk

DISK = OnDisk("store_on_disk.py")
command, run = DISK.command, DISK.rows


@pytest.fixture
def data(tmp_path):
    return tmp_path


def test_all_calls_once(data):
    assert run("once", data) == [["done", "1"]]


def test_a_write_after_a_cut_leaves_no_hole(data):
    assert run("cut", data) == [["01234abc"], ["01234abc"]]


def entries(lines):
    return {words[1]: words[2:] for words in lines if words[0] == "entry"}


def test_killed_at_any_moment(data, soak):
    """The process dies, the machine does not: what was acknowledged is there, nothing is half."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    dice = random.Random(seed)
    kept, doubtful = {}, set()
    number = 1
    for _ in range(200 if soak else 12):
        number = one_life(data, number, dice.randrange(1, 40), kept, doubtful)
        lines = run("look", data)
        found = entries(lines)
        assert [w for w in lines if w[0] == "problem"] == []
        assert ["spool", "0"] in lines
        for id, i in kept.items():
            if id not in doubtful:
                assert found.get(id, [None, None])[1] == str(i), (id, lines)
        for id, words in found.items():
            assert words[2] == "whole"
            assert id in kept or int(words[1]) == number
        kept = {id: int(words[1]) for id, words in found.items()}
        doubtful = set()
        number += 1
    assert number > 20


def one_life(data, number, acknowledgements, kept, doubtful):
    """Starts, reads so many lines, kills; the number of the message that was under way."""
    with subprocess.Popen(
        command("busy", data, number), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            number = note(line.split(), number, kept, doubtful)
            acknowledgements -= 1
            if acknowledgements == 0:
                process.kill()
    return number


def note(words, number, kept, doubtful):
    if words[0] == "kept":
        kept[words[1]] = int(words[2])
        return int(words[2]) + 1
    if words[0] == "deleting":
        doubtful.add(words[1])
    elif words[0] == "deleted":
        del kept[words[1]]
        doubtful.discard(words[1])
    return number


def test_links_folders_and_pipes_planted_in_the_spool(data):
    """FAULTS 59: nothing is followed, nothing hangs, what cannot be removed is told."""
    secret = data / "secret"
    secret.write_text("mine")
    spool = data / "data" / "spool"
    (spool / "folder").mkdir(parents=True)
    (spool / "folder" / "file").write_text("x")
    (spool / "0").symlink_to(secret)
    (spool / "dangling").symlink_to(data / "nowhere")
    (spool / "to-folder").symlink_to(data)
    os.mkfifo(spool / "1")
    (spool / "left").write_text("old mail")
    lines = run("planted", data / "data")
    assert ["created", "spool/0"] in lines
    assert len([w for w in lines if w[0] == "problem"]) == 1
    assert secret.read_text() == "mine"
    assert [p.name for p in spool.iterdir()] == ["folder"]


@pytest.mark.parametrize("thing", ["link", "pipe", "folder"])
def test_something_else_in_an_entrys_place(data, thing):
    run("once", data)
    path = data / "quarantine" / "1.eml"
    path.rename(data / "moved")
    if thing == "link":
        path.symlink_to(data / "moved")
    elif thing == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    ((word, id, *_),) = run("odd", data)
    assert (word, id) == ("refused", "1")


def test_the_spool_itself_may_not_be_a_link(data):
    (data / "elsewhere").mkdir()
    (data / "elsewhere" / "file").write_text("x")
    (data / "spool").symlink_to(data / "elsewhere")
    done = subprocess.run(
        command("planted", data), env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "opening the spool folder" in done.stdout + done.stderr
    assert (data / "elsewhere" / "file").exists()


def test_a_full_file_system(data):
    """FAULTS 52, 54: refused before it is full, deletions are still recorded, then goes on."""
    mounted = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        f'mount -t tmpfs -o size=6m none {data} && "$@"',
        "sh",
    ]
    assert shutil.which("unshare")
    lines = run("full", data, before=mounted)
    assert [w[0] for w in lines] == ["kept", "full", "refused", "recorded", "again"]
    assert lines[3] == ["recorded", "['1']", "0"]
