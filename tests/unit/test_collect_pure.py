"""The pure parts of the collector: what refusals mean, when an account is polled, forms.

Also on MicroPython.
"""

from restante.collect import failures, schedule
from restante.collect.form import Stuffing, pieces
from restante.collect.schedule import DONE, FIRST_S, HOUR_S, MORE, Schedule

KINDS = {
    b"-ERR [AUTH] Authentication failed.": failures.WRONG_PASSWORD,
    b"-ERR [auth]": failures.WRONG_PASSWORD,
    b"-ERR [IN-USE] locked": failures.BUSY,
    b"-ERR [LOGIN-DELAY] minimum is 600": failures.TOO_SOON,
    b"-ERR [LOGIN-DELAY 600]": failures.TOO_SOON,
    b"-ERR [SYS/TEMP] later": failures.TEMPORARY,
    b"-ERR [SYS/PERM] gone": failures.PERMANENT,
    b"-ERR ALERT: quota exceeded": failures.TEMPORARY,
    b"-ERR Alert: quota exceeded": failures.TEMPORARY,
    b"-ERR [AUTH] ALERT: use the web": failures.WRONG_PASSWORD,
    b"-ERR": failures.UNCLEAR,
    b"-ERR wrong password": failures.UNCLEAR,
    b"-ERR account locked": failures.UNCLEAR,
    b"-ERR see [AUTH]": failures.UNCLEAR,
    b"-ERR [AUTH": failures.UNCLEAR,
    b"-ERR []": failures.UNCLEAR,
    b"-ERR [X-OTHER] what": failures.UNCLEAR,
}


def test_kinds():
    for line, kind in KINDS.items():
        assert failures.kind(line) == kind, line


def test_only_the_code_proves_a_wrong_password():
    proofs = [line for line, kind in KINDS.items() if kind == failures.WRONG_PASSWORD]
    assert all(line[:11].upper() == b"-ERR [AUTH]" for line in proofs)


def test_a_refusing_greeting_says_nothing_of_the_password():
    assert failures.kind(b"-ERR too many connections", asked=False) == failures.TEMPORARY
    assert failures.kind(b"-ERR [SYS/PERM] no", asked=False) == failures.PERMANENT


def test_alerts_are_kept_printable():
    assert failures.alert(b"-ERR ALERT: quota\x1b[2J at 99 %") == "quota?[2J at 99 %"
    assert failures.alert(b"-ERR [AUTH] no") == ""
    assert len(failures.alert(b"-ERR ALERT:" + b"x" * 500)) == failures.ALERT_OCTETS


def test_an_error_shows_no_line():
    error = failures.LoginRefused(failures.UNCLEAR, b"-ERR bad password sesame")
    assert "sesame" not in str(error) and error.line.endswith(b"sesame")


def test_passing_causes():
    assert failures.passes(b"-ERR [SYS/TEMP] x") and failures.passes(b"-ERR [IN-USE]")
    assert not failures.passes(b"-ERR no such message")


def test_pauses_double_up_to_their_maximum():
    for kind in range(failures.WRONG_PASSWORD, failures.UNREACHABLE + 1):
        pauses = [failures.pause(kind, n) for n in range(1, 40)]
        assert pauses == sorted(pauses) and pauses[1] == 2 * pauses[0]
        assert pauses[-1] == pauses[-2] <= 86400
        assert failures.words(kind)
    # Nothing that may lock a user out is tried on faster than a wrong password's first hours.
    assert failures.pause(failures.UNCLEAR, 3) >= 3600


# -- schedule


def polled(plan, now, how, chance=500, login=True):
    """One visit of what is due now; its key."""
    key = plan.due(now)
    if key is not None:
        plan.began(key)
        if login:
            plan.login(key, now)
        plan.ended(key, now, how, chance)
    return key


def test_first_polls_are_spread_after_a_start():
    plan = Schedule()
    for key in range(100):
        plan.add(key, 300, 0, key * 10)
    assert plan.due(FIRST_S - 1) is None
    times = [plan.next(key) for key in range(100)]
    assert min(times) >= FIRST_S and max(times) <= FIRST_S + 300
    assert max(sum(1 for t in times if at <= t < at + 30) for at in range(330)) <= 12


def test_interval_with_jitter():
    for chance, wait in ((0, 270), (500, 300), (999, 329)):
        plan = Schedule()
        plan.add("a", 300, 0, 0)
        assert polled(plan, 100, DONE, chance) == "a"
        assert plan.next("a") == 100 + wait


