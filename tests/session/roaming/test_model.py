"""The model of the roaming matrix: each broken promise is seen, and nothing right is a fault."""

import random

from roaming import plan
from roaming.model import Model


def sent(count):
    model = Model()
    for number in range(1, count + 1):
        model.came(number)
    return model


def test_a_whole_poll_is_right_and_the_next_one_brings_nothing():
    model = sent(3)
    assert model.faults_of_poll([1, 2, 3], complete=True) == []
    assert model.faults_of_poll([], complete=True) == []
    model.came(4)
    assert model.faults_of_poll([4], complete=True) == []


def test_fetching_twice_is_seen_also_within_one_poll():
    model = sent(2)
    assert model.faults_of_poll([1, 1, 2], complete=True) == ["fetched twice: [1, 1]"]
    assert model.faults_of_poll([2], complete=True) == ["fetched twice: [2]"]


def test_what_is_missing_counts_only_if_nothing_stood_in_the_way():
    model = sent(2)
    assert model.faults_of_poll([1], complete=False) == []
    assert model.faults_of_poll([], complete=True) == ["missing: [2]"]


def test_what_was_deleted_must_not_come_back():
    model = sent(2)
    model.removed([1], acknowledged=True)
    assert model.faults_of_poll([1, 2], complete=True) == ["back from the dead: [1]"]
    assert model.faults_of_origin([1, 2]) == ["not deleted at the origin: [1]"]
    assert model.faults_of_origin([2]) == []


def test_a_doubtful_deletion_is_either_until_the_origin_tells():
    model = sent(3)
    model.removed([1, 2], acknowledged=False)
    assert model.faults_of_poll([2, 3], complete=True) == []
    assert model.faults_of_origin([2, 3]) == [] == model.faults_of_origin([1, 2, 3])
    model.resolved([2, 3])
    assert model.faults_of_origin([1, 2, 3]) == ["not deleted at the origin: [1]"]
    assert model.faults_of_origin([3]) == ["gone at the origin: [2]"]


def test_a_message_that_nobody_sent_is_seen():
    assert sent(1).faults_of_poll([1, None], complete=True) == ["unknown: [None]"]


def test_listings_must_agree_in_order_and_uidl():
    model = sent(2)
    rows = [(1, b"a"), (2, b"b")]
    assert model.faults_of_listing(rows, rows) == []
    assert model.faults_of_listing(rows[:1], rows)
    assert model.faults_of_listing(rows[::-1], rows)
    assert model.faults_of_listing([(1, b"a"), (2, b"c")], rows)


def test_a_listing_while_the_origin_is_away_is_never_shorter():
    model = sent(3)
    model.faults_of_listing([], [(1, b"a"), (2, b"b")])
    assert model.faults_offline([1, 2]) == []
    assert model.faults_offline([1, 2, 3]) == []  # a spider may have seen the third
    assert model.faults_offline([2]) == ["not listed while the origin is away: [1]"]
    model.removed([1], acknowledged=True)
    assert model.faults_offline([2]) == []
    assert model.faults_offline([1, 2]) == ["listed again while the origin is away: [1]"]


def test_a_seed_is_a_sequence_in_which_all_steps_come():
    seeds = [[step for step, _ in plan.sequence(seed)] for seed in range(30)]
    assert seeds == [[step for step, _ in plan.sequence(seed)] for seed in range(30)]
    for steps in seeds:
        assert set(steps) == {*plan.DECK, "origin up"}
        away = False
        for step in steps:
            assert not away or step in (*plan.AWAY, "origin up")
            away = {"origin down": True, "origin up": False}.get(step, away)
        assert not away


def test_a_message_says_its_number_and_survives_a_clients_line_ends():
    octets = plan.message(7, random.Random(1))
    assert plan.number_of(octets) == 7
    assert plan.number_of(octets.replace(b"\n", b"\r\n")) == 7
    assert plan.as_sent(octets.replace(b"\n", b"\r\n")) == octets
    assert plan.number_of(b"Subject: x\n\nMessage-ID: <7@roaming.example.org>\n") is None
