"""Which bundle is sent to a box, and what is said before any is sent.  FAULTS 61, 62, 65, 69."""

import hashlib
import importlib.util
from pathlib import Path

import pytest
from restante_tools.errors import USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.fieldline import pushing

VECTORS = Path(__file__).resolve().parents[1] / "vectors/bundles/make.py"
SETS = ("signatures", "signatures-delta")
OLD = bytes(range(256)) * 16
NEW = OLD[:2000] + b"news" + OLD[2000:]
OTHER = b"x" * 4096
BOX = "virt stable 0.1.0 1"


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("bundle_vectors", VECTORS)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def file(make, tmp_path):
    """file(name, content, serial, …) -> Offered"""

    def written(name, content=NEW, serial=6, kind="signatures", **parts):
        key = {"firmware": make.FIRMWARE}.get(kind, make.SIGNATURES[0])
        path = tmp_path / name
        path.write_bytes(make.made(kind, key, content=content, serial=serial, **parts))
        return path

    return written


def have(make, content=OLD, serial=5, epoch=1):
    """The words of `update have set`."""
    return f"{hashlib.sha256(content).hexdigest()[:16]} {epoch} {serial}"


def test_the_smallest_that_fits(make, file):
    whole = pushing.read(file("whole"), SETS)
    fits = pushing.read(file("fits", kind="signatures-delta", base=OLD), SETS)
    other = pushing.read(file("other", kind="signatures-delta", base=OTHER), SETS)
    every = [whole, other, fits]
    assert pushing.chosen(every, pushing.State(have(make), "1", BOX), False) is fits
    for state in ("none", have(make, b"another one")):
        assert pushing.chosen(every, pushing.State(state, "1", BOX), False) is whole
    assert pushing.chosen(every, pushing.State(have(make, NEW, 6), "1", BOX), False) is None


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"hardware": "pi"}, "made for hardware pi; this box is virt"),
        ({"channel": "test"}, "made for channel test; this box is stable"),
        ({"firmware": "99.0.0"}, "needs firmware 99.0.0 or later"),
        ({"engine": "99"}, "needs engine level 99"),
        ({"epoch": 2}, "of epoch 2; the box's keys are of epoch 1"),
        ({"serial": 4}, "epoch 1 serial 4 is not later"),
        ({"kind": "signatures-delta", "base": OTHER}, "a delta for another set"),
    ],
)
def test_what_the_box_would_refuse(make, file, parts, what):
    offered = [pushing.read(file("wrong", **parts), SETS)]
    with pytest.raises(ToolError, match=what) as caught:
        pushing.chosen(offered, pushing.State(have(make), "1", BOX), False)
    assert caught.value.code == VERIFICATION_FAILED and caught.value.hint


def test_what_is_no_sound_bundle(make, file):
    path = file("b")
    data = path.read_bytes()
    for octets, what in (
        (data[:-1] + bytes((data[-1] ^ 1,)), "not what its manifest says"),
        (data[:-1], "b: "),
        (b"", "b: "),
    ):
        path.write_bytes(octets)
        with pytest.raises(ToolError, match=what) as caught:
            pushing.read(path, SETS)
        assert caught.value.code == VERIFICATION_FAILED
    path.write_bytes(data)
    with pytest.raises(ToolError, match="a bundle of signatures") as caught:
        pushing.read(path, ("firmware",))
    assert caught.value.code == USAGE and "restante signatures push" in caught.value.hint
    with pytest.raises(ToolError) as caught:
        pushing.read(path.with_name("nothing"), SETS)
    assert caught.value.code == USAGE
