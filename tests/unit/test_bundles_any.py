"""Any octets at all: what reads bundles answers or raises BundleError, nothing else."""

import hashlib
from pathlib import Path

import crypto_reference as crypto
from hypothesis import given, settings
from hypothesis import strategies as st
from restante.update import bundle, delta, keys, manifest, signature, trust
from restante.update.fault import BundleError
from restante_tools.bundles.difference import difference

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "bundles"
KEYS = keys.parse((VECTORS / "keys-1").read_bytes())
SEEDS = [path.read_bytes() for path in sorted(VECTORS.glob("*.rstb"))]
GOOD = ("signatures", "delta", "firmware", "keys-2")
WELL_FORMED = [(VECTORS / (name + ".rstb")).read_bytes() for name in GOOD]
FRONTS = [bundle.read(data[: bundle.FRONT_OCTETS], len(data)) for data in WELL_FORMED]


@st.composite
def mutated(draw, seeds):
    """A seed with a few octets changed, taken out or put in."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(data)


def answer(call, *arguments):
    try:
        return call(*arguments)
    except BundleError as error:
        assert error.code and error.what and error.cause and error.step
        return None


def judged(data, total):
    front = bundle.read(data[: bundle.FRONT_OCTETS], total)
    box = trust.Box("virt", "stable", (0, 1, 0), 1, KEYS, None)
    payload = data[front.payload_at :]
    decision = trust.judge(front, box, crypto)
    if decision.accepted and decision.manifest.kind == manifest.KEYS:
        decision = trust.judge_keys(front, payload, box, crypto)
    return decision


@given(st.binary(max_size=2000), st.integers(0, 2**64))
def test_any_octets(data, total):
    answer(judged, data, total)
    answer(judged, bundle.MAGIC + b"\1\0\0\0" + data, total)


@settings(max_examples=400)
@given(mutated(SEEDS))
def test_mutated_bundles(data):
    decision = answer(judged, data, len(data))
    if decision is not None and decision.accepted:  # then the head is one that was signed
        head = bundle.read(data[: bundle.FRONT_OCTETS], len(data)).head
        assert any(seed.startswith(head) for seed in SEEDS)


@settings(max_examples=400)
@given(mutated([front.manifest for front in FRONTS]) | st.binary(max_size=1100))
def test_any_manifest(data):
    found = answer(manifest.parse, data)
    if found is not None:  # one meaning, one spelling
        texts = dict(line.split("=") for line in data.decode().splitlines())
        assert manifest.write(texts) == data


@settings(max_examples=400)
@given(mutated([path.read_bytes() for path in VECTORS.glob("keys-?")]) | st.binary(max_size=500))
def test_any_key_set(data):
    found = answer(keys.parse, data)
    if found is not None:
        assert found.write() == data


@given(mutated([front.signatures[0].minisig() for front in FRONTS]) | st.binary(max_size=400))
def test_any_minisig(data):
    found = answer(signature.parse_minisig, data)
    if found is not None:
        assert signature.parse_minisig(found.minisig()).comment == found.comment


@given(st.binary(max_size=60))
def test_any_public_key(data):
    found = answer(signature.parse_public, data)
    if found is not None:
        assert signature.public_line(*found).encode() == data


BASE = (VECTORS / "base").read_bytes()
RESULT = (VECTORS / "result").read_bytes()


def applied(records, base, result, pieces):
    """(outcome, what was written): the outcome is "done" or the error's code."""
    out = bytearray()

    def read(place, view):
        assert place >= 0 and place + len(view) <= len(base)
        view[:] = base[place : place + len(view)]

    applier = delta.Applier(
        len(base), len(result), hashlib.sha256(result).digest(), read, out.extend
    )
    try:
        at = 0
        for piece in pieces:
            applier.feed(records[at : at + piece])
            at += piece
        applier.feed(records[at:])
        applier.finish()
    except BundleError as error:
        return error.code, bytes(out)
    return "done", bytes(out)


@given(
    mutated([difference(BASE, RESULT), difference(BASE, BASE), difference(b"", RESULT)])
    | st.binary(max_size=200),
    st.lists(st.integers(0, 50), max_size=20),
)
def test_any_delta_however_it_is_cut(records, pieces):
    outcome, out = applied(records, BASE, RESULT, pieces)
    assert outcome in ("done", "malformed", "result") and len(out) <= len(RESULT)
    assert (outcome == "done") <= (out == RESULT)
    whole, _ = applied(records, BASE, RESULT, [])
    assert whole == outcome


@st.composite
def versions(draw):
    """Two files that share pieces."""
    pieces = draw(st.lists(st.binary(max_size=80), min_size=1, max_size=12))
    pick = st.lists(st.sampled_from(pieces) | st.binary(max_size=40), max_size=20)
    return b"".join(draw(pick)), b"".join(draw(pick))


@given(versions(), st.lists(st.integers(0, 50), max_size=20))
def test_a_difference_gives_the_newer_file(both, pieces):
    base, result = both
    records = difference(base, result)
    assert applied(records, base, result, pieces) == ("done", result)
    assert len(records) <= len(result) + 6


@given(
    st.binary(min_size=64, max_size=500), st.integers(0, 500), st.binary(min_size=1, max_size=9)
)
def test_a_difference_is_small_where_little_changed(base, at, more):
    base = base * 20
    result = base[:at] + more + base[at:]
    assert len(difference(base, result)) < 200
