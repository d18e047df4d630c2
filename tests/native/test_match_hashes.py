"""Allowed and ignored ones, plain lists, and sections of programs, beside the reference."""

import hashlib
import random

import pytest
from programmaking import HEADERS, program
from test_match import Matcher


@pytest.fixture
def matcher(match_cli, tmp_path):
    return lambda sources: Matcher(match_cli, tmp_path, sources)


def digest(data, kind="md5"):
    return hashlib.new(kind, data).hexdigest()


def test_an_allowed_object_is_never_infected(matcher):
    bad, good = b"abcdefgh", b"abcdefghi"
    sources = {
        "t.ndb": b"Pattern:0:*:6162636465666768\n",
        "t.hdb": f"{digest(good)}:*:Hash\n".encode(),
        "t.fp": f"{digest(good)}:{len(good)}:Allowed\n".encode(),
        "u.sfp": f"{digest(b'other', 'sha256')}:*:Other\n".encode(),
    }
    it = matcher(sources)
    assert it.report.allowed == 2
    assert it.match(bad, "0,1,3")[0] == "Pattern"
    assert it.match(good, "0,1,3")[0] == "-"
    assert it.match(good + b".")[0] == "Pattern"
    assert it.match(good, options=["-t"])[0] == "Pattern", "in transit nothing is hashed"
    assert it.match(good, options=["-b", "3"])[0::2] == ("-", "ok")
    assert it.match(bad, options=["-b", "3"])[0::2] == ("-", "overflow")


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_allowing_wins_whatever_the_sizes_say(matcher, kind):
    data = b"some object"
    for listed, allowed in (
        ("*", len(data)),
        (len(data), "*"),
        ("*", "*"),
        (len(data), len(data)),
    ):
        sources = {
            "t.hsb": f"{digest(data, kind)}:{listed}:Hash\n".encode(),
            "t.sfp": f"{digest(data, kind)}:{allowed}:Allowed\n".encode(),
        }
        for order in (sources, dict(reversed(sources.items()))):
            assert matcher(order).match(data)[0] == "-"


def test_one_allowed_among_many(matcher):
    dice = random.Random(1)
    data = [dice.randbytes(30) for _ in range(300)]
    sources = {
        "t.ndb": b"".join(b"P%d:0:*:%s\n" % (i, d[:8].hex().encode()) for i, d in enumerate(data)),
        "t.fp": b"".join(f"{digest(d)}:30:A\n".encode() for d in data[::3]),
    }
    answers = [name for name, _, _ in matcher(sources).run(data)]
    assert answers == ["-" if i % 3 == 0 else f"P{i}" for i in range(300)]


def test_ignored_ones_are_left_out_whatever_the_order(matcher):
    sources = {
        "t.ndb": b"One:0:*:61626364\nTwo:0:*:61626364\n",
        "t.hdb": f"{digest(b'abcd')}:4:Three\n".encode(),
        "t.ign2": b"One\nThree\n",
    }
    it = matcher(sources)
    assert it.report.ignored == 2
    assert it.match(b"abcd")[0] == "Two"


def test_plain_lists(matcher):
    data = [b"one", b"two", b"three", b"four", b"five"]
    sources = {
        "list.txt": (
            f"# comment\n{digest(data[0]).upper()}\n\n{digest(data[1], 'sha1')}  *two words.exe\n"
        ).encode(),
        "list.csv": (
            "# first_seen,sha256_hash,md5_hash,signature,reporter\n"
            f'"2024-05-01 10:00:00", "{digest(data[2], "sha256")}", "{digest(b"x")}", "Emo", "r"\n'
            f'"2024-05-01 10:00:00","{digest(data[3], "sha256")}","{digest(b"x")}","n/a","r"\n'
        ).encode(),
        "other.csv": f"17;Fam ily;{digest(data[4])}\nnothing\n".encode(),
    }
    it = matcher(sources)
    names = [name for name, _, _ in it.run(data)]
    assert names == ["list.Listed", "two_words.exe", "Emo", "list.Listed", "Fam_ily"]
    assert [str(r) for r in it.report.refusals] == [
        "other.csv:2: ?: no digest of 32, 40 or 64 digits"
    ]


