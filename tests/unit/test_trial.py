"""When a new firmware is proven, and when it is left.  Also on MicroPython."""

from restante.box.trial import HEALTHY_S, LEAVE, LEAVE_S, PROVEN, Trial


def test_it_is_proven_after_a_while_without_a_break():
    trial = Trial()
    begin = 10
    for now in range(begin, begin + HEALTHY_S):
        assert trial.answered("", now) is None
    assert trial.answered("", begin + HEALTHY_S) == PROVEN


def test_one_bad_answer_begins_it_anew():
    trial = Trial()
    trial.answered("", 0)
    assert trial.answered("the gate is silent", HEALTHY_S - 1) is None
    assert trial.why == "the gate is silent"
    assert trial.answered("", HEALTHY_S) is None
    assert trial.answered("", 2 * HEALTHY_S - 1) is None
    assert trial.answered("", 2 * HEALTHY_S) == PROVEN


def test_what_is_not_healthy_in_time_is_left_and_what_is_healthy_never():
    trial = Trial()
    assert trial.answered("x", LEAVE_S - 1) is None
    assert trial.answered("x", LEAVE_S) == LEAVE
    assert trial.answered("", LEAVE_S + 1) is None
    assert trial.answered("", LEAVE_S + 1 + HEALTHY_S) == PROVEN
