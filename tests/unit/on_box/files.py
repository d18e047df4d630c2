"""_sys: files, folders and sizes.  Runs on MicroPython only."""

import errno
import os

import _sys

TMP = os.getenv("RESTANTE_TMP") + "/"
FIONREAD = 0x541B
ENOTTY = 25


def raises(number, function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        assert error.errno == number, error
        return
    raise AssertionError("no OSError")


def raises_value_error(function, *arguments):
    try:
        function(*arguments)
    except ValueError:
        return
    raise AssertionError("no ValueError")


def new(name, content=b""):
    fd = _sys.open(TMP + name, _sys.O_RDWR | _sys.O_CREAT | _sys.O_TRUNC)
    assert _sys.write(fd, content, 0, len(content)) == len(content)
    return fd


def test_open_makes_private_files_once():
    flags = _sys.O_WRONLY | _sys.O_CREAT | _sys.O_EXCL
    _sys.close(_sys.open(TMP + "once", flags))
    assert _sys.stat(TMP + "once")[0] & 0o777 == 0o600
    raises(errno.EEXIST, _sys.open, TMP + "once", flags)
    raises(errno.ENOENT, _sys.open, TMP + "missing", _sys.O_RDONLY)
    _sys.close(_sys.open(TMP + "mode", flags, 0o400))
    assert _sys.stat(TMP + "mode")[0] & 0o777 == 0o400


def test_no_follow():
    # MicroPython makes no symbolic links; /proc/self/exe is one.
    raises(40, _sys.open, "/proc/self/exe", _sys.O_RDONLY | _sys.O_NOFOLLOW)  # ELOOP


def test_read_and_write_within_a_range():
    fd = new("range", b"0123456789")
    buf = bytearray(b"..........")
    assert _sys.pread(fd, buf, 2, 5, 4) == 3
    assert buf == b"..456....."
    assert _sys.pwrite(fd, b"abcdef", 1, 3, 8) == 2
    assert _sys.pread(fd, buf, 0, 10, 0) == 10
    assert buf == b"01234567bc"
    assert _sys.pread(fd, buf, 0, 10, 10) == 0  # the end
    _sys.close(fd)


def test_ranges_outside_of_the_buffer():
    fd = new("outside", b"x")
    for start, end in ((-1, 1), (0, 5), (3, 2), (5, 5), (0, -1)):
        raises_value_error(_sys.pread, fd, bytearray(4), start, end, 0)
        raises_value_error(_sys.write, fd, b"1234", start, end)
    assert _sys.write(fd, b"1234", 4, 4) == 0
    _sys.close(fd)


def test_a_buffer_that_is_read_only():
    fd = new("constant", b"x")
    try:
        _sys.pread(fd, b"1234", 0, 1, 0)
    except TypeError:
        _sys.close(fd)
        return
    raise AssertionError("wrote into bytes")


def test_offsets_beyond_32_bits():
    fd = new("large")
    far = 5 << 30
    assert _sys.pwrite(fd, b"far", 0, 3, far) == 3
    assert _sys.fsize(fd) == far + 3
    assert _sys.stat(TMP + "large")[3] == far + 3
    buf = bytearray(3)
    assert _sys.pread(fd, buf, 0, 3, far) == 3 and buf == b"far"
    _sys.ftruncate(fd, far + 1)
    assert _sys.fsize(fd) == far + 1
    for offset in (-1, 1 << 63, 1 << 70, -(1 << 70)):
        raises_value_error(_sys.pread, fd, buf, 0, 1, offset)
    raises(errno.EFBIG, _sys.ftruncate, fd, (1 << 63) - 1)
    _sys.close(fd)
    _sys.unlink(TMP + "large")


def test_closed_descriptor():
    fd = new("closed")
    _sys.fsync(fd)
    _sys.close(fd)
    for call in (_sys.close, _sys.fsync, _sys.fsize):
        raises(errno.EBADF, call, fd)


def test_folders():
    _sys.mkdir(TMP + "folder", 0o700)
    assert _sys.stat(TMP + "folder")[0] & 0o777 == 0o700
    raises(errno.EEXIST, _sys.mkdir, TMP + "folder", 0o700)
    for name in ("b", "a", ".hidden"):
        _sys.close(new("folder/" + name))
    assert sorted(_sys.listdir(TMP + "folder")) == [".hidden", "a", "b"]
    _sys.link(TMP + "folder/a", TMP + "folder/c")
    _sys.unlink(TMP + "folder/a")
    assert sorted(_sys.listdir(TMP + "folder")) == [".hidden", "b", "c"]
    raises(errno.ENOENT, _sys.unlink, TMP + "folder/a")
    raises(errno.ENOTDIR, _sys.listdir, TMP + "folder/b")
    _sys.chmod(TMP + "folder/b", 0o640)
    assert _sys.stat(TMP + "folder/b")[0] & 0o777 == 0o640


def test_listdir_closes_the_folder():
    _sys.mkdir(TMP + "often", 0o700)
    before = len(_sys.listdir("/proc/self/fd"))
    for _ in range(100):
        _sys.listdir(TMP + "often")
    assert len(_sys.listdir("/proc/self/fd")) == before


def test_chown_to_oneself():
    mode, uid, gid, size, mtime = _sys.stat(TMP)
    _sys.close(new("own"))
    _sys.chown(TMP + "own", uid, gid)
    assert _sys.stat(TMP + "own")[1:3] == (uid, gid)
    assert mtime > 1577836800  # 2020


def test_free_octets():
    assert _sys.free_octets(TMP) > 0
    raises(errno.ENOENT, _sys.free_octets, TMP + "missing")


def test_sendfile():
    source = new("source", b"0123456789")
    target = new("target")
    assert _sys.sendfile(target, source, 3, 4) == 4
    assert _sys.sendfile(target, source, 9, (1 << 32) + 1) == 1
    assert _sys.sendfile(target, source, 10, 1) == 0
    buf = bytearray(10)
    assert _sys.pread(target, buf, 0, 10, 0) == 5 and buf[:5] == b"34569"


def test_ioctl_fills_the_buffer():
    fd = new("asked", b"12345")
    assert _sys.pread(fd, bytearray(2), 0, 2, 0) == 2
    waiting = bytearray(16)
    left = _sys.open(TMP + "asked", _sys.O_RDONLY)
    assert _sys.ioctl(left, FIONREAD, waiting) == 0 and waiting[0] == 5
    raises(ENOTTY, _sys.ioctl, left, 0xC138FD03, bytearray(312))
    raises(errno.EBADF, _sys.ioctl, 999, FIONREAD, waiting)
    raises_value_error(_sys.ioctl, left, FIONREAD, bytearray(15))
    raises_value_error(_sys.ioctl, left, 0xC138FD03, bytearray(311))
    _sys.close(left)
    _sys.close(fd)


def test_growing_what_is_no_ext4_partition():
    try:
        _sys.ext4_resize("/proc")
    except OSError:
        return
    raise AssertionError("grew /proc")
