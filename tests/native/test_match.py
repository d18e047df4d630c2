"""The matcher beside the reference matcher: same signatures, same objects, same answer.

The reference (restante_tools.signatures.reference) works with regular expressions and hashlib; it
shares the parsed signatures with the engine and nothing else. Objects are built from pieces of
the signatures, so that near misses are as frequent as hits.
"""

import hashlib
import random
import struct
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from restante_tools.signatures import layout
from restante_tools.signatures.compiler import Compiler
from restante_tools.signatures.model import Entry, Hash, Piece
from restante_tools.signatures.reference import matching
from restante_tools.signatures.sources import read

EXAMPLES = settings(
    deadline=None,
    max_examples=40,  # each with a dozen objects
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

OCTETS = st.sampled_from([b"abcd", b"abce", b"zyxw", b"\0\0\0\0", b"WXYZ", b"abcdabcd", b"q7k2m9"])
FILLERS = st.sampled_from([b"", b"a", b"ab", b"abc", b"\0" * 7, b"abcdabc", b"x" * 40])
WILD = st.sampled_from(
    ["??", "6?", "?1", "????", "{3}", "(61|62)", "(61|6263|646566)", "!(61|00)", "!(6162|7a79)"]
    + ["(6?|71)", "(78|0000)", "(61626364|7a)", "[2-5]61", "(4161|6161)??"]
)
GAPS = st.sampled_from(["*", "*", "{2-5}", "{-3}", "{4-}", "{0-9}", "{1}", "{20}", "{-40}"])
OFFSETS = st.sampled_from(["*", "*", "*", "0", "3", "2,9", "EOF-4", "EOF-12", "EOF-30,20"])


@st.composite
def pieces(draw):
    """One stretch without a gap: fixed octets, perhaps wildcards in it."""
    text = draw(OCTETS).hex()
    if draw(st.booleans()):
        text += draw(WILD) + draw(OCTETS).hex()
    return text


@st.composite
def patterns(draw):
    """The fields of an .ndb line behind the name."""
    text = draw(pieces())
    for _ in range(draw(st.integers(0, 3))):
        text += draw(GAPS) + draw(pieces())
    target = draw(st.sampled_from(["0", "0", "0", "4"]))
    return f"{target}:{draw(OFFSETS)}:{text}"


@st.composite
def objects(draw):
    """Octets in which parts of patterns are likely."""
    parts = draw(st.lists(st.one_of(OCTETS, FILLERS, st.binary(max_size=4)), max_size=14))
    return b"".join(parts)


class Matcher:
    """A compiled set on disk and the program that matches against it."""

    def __init__(self, program, folder, sources):
        self.program = program
        self.folder = folder
        compiler = Compiler()
        self.signatures = []
        for name, text in sources.items():
            compiler.add(name, text)
            found = [e.signature for e in read(name, text) if isinstance(e, Entry)]
            self.signatures += found
        self.data, self.report = compiler.finish("test", 0)
        self.database = folder / "test.sig"
        self.database.write_bytes(self.data)

    def run(self, objects, splits="0", options=()):
        """Tuples (name, work, state): per object one for each of the splits."""
        paths = [self.folder / f"object{number}" for number in range(len(objects))]
        for path, data in zip(paths, objects, strict=True):
            path.write_bytes(data)
        done = subprocess.run(
            [self.program, *options, self.database, splits, *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [tuple(line.split(" ")) for line in done.stdout.splitlines()]

    def match(self, data, splits="0", options=()):
        """The answer about one object, which must be the same for all splits."""
        answers = set(self.run([data], splits, options))
        assert len(answers) == 1
        return answers.pop()

    def expected(self, data, mail=False):
        """What the reference says: patterns come before hashes, each in order of their ids."""
        refused = {r.name for r in self.report.refusals}
        taken = [s for s in self.signatures if getattr(s, "name", None) not in refused]
        found = list(matching(taken, data, mail))
        found.sort(key=order)
        return found[0].name if found else "-"


def order(signature):
    """As ids go: patterns and logical signatures, hashes, hashes of sections."""
    if isinstance(signature, Hash):
        return 1, signature.kind, signature.digest, signature.size or layout.ANY_SIZE
    return (2, *order(signature.hash)[1:]) if isinstance(signature, Piece) else (0,)


@pytest.fixture
def matcher(match_cli, tmp_path):
    return lambda sources: Matcher(match_cli, tmp_path, sources)


def ndb(lines):
    return {"t.ndb": "".join(f"S{i}:{line}\n" for i, line in enumerate(lines)).encode()}


@EXAMPLES
@given(
    st.lists(patterns(), min_size=1, max_size=12),
    st.lists(objects(), min_size=1, max_size=12),
    st.booleans(),
)
def test_same_answer_as_the_reference(matcher, lines, data, mail):
    it = matcher(ndb(lines))
    answers = it.run(data, "0", ["-m"] if mail else [])
    expected = [(it.expected(each, mail), "ok") for each in data]
    assert [(name, state) for name, _, state in answers] == expected


@EXAMPLES
@given(
    st.lists(patterns(), min_size=1, max_size=12),
    st.lists(objects(), min_size=1, max_size=4),
    st.integers(0, 12000),
)
def test_long_objects_that_fill_the_window(matcher, lines, data, before):
    it = matcher(ndb(lines))
    for each in data:
        whole = (b"." * before + each) * 3
        name, _, state = it.match(whole, "0,1,7,4096,-5")
        assert (name, state) == (it.expected(whole), "ok")


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("sized", [True, False])
def test_hashes(matcher, kind, sized):
    dice = random.Random(3)
    data = [dice.randbytes(size) for size in (1, 55, 56, 63, 64, 65, 119, 120, 300, 9000)]
    lines = [
        f"{hashlib.new(kind, each).hexdigest()}:{len(each) if sized else '*'}:Found{number}"
        for number, each in enumerate(data)
    ]
    it = matcher({"t.hsb": "\n".join(lines).encode()})
    names = [f"Found{number}" for number in range(len(data))]

    def found(objects, options=()):
        return [name for name, _, _ in it.run(objects, "1", options)]

    assert found(data) == names
    assert found(data, ["-m"]) == names
    assert found(data, ["-t"]) == ["-"] * len(data), "in transit nothing is hashed"
    assert found([each + b"x" for each in data]) == ["-"] * len(data)
    assert found([b"x" + each for each in data]) == ["-"] * len(data)
    for each, name in zip(data, names, strict=True):
        assert it.match(each, "0,64,-1")[0] == name


def test_hash_with_another_size_is_no_match(matcher):
    it = matcher({"t.hdb": b"900150983cd24fb0d6963f7d28e17f72:4:Wrong\n"})
    assert it.match(b"abc")[0] == "-"


def test_every_cut_in_two(matcher):
    it = matcher(ndb(["0:*:" + b"abcd".hex() + "{2-9}" + b"WXYZ".hex() + "*" + b"q7k2".hex()]))
    for before in (0, 2040, 8180):
        data = b"." * before + b"abcd-----WXYZ" + b"," * 30 + b"q7k2" + b"." * 10
        assert it.match(data, "all")[0] == "S0"


@pytest.mark.parametrize("gap", [0, 1, 2034, 2035, 2036, 2037])
def test_the_widest_span_anywhere(matcher, gap):
    it = matcher(ndb(["0:*:" + b"Q7#kQ7#k".hex() + "{0-2036}" + b"cdab".hex()]))
    places = (0, 1, 2047, 2048, 4095, 4096, 6143, 6144, 8188, 8191, 8192)
    pair = b"Q7#kQ7#k" + b"." * gap + b"cdab" + b"." * 3000
    answers = it.run([b"." * place + pair for place in places])
    expected = "S0" if gap <= 2036 else "-"
    assert [(name, state) for name, _, state in answers] == [(expected, "ok")] * len(places)


@pytest.mark.parametrize("size", [2047, 2048, 2100, 8192, 8193, 10239, 10240, 20000])
def test_offsets_from_the_end(matcher, size):
    it = matcher(ndb(["0:EOF-2047:" + b"Q7#k".hex(), "0:EOF-4:" + b"zK8!".hex()]))
    far = bytearray(b"." * size)
    far[size - 2047 : size - 2043] = b"Q7#k"
    assert it.match(bytes(far), "0,1000")[0] == "S0"
    assert it.match(bytes(far) + b".")[0] == "-"
    assert it.match(b"." * size + b"zK8!", "0,3")[0] == "S1"


def test_lowest_id_wins_whatever_comes_first(matcher):
    it = matcher(ndb(["0:*:" + b"late".hex(), "0:*:" + b"soon".hex()]))
    assert it.match(b"soon " * 3000 + b"late")[0] == "S0"


def test_targets(matcher):
    lines = [f"{t}:*:{b'payload!'.hex()}" for t in (1, 2, 6, 10, 4)]
    it = matcher(ndb(lines))
    assert it.match(b"payload!")[0] == "-"
    assert it.match(b"MZ payload!")[0] == "S0"
    assert it.match(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 payload!")[0] == "S1"
    assert it.match(b"\x7fELF payload!")[0] == "S2"
    assert it.match(b"%PDF-payload!")[0] == "S3"
    assert it.match(b"payload!", "0", ["-m"])[0] == "S4"


def many_beginnings(count):
    """Signatures that all stay half-matched, each with a beginning of its own."""
    first = [struct.pack("<I", 0x51A70000 + 7 * i) + b"#" for i in range(count)]
    return first, ndb([f"0:*:{f.hex()}*{(b'end%05d' % i).hex()}" for i, f in enumerate(first)])


@pytest.mark.parametrize("count, state", [(896, "ok"), (897, "overflow")])
def test_a_full_table_is_said_never_hidden(matcher, count, state):
    first, sources = many_beginnings(count)
    it = matcher(sources)
    assert it.match(b"..".join(first))[2] == state
    found = it.match(b"..".join(first) + b"end00000")
    assert found[0] == "S0", "what is open still closes"


def test_work_bounds_the_worst_case(matcher):
    """All signatures share one anchor and the object is nothing but it."""
    tails = (f"{i:04x}" for i in range(2000))
    it = matcher(ndb([f"0:*:41414141{{-1000}}4242??{tail}??4242" for tail in tails]))
    data = b"A" * 20000
    answer = it.match(data, "0,1,4096,-1", ["-b", "3000000"])
    assert answer == ("-", "3000001", "overflow")


def test_sorted_table_of_many_hashes(matcher):
    dice = random.Random(5)
    planted = [dice.randbytes(40 + i) for i in range(60)]
    lines = [f"{hashlib.md5(p).hexdigest()}:{len(p)}:Planted{i}" for i, p in enumerate(planted)]
    lines += [f"{dice.randbytes(16).hex()}:{dice.randrange(1, 400)}:Other" for _ in range(20000)]
    it = matcher({"t.hdb": "\n".join(lines).encode()})
    others = [dice.randbytes(50) for _ in range(60)]
    names = [name for name, _, _ in it.run(planted + others)]
    assert names == [f"Planted{i}" for i in range(60)] + ["-"] * 60
