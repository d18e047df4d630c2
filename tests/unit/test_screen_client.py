"""ScreenClient against a scripted screen process: deaths, lies, silence, order, cancellation.

The process is a list of behaviours, one a connection; the sockets are the session tests' part.
"""

import asyncio
import struct

import pytest
from restante.errors import NoRoom, ScreenUnavailable, StoreFull
from restante.screening import client, wire
from restante.screening.verdicts import CLEAN, KILLED

ECONNREFUSED = 111
ETIMEDOUT = 110
EPIPE = 32


class Settings:
    def __init__(self, deadline=60):
        self.deadline = deadline

    def get(self, path):
        return {"screening deadline": self.deadline}.get(path, 0)


class File:
    """What the client uses of a spool file."""

    size = 100
    fd = 7


def clean_reply(tag):
    head = struct.pack("<4sQBBHIIQQ", b"RSV1", tag, CLEAN, 0, 0, 0, 1, 0, 100)
    return head + b"\0" + b"\0\0" + b"\x01f"


def clean(request):
    return clean_reply(struct.unpack("<Q", request[48:56])[0])


def dies(request):
    return b""


def lies(request):
    return clean(request) + b"more"


def other_tag(request):
    return clean_reply(0)


def breaks(request):
    raise OSError(EPIPE)


def hangs(request):
    raise OSError(ETIMEDOUT)


class Process:
    """Plays `script`, one behaviour a connection; an OSError in it refuses the connection."""

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []
        self.open = 0
        self.most = 0

    def connect(self):
        behaviour = self.script.pop(0)
        if isinstance(behaviour, OSError):
            raise behaviour
        return Channel(self, behaviour)


class Channel:
    def __init__(self, process, behaviour):
        self.process = process
        self.behaviour = behaviour
        process.open += 1
        process.most = max(process.most, process.open)

    async def ask(self, request, fds, reply, ms):
        self.process.asked.append((bytes(request), fds, ms))
        if asyncio.iscoroutinefunction(self.behaviour):
            data = await self.behaviour(request)
        else:
            data = self.behaviour(request)
        reply[: len(data)] = data
        return len(data)

    def close(self):
        if self.process:
            self.process.open -= 1
            self.process = None


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(client, "CONNECT_PAUSE_MS", 0)


def screen(process, scratch=None, **settings):
    screening = client.ScreenClient(process.connect, Settings(**settings), scratch)
    report = asyncio.run(screening.screen(File))
    assert process.open == 0 and process.script == []
    return report, screening


def test_a_verdict():
    process = Process(clean)
    report, screening = screen(process)
    assert (report.verdict, report.size, report.bundle) == (CLEAN, 100, "f")
    assert screening.deaths == 0
    request, fds, ms = process.asked[0]
    assert fds == (File.fd,) and ms == 62000
    assert struct.unpack("<QI", request[8:20]) == (100, 60000)
    assert struct.unpack("<III", request[20:32]) == (16, 10000, 250)


@pytest.mark.parametrize("death", [dies, lies, other_tag, breaks, hangs])
def test_a_death_gets_one_more_worker(death):
    report, screening = screen(Process(death, clean))
    assert report.verdict == CLEAN and screening.deaths == 1 and screening.why


@pytest.mark.parametrize("death", [dies, lies, breaks, hangs])
def test_two_deaths_are_a_verdict_and_the_next_message_is_screened(death):
    process = Process(dies, death)
    report, screening = screen(process)
    assert report.verdict == KILLED and screening.deaths == 2
    process.script = [clean]
    assert asyncio.run(screening.screen(File)).verdict == CLEAN


def test_the_second_worker_has_a_new_tag():
    process = Process(dies, clean)
    screen(process)
    assert process.asked[0][0][48:56] != process.asked[1][0][48:56]


def test_a_restart_is_waited_for():
    refusals = [OSError(ECONNREFUSED)] * (client.CONNECT_TRIES - 1)
    report, screening = screen(Process(*refusals, clean))
    assert report.verdict == CLEAN and screening.deaths == 0
    report, _ = screen(Process(dies, *refusals, clean))
    assert report.verdict == CLEAN