def test_due_longest_first_and_none_twice():
    plan = Schedule()
    for key, chance in (("late", 900), ("early", 100), ("middle", 500)):
        plan.add(key, 300, 0, chance)
    assert plan.due(1000, busy=("early",)) == "middle"
    order = []
    while plan.due(1000) is not None:
        order.append(plan.due(1000))
        plan.began(order[-1])
    assert order == ["early", "middle", "late"] and plan.running == 3
    plan.remove("late")
    assert plan.running == 2
    plan.ended("late", 1000, DONE, 0)
    assert plan.running == 2


def test_poke_brings_forward_but_never_over_a_lasting_refusal():
    for how, soon in ((DONE, True), (failures.BUSY, True), (failures.UNREACHABLE, True)) + tuple(
        (kind, False) for kind in (failures.WRONG_PASSWORD, failures.UNCLEAR, failures.PERMANENT)
    ):
        plan = Schedule()
        plan.add("a", 300, 0, 0)
        polled(plan, 100, how)
        plan.poke("a", 101)
        assert (plan.due(101) == "a") is soon, how
        plan.forgive("a")
        plan.poke("a", 102)
        assert plan.due(102) == "a"


def test_poke_while_a_visit_runs():
    plan = Schedule()
    plan.add("a", 300, 0, 0)
    plan.began("a")
    plan.poke("a", 100)
    plan.ended("a", 110, DONE, 500)
    assert plan.due(110) == "a"


def test_large_maildrops_leave_logins_for_new_mail():
    plan = Schedule()
    plan.add("a", 300, 0, 0)
    plan.poke("a", 0)
    times = []
    for now in range(HOUR_S):
        if polled(plan, now, MORE):
            times.append(now)
    assert times[: schedule.RESUME_LOGINS] == list(range(schedule.RESUME_LOGINS))
    assert len(times) == schedule.LOGINS and times[schedule.RESUME_LOGINS] > 250


def test_a_client_does_not_put_off_what_broke_off():
    for how, soon in ((MORE, True), (DONE, False)):
        plan = Schedule()
        plan.add("a", 300, 0, 0)
        polled(plan, 100, how)
        plan.login("a", 101, spider=False)
        plan.refreshed("a", 102, 500)
        assert (plan.due(102) == "a") is soon


def test_login_delay_counts_logins_of_anybody():
    plan = Schedule()
    plan.add("a", 300, 0, 0)
    plan.delay("a", 900)
    plan.login("a", 1000, spider=False)
    plan.poke("a", 1001)
    assert plan.due(1899) is None and plan.due(1900) == "a"
    plan.delay("a", 10**9)
    assert plan.next("a") == 1000 + schedule.DELAY_S


def test_four_refused_logins_an_hour_whatever_is_poked():
    plan = Schedule()
    plan.add("a", 300, 0, 0)
    times = []
    for now in range(4 * HOUR_S):
        plan.forgive("a")
        plan.poke("a", now)
        plan.add("a", 300, now, 0)
        if polled(plan, now, failures.TEMPORARY if now % 2 else failures.BUSY):
            times.append(now)
    for i in range(len(times) - schedule.FAILED_LOGINS):
        assert times[i + schedule.FAILED_LOGINS] - times[i] >= HOUR_S
    assert len(times) == 16


def test_refused_without_pokes():
    plan = Schedule()
    plan.add("a", 60, 0, 0)
    times = [now for now in range(24 * HOUR_S) if polled(plan, now, failures.BUSY)]
    for i in range(len(times) - schedule.FAILED_LOGINS):
        assert times[i + schedule.FAILED_LOGINS] - times[i] >= HOUR_S
    assert len(times) > 24


def test_an_unreachable_origin_is_tried_without_using_up_logins():
    plan = Schedule()
    plan.add("a", 300, 0, 0)
    times = []
    for now in range(2 * HOUR_S):
        if polled(plan, now, failures.UNREACHABLE, login=False):
            times.append(now)
    assert 5 <= len(times) <= 12
    plan.poke("a", 2 * HOUR_S)
    assert polled(plan, 2 * HOUR_S, DONE) == "a"
    assert plan.next("a") == 2 * HOUR_S + 300


# -- forms


def test_pieces_and_stuffing():
    file = b"..a\r\nb\r\n..\r\nc" + b"x" * 40000 + b"\r\n"
    segments = [b"..own\r\n", (0, 8), b"", b"end\r\n", (8, len(file))]
    out = list(pieces(segments, lambda at, n: file[at : at + min(n, 1000)]))
    whole = b"..own\r\n" + file[:8] + b"end\r\n" + file[8:]
    assert b"".join(out) == whole
    stuffing = Stuffing()
    for piece in out:
        stuffing.take(piece)
    assert stuffing.dots == 3


def test_pieces_of_a_file_that_became_shorter():
    assert list(pieces([(0, 10)], lambda at, n: b"abc"[at : at + n])) == [b"abc"]
