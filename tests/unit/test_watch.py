"""The hourly self-test: what a failure stops, and what starts it again."""

import asyncio

import pytest
from restante import log
from restante.screening import watch
from restante.screening.watch import AGAIN_S, HOUR_S, Watch

GOOD = ([("EICAR in a zip", True, "infected"), ("clean in a zip", True, "clean")], True)
BAD = ([("EICAR in a zip", False, "clean"), ("clean in a zip", True, "clean")], True)
UNTRIED = ([("EICAR in a zip", False, "nobody answers; the others were not tried")], False)


class SelfTest:
    """Plays results; an exception is raised."""

    def __init__(self, *results):
        self.results = list(results)

    async def run(self):
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


class Screen:
    distrusted = ""


@pytest.fixture(autouse=True)
def own_log(monkeypatch):
    monkeypatch.setattr(log, "alarms", log.Alarms())
    monkeypatch.setattr(log, "trace", repr)  # MicroPython's own
    return log


def made(*results):
    screen = Screen()
    return Watch(SelfTest(*results), screen, lambda: 1700000000), screen


def alarms():
    return [name for name, _, _ in log.alarms.active()]


def test_a_pass():
    one, screen = made(GOOD)
    assert one.passed is None
    assert asyncio.run(one.run()) == GOOD[0]
    assert one.passed and one.text == "2 checks passed" and one.at == 1700000000
    assert screen.distrusted == "" and alarms() == []


def test_a_failure_stops_delivery_and_raises_an_alarm_until_one_passes():
    one, screen = made(BAD, GOOD)
    asyncio.run(one.run())
    assert one.passed is False and "EICAR in a zip" in one.text
    assert "self-test" in screen.distrusted and alarms() == ["self-test"]
    asyncio.run(one.run())
    assert one.passed and screen.distrusted == ""
    assert alarms() == ["self-test"]  # until somebody has seen it


@pytest.mark.parametrize("first", [UNTRIED, MemoryError(), ValueError("x")])
def test_what_was_not_tried_is_an_alarm_and_says_nothing_about_verdicts(first):
    one, screen = made(first, BAD, first)
    asyncio.run(one.run())
    assert one.passed is False and alarms() == ["self-test"]
    assert screen.distrusted == ""
    asyncio.run(one.run())
    asyncio.run(one.run())
    assert screen.distrusted  # only a pass ends it


def test_every_hour_and_sooner_after_a_failure(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 4:
            raise asyncio.CancelledError

    monkeypatch.setattr(watch.asyncio, "sleep", sleep)
    one, _ = made(GOOD, BAD, UNTRIED, GOOD)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(one.serve())
    assert slept == [HOUR_S, AGAIN_S, AGAIN_S, HOUR_S] == [3600, 60, 60, 3600]