def test_nobody_listens():
    process = Process(*[OSError(ECONNREFUSED)] * client.CONNECT_TRIES)
    with pytest.raises(ScreenUnavailable, match="cannot be reached"):
        screen(process)


def test_nobody_listens_after_a_death_is_a_passing_cause():
    process = Process(dies, *[OSError(ECONNREFUSED)] * client.CONNECT_TRIES)
    with pytest.raises(ScreenUnavailable):
        screen(process)


def no_room(request):
    return struct.pack("<4sQB", b"RSN1", struct.unpack("<Q", request[48:56])[0], 1)


class Scratch:
    """A store.Scratch; `files` are those that it gave out."""

    def __init__(self, error=None):
        self.error = error
        self.files = []

    def open(self):
        if self.error:
            raise self.error
        self.files.append(ScratchFile(len(self.files)))
        return self.files[-1]


class ScratchFile:
    def __init__(self, n):
        self.fd = 50 + n
        self.octets = 1000 + n
        self.closed = 0

    def close(self):
        self.closed += 1


def test_each_worker_has_a_scratch_of_its_own():
    process = Process(dies, clean)
    scratch = Scratch()
    screen(process, scratch)
    assert [fds for _, fds, _ in process.asked] == [(7, 50), (7, 51)]
    assert [struct.unpack("<Q", r[56:64])[0] for r, _, _ in process.asked] == [1000, 1001]
    assert [f.closed for f in scratch.files] == [1, 1]


def test_a_full_disk_is_a_passing_cause_and_no_second_worker_is_tried():
    process = Process(no_room)
    scratch = Scratch()
    screening = client.ScreenClient(process.connect, Settings(), scratch)
    with pytest.raises(NoRoom, match="no room to unpack"):
        asyncio.run(screening.screen(File))
    assert screening.no_room == 1 and screening.deaths == 0 and process.script == []
    assert scratch.files[0].closed == 1
    process.script = [clean]
    assert asyncio.run(screening.screen(File)).verdict == CLEAN


def test_a_scratch_that_cannot_be_had_is_a_passing_cause():
    process = Process()
    screening = client.ScreenClient(process.connect, Settings(), Scratch(StoreFull("full")))
    with pytest.raises(ScreenUnavailable, match="full"):
        asyncio.run(screening.screen(File))
    assert screening.no_room == 1 and process.asked == []
    assert len(screening._slots._free) == client.IN_FLIGHT


def test_nobody_there_gives_the_scratch_back():
    scratch = Scratch()
    with pytest.raises(ScreenUnavailable):
        screen(Process(*[OSError(ECONNREFUSED)] * client.CONNECT_TRIES), scratch)
    assert scratch.files[0].closed == 1


def test_distrusted_nothing_is_asked_but_by_the_self_test():
    process = Process(clean)
    screening = client.ScreenClient(process.connect, Settings())
    screening.distrusted = "the self-test failed"
    with pytest.raises(ScreenUnavailable, match="self-test"):
        asyncio.run(screening.screen(File))
    assert process.asked == []
    assert asyncio.run(screening.examine(File, Settings())).verdict == CLEAN


def test_rules_go_with_the_request_or_nothing_does():
    process = Process(clean)
    made = client.ScreenClient(process.connect, Settings(), rules=lambda s: b"r%d" % s.deadline)
    asyncio.run(made.screen(File, Settings(deadline=7)))
    assert process.asked[0][0][64:] == b"\x02\0\0\0r7"

    def broken(settings):
        raise ValueError("too many")

    for rules in (broken, lambda settings: bytes(wire.MAX_RULES + 1)):
        made = client.ScreenClient(Process().connect, Settings(), rules=rules)
        with pytest.raises(ScreenUnavailable, match="rules"):
            asyncio.run(made.screen(File))


def test_settings_of_an_account_go_before_those_of_all():
    process = Process(clean)
    screening = client.ScreenClient(process.connect, Settings())
    asyncio.run(screening.screen(File, Settings(deadline=7)))
    assert struct.unpack("<I", process.asked[0][0][16:20]) == (7000,)


class Gate:
    """A behaviour that waits until the test lets it answer; notes the order of arrival."""

    def __init__(self):
        self.arrived = []

    def behaviour(self):
        gate = asyncio.Event()

        async def wait(request):
            self.arrived.append(gate)
            await gate.wait()
            return clean(request)

        return wait


