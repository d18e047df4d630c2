"""The model of the power cuts: each broken promise is seen, and nothing right is a fault."""

from acknowledged import LISTED, Acknowledged, Known, Span

SERVED, ORIGINAL = "served", "original"


def told(**more):
    """One message that came between the requests 10 and 20."""
    said = Acknowledged()
    said.known["a"] = Known(SERVED, "", Span(10, 20), **more)
    return said


def held(**more):
    said = Acknowledged()
    said.known["a"] = Known(SERVED, ORIGINAL, Span(10, 20), **more)
    return said


def test_what_was_acknowledged_must_be_there_and_what_was_not_asked_for_must_not():
    said = told()
    assert said.faults(10, {}) == said.faults(15, {}) == said.faults(20, {"a": SERVED}) == []
    assert said.faults(15, {"a": SERVED}) == said.faults(15, {"a": LISTED}) == []
    assert said.faults(10, {"a": SERVED}) == ["there before it came: a"]
    assert said.faults(20, {}) == ["lost: a"]
    assert said.faults(20, {"a": LISTED}) == ["its content is lost: a"]


def test_half_a_message_is_wrong_at_any_time_and_so_is_an_unknown_one():
    assert told().faults(15, {"a": "half"}) == ["half a message: a"]
    assert told().faults(15, {"b": SERVED}) == ["unknown: b"]


def test_a_deletion_is_either_until_it_is_acknowledged():
    said = told(deleted=Span(30, 40))
    assert said.faults(30, {"a": SERVED}) == said.faults(35, {"a": SERVED}) == []
    assert said.faults(35, {}) == said.faults(40, {}) == []
    assert said.faults(30, {}) == ["lost: a"]
    assert said.faults(40, {"a": SERVED}) == ["back from the dead: a"]


def test_an_original_is_held_until_it_is_given_up():
    said = held(given_up=Span(30, 40))
    rows = {"a": SERVED}
    assert said.faults(20, rows, {"a": ("held", ORIGINAL)}) == said.faults(40, rows, {}) == []
    assert said.faults(20, rows, {}) == ["its original is lost: a"]
    assert said.faults(20, rows, {"a": ("held", "half")}) == ["half an original: a"]
    assert said.faults(40, rows, {"a": ("held", ORIGINAL)}) == ["held again: a"]


def test_a_release_stays():
    said = held(released=Span(30, 40))
    rows = {"a": SERVED}
    assert said.faults(40, rows, {"a": ("released", ORIGINAL)}) == []
    assert said.faults(40, rows, {"a": ("held", ORIGINAL)}) == ["not released any more: a"]
    assert said.released(20) == (set(), set())
    assert said.released(35) == (set(), {ORIGINAL})
    assert said.released(40) == ({ORIGINAL}, {ORIGINAL})
