"""A set of signatures as large as real ones, that finds nothing in what people send each other.

The bench's generator makes it: half of the patterns begin with octets that the files at hand are
full of, so that they are looked at; what follows is random, 12 octets and more, so that no chance
finds them. Hashes have the sizes of ordinary files.
"""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests" / "bench"), str(TOP / "host-tools")]

import signature_sets  # noqa: E402
from restante_tools.signatures.compiler import Compiler  # noqa: E402

SEED = 20240601
PATTERNS, HASHES = 20_000, 1_000_000  # in full: a minute to compile
SAMPLE_HASHES = 50_000  # a sample has all of the patterns, which are what is searched for
PREFIXES = 400_000  # octets of files that half of the patterns begin with


def compiled(path, files, full):
    """Compile the set to `path`; gives (patterns, hashes). `files`: some that will be screened."""
    sample = b"".join(file.read_bytes()[:2000] for file in files)[:PREFIXES]
    hashes = HASHES if full else SAMPLE_HASHES
    compiler = Compiler()
    for name, text in signature_sets.make(SEED, sample, PATTERNS, hashes, 0).files().items():
        compiler.add(name, text.encode())
    octets, report = compiler.finish("large", 0)
    assert not report.refusals
    path.write_bytes(octets)
    return PATTERNS, hashes