async def until(condition):
    """Lets the other tasks run until it holds; a bound instead of a clock."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never happened")


def test_two_at_once_the_others_in_order():
    async def main():
        gate = Gate()
        process = Process(*[gate.behaviour() for _ in range(5)])
        screening = client.ScreenClient(process.connect, Settings())
        done = []

        async def one(i):
            await screening.screen(File)
            done.append(i)

        tasks = [asyncio.create_task(one(i)) for i in range(5)]
        for i in range(5):
            await until(lambda: len(gate.arrived) == min(i + 2, 5))  # noqa: B023
            gate.arrived[i].set()
            await until(lambda: len(done) == i + 1)  # noqa: B023
        await asyncio.gather(*tasks)
        assert done == [0, 1, 2, 3, 4] and process.most == client.IN_FLIGHT

    asyncio.run(main())


def test_cancelled_ones_leave_no_trace():
    async def main():
        gate = Gate()
        process = Process(*[gate.behaviour() for _ in range(4)])
        screening = client.ScreenClient(process.connect, Settings())
        tasks = [asyncio.create_task(screening.screen(File)) for _ in range(5)]
        await until(lambda: len(gate.arrived) == 2)
        tasks[0].cancel()  # in flight
        tasks[3].cancel()  # waiting
        await until(lambda: len(gate.arrived) == 3)
        for event in gate.arrived:
            event.set()
        await until(lambda: len(gate.arrived) == 4)
        gate.arrived[3].set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        cancelled = [isinstance(r, asyncio.CancelledError) for r in results]
        assert cancelled == [True, False, False, True, False]
        assert process.open == 0 and process.script == []

    asyncio.run(main())


def test_a_cancel_that_meets_the_free_slot_loses_no_slot():
    """asyncio may let the cancelled one go on (CPython 3.11 does) or not: both are right."""

    async def main():
        gate = Gate()
        process = Process(*[gate.behaviour() for _ in range(4)])
        screening = client.ScreenClient(process.connect, Settings())
        first = [asyncio.create_task(screening.screen(File)) for _ in range(2)]
        await until(lambda: len(gate.arrived) == 2)
        waiting = asyncio.create_task(screening.screen(File))
        last = asyncio.create_task(screening.screen(File))
        await until(lambda: len(screening._slots._waiters) == 2)
        gate.arrived[0].set()
        await first[0]
        waiting.cancel()  # in the same turn in which it was given the slot
        for event in gate.arrived:
            event.set()
        while not last.done():
            for event in gate.arrived:
                event.set()
            await asyncio.sleep(0)
        await asyncio.gather(first[1], waiting, return_exceptions=True)
        assert len(screening._slots._free) == client.IN_FLIGHT and process.open == 0

    asyncio.run(main())


def test_waiting_for_a_free_worker_has_an_end(monkeypatch):
    monkeypatch.setattr(client, "GRACE_MS", 1)

    async def main():
        gate = Gate()
        process = Process(*[gate.behaviour() for _ in range(2)])
        screening = client.ScreenClient(process.connect, Settings(deadline=0))
        tasks = [asyncio.create_task(screening.screen(File)) for _ in range(2)]
        await until(lambda: len(gate.arrived) == 2)
        with pytest.raises(ScreenUnavailable, match="wait to be screened"):
            await screening.screen(File)
        for event in gate.arrived:
            event.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_status():
    def answer(request):
        assert struct.unpack("<I", request[4:8]) == (wire.STATUS,)
        head = struct.pack("<4sQQQIIBIIQ", b"RSS2", 1, 5, 1, 0, 0, 3, 100, 200, 1700000000)
        return head + b"\x07factory"

    process = Process(answer, dies, hangs, OSError(ECONNREFUSED))
    screening = client.ScreenClient(process.connect, Settings())
    status = asyncio.run(screening.status())
    assert (status.workers, status.failed, status.hashes, status.patterns) == (5, 1, 100, 200)
    assert (status.built, status.bundle) == (1700000000, "factory")
    for _ in range(3):
        with pytest.raises(ScreenUnavailable):
            asyncio.run(screening.status())
    assert process.open == 0 and process.asked[0][1] == ()
