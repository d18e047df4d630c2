"""The matcher beside clamscan: the very same signature files, the same objects, same detections.

Objects are binary, so that clamscan takes them as they are: text it would also normalise. It does
not look for EOF offsets in an ELF file whose header it cannot read, so those get another start.
"""

import hashlib
import random
import re
import subprocess

from restante_tools.signatures.compiler import Compiler

OBJECTS = 400
PATTERNS = 160
HASHES = 60
CLAMSCAN_SECONDS = 120  # it loads a small set in under a second; a busy machine may take longer
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
        ["clamscan", "-d", folder, "--no-summary", "--allmatch", *objects],
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
    sources = tmp_path / "db"
    sources.mkdir()
    compiler = Compiler()
    for name in ("ndb", "hdb", "hsb"):
        text = "\n".join(getattr(signatures, name)) + "\n"
        (sources / f"t.{name}").write_text(text)
        compiler.add(f"t.{name}", text.encode())
    data, report = compiler.finish("test", 0)
    assert report.refusals == [] and report.patterns + sum(report.hashes) == PATTERNS + HASHES
    database = tmp_path / "t.sig"
    database.write_bytes(data)
    paths = []
    for number in range(OBJECTS):
        paths.append(tmp_path / f"o{number}")
        paths[-1].write_bytes(signatures.object(dice))
    ours = subprocess.run(
        [match_cli, database, "4096", *paths], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    theirs = clamscan(sources, paths)
    assert len(ours) == OBJECTS
    differing = []
    for path, line in zip(paths, ours, strict=True):
        name, _, state = line.split(" ")
        names = theirs.get(str(path), set())
        if state != "ok" or (name not in names if name != "-" else names):
            differing.append((path.name, line, names))
    assert differing == []
    assert OBJECTS // 4 < len(theirs) < OBJECTS - OBJECTS // 8, "hits and misses are both frequent"