def padded(octets):
    return octets + bytes(-len(octets) % 512)


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_sections_of_programs(matcher, kind):
    dice = random.Random(2)
    code, data, long = dice.randbytes(700), dice.randbytes(100), dice.randbytes(30000)
    suffix = "t.mdb" if kind == "md5" else "t.msb"
    lines = [
        f"{len(padded(p))}:{digest(padded(p), kind)}:Piece{i}" for i, p in enumerate((data, long))
    ]
    it = matcher({suffix: "\n".join(lines).encode()})
    splits = "0,1,7,4096,-5"
    assert it.report.pieces[("md5", "sha1", "sha256").index(kind)] == 2
    assert it.match(program([code, data]), splits)[0] == "Piece0"
    assert it.match(program([code, long, code]), splits)[0] == "Piece1"
    assert it.match(program([long, data]), "0,1000")[0] in ("Piece0", "Piece1")
    assert it.match(program([code, long])[:-1], splits)[0] == "-"
    assert it.match(program([code, long[:-1] + b"!"]), "0")[0] == "-"
    assert it.match(program([code, code]), splits)[0] == "-"
    assert it.match(b"MX" + program([code, data])[2:], "0")[0] == "-"
    sample = program([code, data])
    assert it.match(sample, options=["-b", str(len(sample) // 2)])[0::2] == ("-", "overflow")


def test_sections_over_each_other_are_in_doubt_at_last(matcher):
    octets = padded(random.Random(3).randbytes(3000))
    it = matcher({"t.mdb": f"{len(octets) - 512}:{'0' * 32}:Nothing\n".encode()})
    sample = bytearray(program([octets] * 6))
    table = sample.index(b".s0\0")
    for number in range(6):  # each begins in the first, at another place
        at = table + 40 * number
        sample[at + 16 : at + 24] = (len(octets) - 512).to_bytes(4, "little") + (
            HEADERS + 512 * number
        ).to_bytes(4, "little")
    assert it.match(bytes(sample), "0,1,4096")[2] == "overflow"
    assert it.match(program([octets] * 6), "0")[2] == "ok"


@pytest.mark.parametrize(
    "offset, place, found",
    [
        ("EP+0", HEADERS + 100, True),
        ("EP+0", HEADERS + 101, False),
        ("EP+3,2", HEADERS + 105, True),
        ("EP+3,2", HEADERS + 106, False),
        ("EP-8,4", HEADERS + 92, True),
        ("S0+5", HEADERS + 5, True),
        ("S1+5", HEADERS + 1024 + 5, True),
        ("S1+5", HEADERS + 5, False),
        ("S2+5", HEADERS + 5, False),
        ("SL+7", HEADERS + 1024 + 7, True),
        ("SE1", HEADERS + 1024 + 900, True),
        ("SE1", HEADERS + 900, False),
        ("SE0", HEADERS + 1023, True),
        ("SE0", HEADERS + 1024, False),
    ],
)
def test_offsets_inside_a_program(matcher, offset, place, found):
    it = matcher({"t.ndb": f"Inside:1:{offset}:{b'Q7#kzw'.hex()}\n".encode()})
    sample = bytearray(program([bytes(1024), bytes(1024)], entry=100))
    sample[place : place + 6] = b"Q7#kzw"
    assert it.match(bytes(sample), "0,1,4096,-9")[0] == ("Inside" if found else "-")
    assert it.expected(bytes(sample)) == ("Inside" if found else "-")


@pytest.mark.parametrize("kind", ["t.ndb", "t.mdb"])
def test_damaged_programs_as_the_reference(matcher, kind):
    """Octets of the headers changed at random: the same reading of what is left."""
    dice = random.Random(4)
    pieces = [padded(dice.randbytes(700)), padded(dice.randbytes(1500))]
    lines = {
        "t.ndb": f"A:1:EP+0:{pieces[0][100:108].hex()}\nB:1:SL+9:{pieces[1][9:17].hex()}\n",
        "t.mdb": "".join(f"{len(p)}:{digest(p)}:{n}\n" for p, n in zip(pieces, "AB", strict=True)),
    }
    it = matcher({kind: lines[kind].encode()})
    good = program(pieces, entry=100)
    samples = []
    for _ in range(300):
        sample = bytearray(good)
        for _ in range(dice.randint(1, 3)):
            sample[dice.choice([60, 61, *range(0x80, 0x1D0)])] = dice.choice(
                [0, 1, 2, 4, 128, 255]
            )
        samples.append(bytes(sample))
    answers = it.run(samples)
    assert {name for name, _, _ in answers} == {"A", "B", "-"}
    assert [name for name, _, _ in answers] == [it.expected(sample) for sample in samples]


def test_marks_of_types(matcher):
    it = matcher(
        {
            "t.ftm": b"0:0:4d5a??00:Program:CL_TYPE_ANY:CL_TYPE_MSEXE\n"
            b"0:4:6162636465:Later:CL_TYPE_ANY:CL_TYPE_XY\n"
            b"0:0:4d5a:Shorter:CL_TYPE_ANY:CL_TYPE_DOS:1:255\n"
        }
    )
    assert it.report.marks == 3
    data = [b"MZ\x90\0", b"MZ\x90\1", b"....abcde", b"....abcd", b"", b"M"]
    assert [one for (one,) in it.run(data, "0", ["-y"])] == ["msexe", "dos", "xy", "-", "-", "-"]
