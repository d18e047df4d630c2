"""Parts of the lab that need no root: configuration, image, answers of the console, corpus."""

import struct
from pathlib import Path

import pytest
from restante_tools.errors import ToolError
from restante_tools.lab import boxconsole, controlsocket, corpus, dovecot, gpt, maildrop, runs
from restante_tools.lab.boxconsole import Answer

STATUS = (
    "version        0.1",
    "screening      enabled; without a verdict: deny",
    "bundle         factory, 3 hashes, 4 patterns, built 2025-01-01",
    "screen         5 workers started, 0 without a verdict, at most 6000 KiB each",
    "memory         40000 KiB available of 60000 KiB; gate 3000 KiB",
)


def asked(*lines, ok=True):
    return lambda command: Answer(ok, "", lines)


def test_both_dialects_of_dovecot_say_the_same(tmp_path):
    plan = dovecot.Plan(tmp_path, "127.0.0.1", 1110)
    old = dovecot.configuration(plan, (2, 3))
    new = dovecot.configuration(plan, (2, 4))
    assert "protocols = pop3" in old and "dovecot_config_version" not in old
    assert new.startswith("dovecot_config_version") and "mail_location" not in new
    assert old.count("{") == old.count("}")
    assert new.count("{") == new.count("}")


def test_demonstration_is_the_same_every_time():
    assert maildrop.demonstration() == maildrop.demonstration()
    assert len({mail.octets for mail in maildrop.demonstration()}) >= 8


def test_no_file_of_the_repository_holds_the_test_string():
    needle = maildrop.eicar()
    top = Path(__file__).resolve().parents[2]
    for folder in ("host-tools", "tests", "firmware", "board"):
        for path in (top / folder).rglob("*"):
            assert not path.is_file() or needle not in path.read_bytes(), path


def test_status_counts_as_screened_only_if_the_screen_answers():
    assert boxconsole.status(asked(*STATUS)).screened
    silent = [line for line in STATUS if not line.startswith("bundle")]
    assert not boxconsole.status(asked(*silent)).screened
    audit = [line.replace("enabled;", "audit;") for line in STATUS]
    assert not boxconsole.status(asked(*audit)).screened


def test_status_gives_the_memory():
    status = boxconsole.status(asked(*STATUS))
    assert (status.memory_used_kib, status.memory_kib, status.gate_kib) == (20000, 60000, 3000)


def test_an_answer_without_sense_is_an_error():
    with pytest.raises(ToolError):
        boxconsole.status(asked("nothing"))
    with pytest.raises(ToolError):
        boxconsole.status(asked(*STATUS, ok=False))


def test_lines_of_an_answer_are_unstuffed():
    lines = iter(["+OK all\n", "..dot\n", "end\n", ".\n", "beyond\n"])
    assert controlsocket.until_dot(lambda: next(lines)) == ["+OK all", ".dot", "end"]


def make_gpt(path, name, first, last):
    header = bytearray(512)
    header[:8] = gpt.GPT_SIGNATURE
    struct.pack_into("<Q", header, 72, 2)
    struct.pack_into("<II", header, 80, 4, 128)
    entry = bytearray(128)
    struct.pack_into("<QQ", entry, 32, first, last)
    entry[56 : 56 + 2 * len(name)] = name.encode("utf-16-le")
    path.write_bytes(bytes(512) + header + bytes(128) + entry + bytes(256))


def test_a_partition_is_found_by_its_name(tmp_path):
    disk = tmp_path / "disk"
    make_gpt(disk, "data", 100, 199)
    assert gpt.partition(disk, "data") == (100 * 512, 100 * 512)
    with pytest.raises(ToolError):
        gpt.partition(disk, "other")
    disk.write_bytes(bytes(2048))
    with pytest.raises(ToolError):
        gpt.partition(disk, "data")


def test_corpus_is_deterministic_and_covers_the_sizes():
    numbers = sorted(corpus.sizes(corpus.CLEAN, corpus.SEED))
    assert (numbers[0], numbers[-1]) == (corpus.SMALLEST, corpus.LARGEST)
    first, second = corpus.clean(50_000), corpus.clean(50_000)
    assert first == second
    assert {sample.kind.split()[0] for sample in first} == {"perl", "python", "hand"}


def test_each_infected_variant_lies_where_it_says():
    samples = corpus.infected()
    assert len(samples) == corpus.INFECTED
    assert len({sample.kind for sample in samples}) == corpus.INFECTED
    for sample in samples:
        start, end = sample.bad
        assert sample.octets[start:].startswith(b"Content-Type: application/"), sample.name
        assert sample.octets[end:].startswith(b"\r\n--"), sample.name
        assert sample.stored.replace(b"\n", b"\r\n") == sample.octets, sample.name


def test_what_a_dead_run_left_is_swept_and_a_live_one_is_not(tmp_path, monkeypatch):
    # The machine's namespaces are of runs whose locks lie elsewhere: they would all count as dead.
    monkeypatch.setattr(runs, "NETNS", tmp_path / "netns")
    (tmp_path / "rst-00000000.lock").touch()
    (tmp_path / "rst-00000000").mkdir()
    with runs.Run(tmp_path) as living:
        assert runs.sweep(tmp_path) == ["rst-00000000"]
        assert living.folder.is_dir()
        assert [name for name, _ in runs.alive(tmp_path)] == [living.name]
    assert runs.names(tmp_path) == []
