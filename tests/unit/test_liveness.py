"""Who is killed when, the fail rule, the watchdog's food.  Also on MicroPython."""

from restante.box.liveness import (
    FAIL_SECONDS,
    GRACE_SECONDS,
    KILL_SECONDS,
    STARVE_SECONDS,
    Peer,
    Wardenship,
)


def test_a_peer_that_never_starts_is_killed_after_its_grace():
    peer = Peer("gate", 100)
    assert not peer.must_be_killed(100 + GRACE_SECONDS - 1)
    assert peer.must_be_killed(100 + GRACE_SECONDS)
    assert not peer.must_be_killed(100 + GRACE_SECONDS)


def test_a_peer_that_falls_silent_is_killed_and_its_successor_gets_time():
    peer = Peer("gate", 0)
    peer.answered(50)
    peer.missed()
    assert not peer.must_be_killed(50 + KILL_SECONDS - 1)
    assert peer.must_be_killed(50 + KILL_SECONDS)
    assert not peer.must_be_killed(50 + KILL_SECONDS + GRACE_SECONDS - 1)
    assert peer.must_be_killed(50 + KILL_SECONDS + GRACE_SECONDS)


def test_a_peer_that_answers_is_never_killed():
    peer = Peer("screen", 0)
    for now in range(0, 1000, 2):
        peer.answered(now)
        assert not peer.must_be_killed(now) and peer.silent(now) == 0
    peer.missed()
    peer.answered(1003)
    assert not peer.must_be_killed(1003 + KILL_SECONDS - 1)


def test_watchdog_is_fed_in_the_grace_and_starves_with_any_peer():
    wardenship = Wardenship(0)
    assert wardenship.may_feed(0)
    assert wardenship.may_feed(GRACE_SECONDS + STARVE_SECONDS - 1)
    assert not wardenship.may_feed(GRACE_SECONDS + STARVE_SECONDS)
    wardenship.gate.answered(100)
    assert not wardenship.may_feed(100)
    wardenship.screen.answered(100)
    assert wardenship.may_feed(100)
    wardenship.gate.answered(100 + STARVE_SECONDS)
    assert not wardenship.may_feed(100 + STARVE_SECONDS)


def test_a_stuck_box_restarts_within_a_minute():
    """FAULTS 109."""
    watchdog_seconds = 15  # softdog.soft_margin of the kernel's command line
    assert STARVE_SECONDS + watchdog_seconds <= 60
    assert FAIL_SECONDS < KILL_SECONDS < STARVE_SECONDS


def test_nothing_is_redirected_before_the_gates_first_answer():
    wardenship = Wardenship(0)
    assert not wardenship.gate_serves(0)
    wardenship.gate.answered(1)
    assert wardenship.gate_serves(1)


def test_one_missed_answer_is_forgiven_and_two_bring_the_fail_rule():
    wardenship = Wardenship(0)
    wardenship.gate.answered(10)
    assert wardenship.gate_serves(10)
    wardenship.gate.missed()
    assert wardenship.gate_serves(10 + FAIL_SECONDS - 1)
    assert not wardenship.gate_serves(10 + FAIL_SECONDS)
    # Not by a clock alone: only an answer brings the gate back.
    assert not wardenship.gate_serves(10 + FAIL_SECONDS)
    wardenship.gate.answered(20)
    assert wardenship.gate_serves(20)


def test_a_silent_screen_does_not_bring_the_fail_rule():
    wardenship = Wardenship(0)
    wardenship.gate.answered(10)
    wardenship.screen.missed()
    assert wardenship.gate_serves(10) and not wardenship.screen.answers
