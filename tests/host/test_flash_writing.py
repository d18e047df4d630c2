"""Writing and reading back, over a plain file and over media that fail in every way and at every
moment: nothing is called written that is not, and nothing half-written can be taken for whole."""

import errno
import itertools
from pathlib import Path

import pytest
import small_image
from click.testing import CliRunner
from restante_tools.errors import DEVICE_OR_TIMEOUT, USAGE, VERIFICATION_FAILED, ToolError
from restante_tools.flash import commands, image, medium, table, writing
from restante_tools.flash.table import Range

MIB = small_image.MIB
OCTETS = small_image.octets()
PLACES = small_image.places()
LARGER = OCTETS // MIB * MIB + 4 * MIB
OLD_KEY = b"the key of the box before"


class Memory:
    """A medium that was in use before. `fail`: number of the operation that raises."""

    def __init__(self, octets=LARGER, fail=None, error=None, flip=None):
        self.octets = octets
        self.data = bytearray(b"\xa5" * octets)
        self.done = []
        self._count = itertools.count()
        self._fail, self._error, self._flip = fail, error, flip

    def _operation(self, *what):
        self.done.append(what)
        if next(self._count) == self._fail:
            raise self._error

    def write(self, offset, data):
        assert offset % 512 == 0 and len(data) % 512 == 0
        self._operation("write", offset, len(data))
        self.data[offset : offset + len(data)] = data
        if self._flip is not None and offset <= self._flip < offset + len(data):
            self.data[self._flip] ^= 1

    def read(self, offset, octets):
        self._operation("read", offset, octets)
        return bytes(self.data[offset : offset + octets])

    def sync(self):
        self._operation("sync")

    def forget(self):
        self._operation("forget")

    def discard(self, part):
        self._operation("discard")
        self.data[part.offset : part.end] = b"\x5a" * part.octets  # a chip answers anything

    def reread_table(self):
        self._operation("table")


@pytest.fixture
def opened(tmp_path):
    with image.opened(small_image.make(tmp_path / "small.img")) as opened:
        yield opened


def nothing(octets):
    pass


def write(opened, target, old=()):
    return writing.write(opened, target, list(old), nothing, nothing)


def as_image(opened, data):
    return all(
        data[part.offset : part.end] == opened.read(part.offset, part.octets)
        for part in opened.ranges
    )


def test_everything_that_matters_is_as_in_the_image(opened):
    target = Memory()
    verified = write(opened, target)
    assert as_image(opened, target.data)
    assert [each.range for each in verified] == opened.ranges
    keys, octets = PLACES["keys"]
    data = PLACES["data"][0]
    assert not any(target.data[keys : keys + octets]) and not any(target.data[data : data + MIB])
    assert target.data[data + MIB] == 0xA5  # behind it nothing is touched
    assert target.done[-1] == ("table",)


def test_an_old_table_at_the_end_of_a_larger_medium_goes(opened):
    target = Memory()
    write(opened, target)
    assert not any(target.data[-34 * 512 :])


def test_a_medium_of_the_image_s_size(opened):
    target = Memory(OCTETS)
    write(opened, target)
    assert as_image(opened, target.data)


def test_an_old_box_s_key_goes_wherever_it_was(opened):
    """Inside what is written, in the untouched rest of data, behind the image."""
    for at in (3 * MIB, PLACES["data"][0] + 4 * MIB, LARGER - 2 * MIB):
        target = Memory()
        target.data[at + 512 : at + 512 + len(OLD_KEY)] = OLD_KEY
        write(opened, target, [Range(at, at + MIB)])
        assert OLD_KEY not in target.data and as_image(opened, target.data)
        if at > PLACES["data"][0]:
            assert not any(target.data[at : at + MIB])  # zeros, not what a discard leaves


def test_a_key_that_the_old_table_puts_elsewhere_is_no_reason_to_write_there(opened):
    target = Memory()
    write(opened, target, [Range(LARGER - MIB, LARGER + MIB)])
    assert as_image(opened, target.data) and len(target.data) == LARGER


def operations(opened):
    target = Memory()
    write(opened, target)
    return len(target.done)


def test_a_failure_at_every_operation(opened, tmp_path):
    """Each is said, and until the last the medium has no partition table."""
    for number in range(operations(opened)):
        target = Memory(fail=number, error=OSError(errno.ENODEV, "No such device"))
        with pytest.raises(ToolError) as caught:
            write(opened, target)
        assert caught.value.code == DEVICE_OR_TIMEOUT and "pulled" in caught.value.cause
        if target.done[number] == ("table",):
            continue  # everything was written and verified by then
        if target.data[512:520] == table.SIGNATURE:
            raise AssertionError(f"a table is there after {target.done[: number + 1]}")


