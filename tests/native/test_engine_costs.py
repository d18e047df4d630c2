"""Prints what the engine costs in instructions per octet; only what it finds is asserted.

The figures to compare with are in firmware/native/engine/README.md.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from restante_tools.signatures.compiler import Compiler

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import corpus
import signature_sets

SEED = 20240506
PATTERNS = 1_000
OCTETS = 150_000  # of each message: callgrind is slow


@pytest.fixture(scope="module")
def mail():
    """Kind -> message in wire form."""
    writer = corpus.Writer(SEED)
    return {kind: corpus.stuffed(writer.of_kind(kind, OCTETS)) for kind in corpus.KINDS}


@pytest.fixture(scope="module")
def bench(native_programs, mail, tmp_path_factory):
    """Runs the bench program over messages: bench(messages, before=()) -> its output."""
    folder = tmp_path_factory.mktemp("costs")
    made = signature_sets.make(SEED, b"".join(mail.values()), PATTERNS, PATTERNS, 1)
    compiler = Compiler()
    for name, text in made.files().items():
        compiler.add(name, text.encode())
    (folder / "bench.sig").write_bytes(compiler.finish("bench", 0)[0])

    def run(messages, mode="engine", before=()):
        paths = []
        for number, message in enumerate(messages):
            paths.append(folder / str(number))
            paths[-1].write_bytes(message)
        program = [native_programs / "engine_bench", mode, folder / "bench.sig", "16384"]
        listing = "".join(f"{path}\n" for path in paths)
        command = [str(word) for word in (*before, *program)]
        done = subprocess.run(command, input=listing, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    run.made = made
    return run


@pytest.mark.parametrize("mode", ["engine", "worker"])
def test_only_what_is_planted_is_found(bench, mail, mode):
    planted = {**bench.made.pattern_payloads, **bench.made.hash_payloads}
    assert len(planted) == 2
    carriers = [
        corpus.stuffed(corpus.Writer(SEED).carrier(payload, payload in whole))
        for whole in [bench.made.hash_payloads.values()]
        for payload in planted.values()
    ]
    output = bench([*mail.values(), *carriers], mode)
    said = re.findall(r"(?m)^(found|held) (\S+)", output)
    assert said == [("found", name) for name in planted]


def test_instructions_per_octet_are_printed(bench, mail):
    def counted(messages):
        before = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
        return int(re.findall(r"Collected : (\d+)", bench(messages, before=before))[0])

    empty = counted([])
    for kind, message in mail.items():
        print(f"{kind}: {(counted([message]) - empty) / len(message):.1f} instructions per octet")
