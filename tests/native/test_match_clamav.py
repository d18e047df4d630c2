"""The matcher beside clamscan: the very same signature files, the same objects, same detections.

Objects are binary, so that clamscan takes them as they are: text it would also normalise. It does
not look for EOF offsets in an ELF file whose header it cannot read, so those get another start.
"""

import hashlib
import random
import re
import subprocess

from restante_tools.signatures.compiler import Compiler
from restante_tools.signatures.logic import parse, terms

OBJECTS = 400
PATTERNS = 160
HASHES = 60
CLAMSCAN_SECONDS = 120  # it loads a small set in under a second; a busy machine may take longer
# It would also look at a copy in small letters, in which what has capitals is absent.
OPTIONS = ("--no-summary", "--allmatch", "--normalize=no")
BINARY = b"\x81\x00\xfe\x01"


def octets(dice, least=4, most=20):
    return dice.randbytes(dice.randint(least, most))


def fill(dice, least, most):
    return dice.randbytes(dice.randint(least, most))


def pattern(dice):
    """Text of a pattern, and octets that it matches."""
    first, second = octets(dice), octets(dice)
    shape = dice.randrange(9)
    text = f"{first.hex()}%s{second.hex()}"
    if shape == 0:
        return first.hex() + second.hex(), first + second
    if shape == 1:
        return text % "??", first + fill(dice, 1, 1) + second
    if shape == 2:
        return text % "a?", first + bytes([0xA0 | dice.randrange(16)]) + second
    if shape == 3:
        return text % "?7", first + bytes([dice.randrange(16) << 4 | 7]) + second
    if shape == 4:
        return text % "*", first + fill(dice, 0, 900) + second
    if shape == 5:
        return text % "{3-30}", first + fill(dice, 3, 30) + second
    if shape == 6:
        return text % "{-12}", first + fill(dice, 0, 12) + second
    if shape == 7:
        return text % "{9-}", first + fill(dice, 9, 200) + second
    return text % "{25}", first + fill(dice, 25, 25) + second


def near_miss(dice, data):
    """One octet changed, taken out or put in."""
    at = dice.randrange(len(data))
    change = dice.randrange(3)
    if change == 0:
        return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
    return data[:at] + data[at + 1 :] if change == 1 else data[:at] + b"\x5a" + data[at:]


class Set:
    """Signatures in ClamAV's formats, and pieces to build objects from."""

    def __init__(self, dice):
        self.ndb, self.hdb, self.hsb, self.pieces, self.whole = [], [], [], [], []
        for number in range(PATTERNS):
            text, hit = pattern(dice)
            where = dice.choice(["*"] * 6 + ["0", "10", "4,30", "EOF-%d" % len(hit), "EOF-40,30"])
            target = "0" if where.startswith("EOF") else dice.choice("00006")
            self.ndb.append(f"P{number}:{target}:{where}:{text}")
            self.pieces.append((where, hit))
        for number in range(HASHES):
            data = BINARY + octets(dice, 20, 4000)
            kind = dice.choice(["md5", "sha1", "sha256"])
            size = len(data) + dice.choice([0, 0, 0, 1])
            line = f"{hashlib.new(kind, data).hexdigest()}:{size}:H{number}"
            (self.hdb if kind == "md5" else self.hsb).append(line)
            self.whole.append(data)

    def object(self, dice):
        """An object with a hit, a near miss, or nothing, with luck at the right place."""
        if dice.random() < 0.2:
            data = dice.choice(self.whole)
            return data if dice.random() < 0.7 else near_miss(dice, data)
        where, hit = dice.choice(self.pieces)
        if dice.random() < 0.4:
            hit = near_miss(dice, hit)
        elf = dice.random() < 0.5 and not where.startswith("EOF")
        start = (b"\x7fELF\x01" if elf else BINARY) + fill(dice, 0, 40)
        if where[0] in "0123456789" and dice.random() < 0.8:
            start = start[: int(where.split(",")[0])]
        end = b"" if where.startswith("EOF") and dice.random() < 0.7 else fill(dice, 0, 3000)
        return start + hit + end


