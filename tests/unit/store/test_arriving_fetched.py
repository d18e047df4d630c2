"""A bundle that is fetched in octets, with the console that may begin at any time.

FAULTS 67, 68, 82.
"""

import asyncio

import pytest
from restante.update.fault import BundleError
from test_arriving import DATA, Way


def put(way, octets, turn=None):
    turn = way.one.turn if turn is None else turn
    return asyncio.run(way.one.put(turn, memoryview(octets)))


def test_octets_and_pieces_of_text_share_one_file():
    way = Way()
    assert way.begin() == 0 and way.one.open
    assert put(way, DATA[:150]) == 150
    assert way.one.front(way.one.turn, 100) == DATA[:100]
    assert way.one.front(way.one.turn, 1000) == DATA[:150]
    assert way.piece(150) == 250
    assert put(way, DATA[250:400]) == 400
    assert way.begin() == 400  # as the console would
    assert way.piece(400) == 500
    put(way, DATA[500:])
    way.end()
    assert way.files() == {"incoming": DATA} and way.folder.open_files == 0
    assert way.one.open  # it waits to be installed
    way.folder.unlink("updates/incoming")
    assert not way.one.open


def test_whose_turn_it_is():
    way = Way()
    way.begin()
    turn, progress = way.one.turn, way.one.progress
    put(way, DATA[:100])
    assert way.one.progress != progress
    way.begin()  # somebody else
    for call in (
        lambda: put(way, DATA[100:], turn),
        lambda: way.one.front(turn, 10),
        lambda: way.one.again(turn),
        lambda: way.one.drop(turn),
    ):
        assert way.refused(call).code == "busy"
    assert way.files() == {"part": DATA[:100]}


def test_more_than_was_announced_is_not_taken():
    way = Way()
    way.begin()
    put(way, DATA[:-1])
    with pytest.raises(BundleError):
        put(way, b"xy")
    assert put(way, DATA[-1:]) == len(DATA)
    way.end()


def test_from_the_start_again_and_given_up():
    way = Way()
    way.begin()
    put(way, b"?" * 200)
    way.one.again(way.one.turn)
    assert way.files() == {"part": b""} and put(way, DATA[:10]) == 10
    way.one.drop(way.one.turn)
    assert way.files() == {} and not way.one.open and way.folder.open_files == 0
    assert way.refused(way.end).code == "nothing"
    assert way.begin() == 0
