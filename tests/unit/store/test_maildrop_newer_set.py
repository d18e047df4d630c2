"""Which bodies of a maildrop a newer signature set has still to judge."""

import pytest
from mail_store import Store, apply, run, uidls
from restante.errors import StoreError
from restante.store import maildrops

ONE, TWO = b"1\r\n", b"22\r\n"


@pytest.fixture(autouse=True)
def small_reserve(monkeypatch):
    monkeypatch.setattr(maildrops, "RESERVE_OCTETS", 16)


async def numbers(drop, count=10, start=0):
    return [(n, drop.uidl(slot)) for n, slot in await drop.again.waiting(count, start)]


async def judged_by_a(s, retention=0):
    drop = await s.open(retention=retention)
    await apply(drop, *[(b"%c" % c, 1) for c in b"abcd"])
    for uidl in (b"d", b"c", b"b", b"a"):  # as a spider fetches: newest first
        await s.store(drop, uidl, uidl, bundle="set a")
    return drop


def test_bodies_wait_for_a_newer_set_and_it_goes_on_after_a_restart():
    async def main():
        s = Store()
        drop = await judged_by_a(s)
        await drop.again.begin("set a")
        assert await numbers(drop) == []
        await drop.again.begin("set b")
        await s.add(drop, b"restante-1", b"note")
        assert await numbers(drop, 3) == [(1, b"d"), (2, b"c"), (3, b"b")]
        assert await numbers(drop, 3, 3) == [(3, b"b"), (4, b"a")]
        await drop.again.judged(2)
        s = Store(s.disk)
        drop = await s.open()
        await drop.again.begin("set b")
        assert await numbers(drop) == [(3, b"b"), (4, b"a")]
        await drop.again.finished()
        again = await Store(s.disk).open()
        assert await numbers(again) == []
        await again.again.begin("set c")
        assert len(await numbers(again)) == 5

    run(main())


def test_a_body_that_waits_is_replaced_under_its_uidl():
    async def main():
        s = Store()
        drop = await judged_by_a(s)
        await drop.again.begin("set b")
        drop.withhold((await numbers(drop))[1][0])
        with pytest.raises(StoreError, match="newer signature set"):
            await drop.open(drop.find(b"c"))
        slots = list(drop.slots())
        assert await s.replace(drop, b"c", b"notice")
        for store in (s, Store(s.disk)):
            d = await store.open()
            assert uidls(d) == [b"a", b"b", b"c", b"d"] and list(d.slots()) == slots
            slot = d.find(b"c")
            assert await store.content(d, slot) == b"notice" and d.octets(slot) == 6
            assert [uidl for _, uidl in await numbers(d)] == [b"d", b"b", b"a"]
        assert s.files() == ["1.eml", "3.eml", "4.eml", "5.eml", "journal"]

    run(main())


def test_what_changed_meanwhile_is_not_replaced():
    async def main():
        s = Store()
        drop = await judged_by_a(s)
        await drop.again.begin("set b")
        waiting = await drop.again.waiting(10)
        await drop.delete([drop.find(b"d")])
        await s.store(drop, b"c", b"fetched again", bundle="set b")
        for (number, slot), done in zip(waiting, (False, False, True, True), strict=True):
            f = s.file(b"notice")
            assert await drop.replace(slot, number, f, 6) == done
            f.close()
        assert s.spool.used == 0 and await s.content(drop, drop.find(b"c")) == b"fetched again"

    run(main())


def test_what_clients_deleted_waits_too():
    async def main():
        s = Store()
        drop = await judged_by_a(s, retention=100)
        slot = drop.find(b"b")
        await drop.delete([slot])
        await drop.again.begin("set b")
        assert (3, b"b") in await numbers(drop)
        s.folder.close(await drop.open_body(slot))
        assert await s.replace(drop, b"b", b"notice")
        restored = await drop.restore(slot)
        assert await s.content(drop, restored) == b"notice"

    run(main())


def test_a_time_of_a_clock_that_was_not_set_is_no_age():
    async def main():
        s = Store()
        drop = await judged_by_a(s, retention=100)
        await drop.delete([drop.find(b"b")])
        s.drops.dated_from = s.now + 1
        await drop.keep_house(s.now + 1000)
        assert drop.retained() == [drop.find(b"b")]
        s.drops.dated_from = s.now
        await drop.keep_house(s.now + 1000)
        assert drop.retained() == []

    run(main())
