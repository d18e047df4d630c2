"""One try of a password after the other for each account."""

import asyncio

from restante.relay.asking import Asking


def test_one_after_the_other_for_each_key():
    async def main():
        asking = Asking()
        order = []

        async def ask(key, n):
            async with asking.turn(key):
                order.append((key, n))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                order.append((key, n))

        await asyncio.gather(*(ask(key, n) for n in range(3) for key in "ab"))
        for key in "ab":
            assert [n for k, n in order if k == key] == [0, 0, 1, 1, 2, 2]
        assert [k for k, _ in order[:2]] == ["a", "b"]
        assert asking.accounts == 0

    asyncio.run(main())


def test_who_is_cancelled_or_fails_leaves_nothing():
    async def main():
        asking = Asking()

        async def fail():
            async with asking.turn("a"):
                await asyncio.sleep(0)
                raise ValueError

        async def wait():
            async with asking.turn("a"):
                await asyncio.sleep(10)

        failing = asyncio.create_task(fail())
        tasks = [asyncio.create_task(wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert asking.accounts == 1
        for task in reversed(tasks):
            task.cancel()
        results = await asyncio.gather(failing, *tasks, return_exceptions=True)
        assert isinstance(results[0], ValueError)
        assert all(isinstance(result, asyncio.CancelledError) for result in results[1:])
        async with asking.turn("a"):
            assert asking.accounts == 1
        assert asking.accounts == 0

    asyncio.run(main())
