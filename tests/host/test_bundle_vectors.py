"""The vectors of tests/vectors/bundles are what the program beside them makes, to the octet."""

import subprocess
import sys
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "bundles"
BESIDE = {"make.py", "README.md"}


def octets_in(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_the_vectors_are_those_of_their_program(tmp_path):
    subprocess.run([sys.executable, VECTORS / "make.py", tmp_path / "fresh"], check=True)
    kept = {n: data for n, data in octets_in(VECTORS).items() if n not in BESIDE}
    assert octets_in(tmp_path / "fresh") == kept


def test_each_bundle_has_a_case():
    rows = (VECTORS / "cases.txt").read_text().splitlines()
    named = {row.split()[0] + ".rstb" for row in rows if not row.startswith("#")}
    assert named == {path.name for path in VECTORS.glob("*.rstb")}
