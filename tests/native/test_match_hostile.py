"""Signature files that lie: whatever they say, nothing outside them is read. Under sanitizers."""

import hashlib
import random
import re
import subprocess
from pathlib import Path

import pytest
from programmaking import program
from restante_tools.signatures.compiler import Compiler

FACTORY = Path(__file__).resolve().parents[2] / "board" / "common" / "signatures"
# Beside the factory's: every kind of signature and every section of the file.
MORE = {
    "more.ldb": b"L1;Target:0;0&(1|2)>1&!3;"
    b"524553(54|5454)414e5445;4e54452d::i;544553542d::wa;!(aa|bb)5a5a5a5a\n"
    b"L2;Target:0,FileSize:10-9999;(0|1)=3,2;54455354::f;52414e4745\n",
    "more.ndb": b"P1:1:EP+0:5051525354\nP2:1:S1+2,9:5051525354\nP3:1:SE0:41424344\n",
    "more.mdb": b"512:" + hashlib.md5(b"A" * 512).hexdigest().encode() + b":Piece\n",
    "more.cdb": b"C:CL_TYPE_ZIP:*:in[a-z]oice\\.(exe|scr)$:1-99:*:0:*:*:*\n",
    "more.ftm": b"0:0:58354f21:Eicar:CL_TYPE_ANY:CL_TYPE_EICAR\n",
    "more.yaml": b"rules: [{name: R, subject: '*you*prize'}, {name: S, file: '*.scr'}]\n",
    "more.fp": b"900150983cd24fb0d6963f7d28e17f72:3:Fine\n",
}
ROUNDS = 5_000  # files damaged at random; each takes about half a millisecond
ROUNDS_SOAK = 1_000_000
SECONDS = 3600


@pytest.fixture(scope="module")
def factory_set(tmp_path_factory):
    compiler = Compiler()
    for source in sorted(FACTORY.glob("*.?[ds]b")):
        compiler.add(source.name, source.read_bytes())
    for name, text in MORE.items():
        compiler.add(name, text)
    data, report = compiler.finish("factory", 0)
    assert report.refusals == []
    path = tmp_path_factory.mktemp("hostile") / "factory.sig"
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Objects that set off as many constructs as there are."""
    folder = tmp_path_factory.mktemp("samples")
    eicar = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    middle = b" ".join(
        b"RESTANTE-TEST-" + text
        for text in (
            b"ANY-FIRST",
            b"RANGE-FIRST.....RESTANTE-TEST-RANGE-LAST",
            b"MOST-FIRST",
            b"OCTET-xx-91ab",
            b"EXACT-FIRST" + b"." * 100 + b"RESTANTE-TEST-EXACT-LAST",
            b"ANY-LAST",
        )
    )
    contents = [eicar, b"." * 4000 + middle + b"." * 6000 + b"RESTANTE-TEST-END-83c2", middle]
    contents.append(program([b"A" * 512, b"..PQRST" * 90], entry=3))
    paths = [folder / str(number) for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def test_damaged_everywhere(native_programs, factory_set, samples, soak):
    rounds = ROUNDS_SOAK if soak else ROUNDS
    seed = random.randrange(1 << 32) if soak else 1
    done = subprocess.run(
        [native_programs / "match_corrupt_asan", factory_set, str(rounds), str(seed), *samples],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stdout}{done.stderr}"
    counts = dict(re.findall(r"(\w+) (\d+)", done.stdout))
    assert int(counts["opened"]) > rounds / 2
    assert int(counts["refused"]) > 500
    assert int(counts["matched"]) > 0


def test_the_good_file_still_opens(match_cli, factory_set, samples):
    done = subprocess.run(
        [match_cli, factory_set, "0", *samples], capture_output=True, text=True, check=True
    )
    names = [line.split(" ")[0] for line in done.stdout.splitlines()]
    assert names == ["Eicar-Test", "Restante.Test.Octet", "Restante.Test.Octet", "P2"]


@pytest.mark.parametrize(
    "offset, octets, message",
    [
        (0, b"X", "not a signature file"),
        (8, b"\x63", "another version"),
        (16, b"\xff" * 8, "cut off"),
        (52, b"\x03", "contradicts itself"),
        (36, b"\xff", "contradicts itself"),
        (72, b"\xff" * 8, "contradicts itself"),
        (80, b"\xff" * 8, "contradicts itself"),
    ],
)
def test_refusals_say_why(match_cli, factory_set, samples, tmp_path, offset, octets, message):
    data = bytearray(factory_set.read_bytes())
    data[offset : offset + len(octets)] = octets
    bad = tmp_path / "bad.sig"
    bad.write_bytes(data)
    done = subprocess.run(
        [match_cli, bad, "0", samples[0]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert message in done.stdout