def test_stopped_at_every_operation(opened):
    for number in range(operations(opened) - 1):
        target = Memory(fail=number, error=KeyboardInterrupt())
        with pytest.raises(ToolError, match="stopped") as caught:
            write(opened, target)
        assert caught.value.code == writing.STOPPED and "same command" in caught.value.hint
        assert target.data[512:520] != table.SIGNATURE


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EIO, "worn out"),
        (errno.ENXIO, "pulled"),
        (errno.ENOSPC, "forged"),
        (errno.EREMOTEIO, "reader"),
    ],
)
def test_what_went_wrong(opened, number, cause):
    target = Memory(fail=5, error=OSError(number, "text"))
    with pytest.raises(ToolError) as caught:
        write(opened, target)
    assert cause in caught.value.cause and caught.value.hint


@pytest.mark.parametrize(
    "at",
    [0, 446, 512, MIB - 1, MIB, PLACES["rootB"][0] + 5999, PLACES["keys"][0] + 77, OCTETS - 1],
)
def test_a_flipped_bit_is_found(opened, at):
    target = Memory(flip=at)
    with pytest.raises(ToolError, match=f"octet {at:,} is not what was written") as caught:
        write(opened, target)
    assert caught.value.code == VERIFICATION_FAILED
    assert target.data[512:520] != table.SIGNATURE


def test_an_image_that_changes_meanwhile(opened):
    class Changes(Memory):
        def forget(self):
            with opened.path.open("r+b") as file:
                file.seek(MIB + 5)
                file.write(b"!")

    with pytest.raises(ToolError, match="is not what was written"):
        write(opened, Changes())


# -- the command, over a plain file


def flash(*words, **more):
    return CliRunner().invoke(commands.flash, [str(word) for word in words], **more)


def test_a_plain_file(opened, tmp_path):
    target = tmp_path / "disk"
    done = flash(opened.path, target, "--file", "--json")
    assert done.exit_code == 0 and '"sha256"' in done.stdout
    assert target.read_bytes() == opened.path.read_bytes()


def test_a_file_in_use_before(opened, tmp_path):
    """The key that its table has is gone, also where the new image has something else."""
    layout = (("kernelA", 2), ("keys", 1), ("data", 30))
    target = small_image.make(tmp_path / "disk", layout=layout)
    at = small_image.places(layout)["keys"][0]
    with target.open("r+b") as file:
        file.seek(at)
        file.write(OLD_KEY)
    assert flash(opened.path, target, "--file").exception.code == USAGE  # nobody to ask
    assert OLD_KEY in target.read_bytes()
    assert flash(opened.path, target, "--file", "--yes").exit_code == 0
    data = target.read_bytes()
    assert OLD_KEY not in data and as_image(opened, data)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["IMAGE"], "name a DEVICE"),
        (["IMAGE", "/dev/null"], "no block device"),
        (["IMAGE", "/dev/nothing"], "No such file"),
        (["IMAGE", "IMAGE"], "no block device"),
        (["IMAGE", "IMAGE", "--file", "--yes"], "is the image itself"),
        (["IMAGE", "/dev/null", "--file", "--yes"], "no plain file"),
        (["IMAGE", "/dev/null", "--serial", "unix:/nothing"], "name a DEVICE"),
        (["/nothing", "/dev/null"], "cannot be read"),
    ],
)
def test_what_is_refused(opened, words, what):
    named = [str(opened.path) if word == "IMAGE" else word for word in words]
    before = opened.path.read_bytes()
    error = flash(*named).exception
    assert what in str(error) and error.code == USAGE
    assert opened.path.read_bytes() == before


def test_the_name_must_be_typed(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    for typed, agreed in (("sdb", True), ("sdc", False), ("", False), ("y", False)):
        monkeypatch.setattr("click.prompt", lambda *_, typed=typed, **__: typed)
        if agreed:
            commands.agree("what", ["  line"], "sdb", False)
        else:
            with pytest.raises(ToolError, match="nothing was written"):
                commands.agree("what", [], "sdb", False)
    assert "  line" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EBUSY, "mounted"),
        (errno.EACCES, "only root"),
        (errno.EROFS, "lock"),
        (errno.ENOMEDIUM, "no card"),
        (errno.ENODEV, "gone"),
    ],
)
def test_why_a_medium_is_not_opened(number, cause):
    error = medium.not_opened(Path("/dev/sdb"), OSError(number, "text"))
    assert cause in error.cause and error.hint and error.code == DEVICE_OR_TIMEOUT


def test_what_does_not_answer_as_a_disk():
    with (
        pytest.raises(ToolError, match="cannot be opened") as caught,
        medium.block_device(Path("/dev/null"), 1),
    ):
        pass
    assert caught.value.code == DEVICE_OR_TIMEOUT