def clamscan(folder, objects):
    """Name of the signature per object that clamscan finds something in."""
    done = subprocess.run(
        ["clamscan", "-d", folder, *OPTIONS, *objects],
        capture_output=True,
        text=True,
        check=False,
        timeout=CLAMSCAN_SECONDS,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = {}
    for path, name in re.findall(r"(?m)^(.*): (\S+)\.UNOFFICIAL FOUND$", done.stdout):
        found.setdefault(path, set()).add(name)
    return found


def test_same_detections_as_clamscan(match_cli, tmp_path):
    dice = random.Random(20240506)
    signatures = Set(dice)
    files = {name: getattr(signatures, name) for name in ("ndb", "hdb", "hsb")}
    objects = [signatures.object(dice) for _ in range(OBJECTS)]
    report = compare(match_cli, tmp_path, files, objects)
    assert report.patterns + sum(report.hashes) == PATTERNS + HASHES


def compare(match_cli, tmp_path, files, objects):
    """The same signatures and objects for both; gives the compiler's report."""
    sources = tmp_path / "db"
    sources.mkdir()
    compiler = Compiler()
    for name, lines in files.items():
        text = "\n".join(lines) + "\n"
        (sources / f"t.{name}").write_text(text)
        compiler.add(f"t.{name}", text.encode())
    data, report = compiler.finish("test", 0)
    assert report.refusals == []
    database = tmp_path / "t.sig"
    database.write_bytes(data)
    paths = []
    for number, data in enumerate(objects):
        paths.append(tmp_path / f"o{number}")
        paths[-1].write_bytes(data)
    ours = subprocess.run(
        [match_cli, database, "4096", *paths], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    theirs = clamscan(sources, paths)
    assert len(ours) == len(objects)
    differing = []
    for path, line in zip(paths, ours, strict=True):
        name, _, state = line.split(" ")
        names = theirs.get(str(path), set())
        if state != "ok" or (name not in names if name != "-" else names):
            differing.append((path.name, line, names))
    assert differing == []
    assert len(objects) // 4 < len(theirs) < len(objects) * 7 // 8, "hits and misses are frequent"
    return report


def subsignature(dice, rigid):
    """Text of a subsignature of an .ldb line, and octets that it matches."""
    first, second = (bytes(dice.choices(LETTERS, k=dice.randint(5, 9))) for _ in range(2))
    shape = dice.choice(RIGID if rigid else range(10))
    text = f"{first.hex()}%s{second.hex()}"
    if shape == 0:
        return text % "(78|79|7a)", first + bytes([dice.choice(b"xyz")]) + second
    if shape == 1:
        return text % "(7878|797a|3132)", first + dice.choice([b"xx", b"yz", b"12"]) + second
    if shape == 2:
        return text % "(78|797a|313233)", first + dice.choice([b"x", b"yz", b"123"]) + second
    if shape == 3:
        return text % "!(78|79)", first + b"!" + second
    if shape == 4:
        return first.hex() + "::i", swapped(dice, first)
    if shape == 5:
        return first.hex() + "::w", wide(first)
    if shape == 6:
        return first.hex() + "::wa", dice.choice([first, wide(first)])
    if shape == 7:
        return first.hex() + "::f", dice.choice([b" ", b"-", b"a"]) + first + b"."
    if shape == 8:
        return f"{first.hex()}[2-5]7a", first + fill(dice, 2, 5) + b"z"
    return first.hex() + "::iwa", dice.choice([swapped(dice, first), wide(first)])


BETWEEN = b"\x02\x81\xff\x03"  # nothing that text of any encoding has: clamscan would decode it
RIGID = (0, 1, 3, 4, 5, 6, 7, 9)  # all hits are as long: they can be counted
LETTERS = b"QWRTZPqwrtzp"  # no digits of hexadecimal, no words that files are full of


def swapped(dice, data):
    return bytes(octet ^ dice.choice([0, 0x20]) for octet in data)


def wide(data):
    return b"".join(bytes([octet, 0]) for octet in data)


EXPRESSIONS = (
    ["0", "0&1", "0|1", "0&1&2", "(0|1)&2", "(0&1)|2", "0&(1|2)", "0=1", "0=2", "0>1", "0<2&1>0"]
    + ["0&1=0", "(0|1|2)>1", "(0|1|2)>2,1", "(0|1|2)=2", "(0|1|2)>1,2", "0&(1<2)", "2&(0|1)=0"]
    + ["(0|1)>0&2", "0&1&2=0"]
)


def test_logical_signatures_as_clamscan(match_cli, tmp_path):
    dice = random.Random(20240507)
    lines, pieces = [], []
    for number, expression in enumerate(EXPRESSIONS * 6):
        count = 1 + max(max(term.subsignatures) for term in terms(parse(expression, 3)))
        subs = [subsignature(dice, bool(set("=<>") & set(expression))) for _ in range(count)]
        lines.append(";".join([f"L{number}", "Target:0", expression, *(text for text, _ in subs)]))
        pieces.append([octets for _, octets in subs])
    objects = []
    for _ in range(OBJECTS):
        mine = dice.choice(pieces)
        parts = [b""]
        for _ in range(dice.randint(1, 5)):
            part = dice.choice(mine)
            parts.append(near_miss(dice, part) if dice.random() < 0.15 else part)
        objects.append(BINARY + BETWEEN.join(parts) + BETWEEN * 20)
    report = compare(match_cli, tmp_path, {"ldb": lines}, objects)
    assert report.logical == len(lines)
