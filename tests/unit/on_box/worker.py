"""_sys.Worker and loop.Helper on it.  Runs on MicroPython only."""

import asyncio
import errno
import hashlib
import os
from binascii import hexlify

import _sys
from files import new, raises
from restante.loop import Helper

TMP = os.getenv("RESTANTE_TMP") + "/"
HELPER = Helper()


def large(name):
    """A file that takes its time to hash: 1 MB."""
    fd = new(name)
    piece = bytes(50000)
    for _ in range(20):
        _sys.write(fd, piece, 0, len(piece))
    return fd


async def fails(number, awaitable):
    try:
        await awaitable
    except OSError as error:
        assert error.errno == number, error
        return
    raise AssertionError("no OSError")


def test_one_per_program():
    raises(errno.EBUSY, _sys.Worker)


def test_operations():
    async def run():
        fd = new("job", b"0123456789" * 20000)
        await HELPER.fsync(fd)
        digest = hashlib.sha256(b"0123456789" * 20000).digest()
        assert await HELPER.sha256(fd) == digest
        await HELPER.rename(TMP + "job", TMP + "done")
        await HELPER.fsync_dir(TMP)
        assert _sys.stat(TMP + "done")[3] == 200000
        await HELPER.unlink(TMP + "done")
        await fails(errno.ENOENT, HELPER.unlink(TMP + "done"))
        await fails(errno.ENOENT, HELPER.rename(TMP + "done", TMP + "other"))
        await fails(errno.ENOENT, HELPER.fsync_dir(TMP + "missing"))
        assert await HELPER.sha256(fd) == digest  # open, without a name
        _sys.close(fd)
        await fails(errno.EBADF, HELPER.fsync(fd))

    asyncio.run(run())


def test_argon2():
    """The octets are another implementation's: cryptography's Argon2id, 8192 KiB, 3 passes."""

    async def run():
        salt = b"of no other box."
        digest = await HELPER.argon2("a box on a bench", salt)
        assert hexlify(digest) == (
            b"441780d9881ad8dacb13a085c126a497c4ccd806c24718c11967280dedd9852e"
        )
        longest = await HELPER.argon2("x" * 255, salt)
        assert await HELPER.argon2("x" * 254, salt) != longest
        await fails(36, HELPER.argon2("x" * 256, salt))
        await fails(36, HELPER.argon2("a\0b", salt))
        for wrong in (b"", salt[1:], salt + b"x"):
            try:
                await HELPER.argon2("x", wrong)
            except ValueError:
                continue
            raise AssertionError(wrong)

    asyncio.run(run())


def test_the_loop_goes_on_while_a_password_is_hashed():
    async def run():
        rounds = 0
        task = asyncio.create_task(HELPER.argon2("x", bytes(16)))
        while not task.done():
            await asyncio.sleep_ms(1)
            rounds += 1
        assert rounds > 5, rounds

    asyncio.run(run())


def test_descriptor_may_be_closed_at_once():
    async def run():
        fd = new("closed", b"x")
        task = asyncio.create_task(HELPER.sha256(fd))
        await asyncio.sleep_ms(0)
        _sys.close(fd)
        other = new("other", b"yy")
        assert other == fd  # the number is used anew
        assert await task == hashlib.sha256(b"x").digest()
        _sys.close(other)

    asyncio.run(run())


def test_many_at_once_each_gets_its_own():
    async def one(n):
        fd = new("many%d" % n, b"x" * n)
        assert await HELPER.sha256(fd) == hashlib.sha256(b"x" * n).digest()
        _sys.close(fd)

    async def run():
        await asyncio.gather(*[one(n) for n in range(100)])

    asyncio.run(run())


def test_full_ring_says_so_and_recovers():
    async def run():
        fd = large("full")
        tasks = [asyncio.create_task(HELPER.sha256(fd)) for _ in range(200)]
        done = await asyncio.gather(*tasks, return_exceptions=True)
        refused = [e for e in done if isinstance(e, OSError) and e.errno == errno.EAGAIN]
        assert len(refused) + len([d for d in done if isinstance(d, bytes)]) == 200
        assert 0 < len(refused) <= 72
        assert isinstance(await HELPER.sha256(fd), bytes)
        _sys.close(fd)

    asyncio.run(run())


def test_cancelled_and_late_waits_leave_no_trace():
    async def run():
        fd = large("late")
        await fails(errno.ETIMEDOUT, HELPER.sha256(fd, ms=0))
        task = asyncio.create_task(HELPER.sha256(fd))
        await asyncio.sleep_ms(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert len(await HELPER.sha256(fd)) == 32
        assert not HELPER._waits and not HELPER._results
        _sys.close(fd)

    asyncio.run(run())


def test_wrong_arguments():
    for arguments in ((99, 1), (_sys.RENAME, "a"), (_sys.FSYNC, 1, 2), (_sys.UNLINK, "x" * 300)):
        try:
            HELPER._worker.submit(*arguments)
        except (ValueError, TypeError, OSError):
            continue
        raise AssertionError(arguments)


def test_new_event_loop():
    test_operations()
    asyncio.new_event_loop()
    test_operations()
