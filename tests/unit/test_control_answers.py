"""What commands answer, with the real log and settings.  Also on MicroPython.

What stands in for the world is control_box.py; the real gate's answers are checked in
tests/session.
"""

from control_box import Box, run
from restante.control import grammar, support
from restante.control.door import DENIED
from restante.errors import ScreenUnavailable, SettingsError
from restante.log.ring import Ring
from restante.settings import text as settings_text
from restante.settings.values import Settings


def test_ping_is_empty_and_leaves_no_record():
    box = Box()
    assert run(box.control.answer(b"ping")) == (True, "", [])
    assert box.ask(b"ping") == (True, "", [])
    assert box.records == []


def test_without_a_login_nothing_is_answered_but_what_our_own_programs_ask():
    box = Box()
    for key in (b"", b"0", box.key.encode()[:-1], box.key.encode() + b"0"):
        for command, arguments, _ in grammar.COMMANDS:
            words = grammar.usage(command, arguments).replace("[", "").replace("]", "").encode()
            for line in (b"@a:%s %s" % (key, words), words, b"@%s %s" % (key, words)):
                if words not in (b"ping", b"health"):
                    ok, text, _ = run(box.control.answer(line))
                    assert (ok, text) == (False, DENIED), line
    assert run(box.control.answer(b"complete sh"))[1] == DENIED
    assert run(box.control.answer(b"@a:0 ping"))[1] == DENIED
    assert (box.system.reboots, box.system.resets, box.quarantine.calls) == (0, 0, [])
    assert box.records == []


def test_a_password_is_asked_for_by_the_console_only():
    box = Box()
    assert box.ask(b"console user add bob") == (True, "[password] add bob", [])
    assert box.ask(b"console user password admin") == (True, "[password] password admin", [])
    assert box.ask(b"console user add admin")[0] is False
    assert box.ask(b"console user password bob")[0] is False
    for line in (b"console user add bob S3CRET-1234", b"console user password admin S3CRET-1234"):
        assert box.ask(line)[0] is False
    assert "S3CRET" not in str(box.records)
    assert box.ask(b"show console users") == (True, "1 users", ["admin"])


def test_the_session_that_has_the_candidate_is_told_so():
    box = Box()
    assert box.ask(b"@c-1 configure")[1].startswith("[edit] the candidate is yours")
    assert box.ask(b"@c-1 set log level debug") == (True, "[edit] ", [])
    assert box.ask(b"@c-1 show log")[1].startswith("[edit] ")
    ok, text, _ = box.ask(b"@c-2 set log level error")
    assert not ok and text.startswith("c-1 has the candidate")
    assert box.ask(b"set log level error")[1].startswith("c-1 has the candidate")
    assert box.ask(b"@c-1 compare")[2] == ["+ set log level debug"]
    assert box.ask(b"@c-1 commit confirm x")[0] is False
    assert box.ask(b"@c-1 rollback x")[0] is False
    assert box.ask(b"@c-1 commit") == (True, "[edit] in force and durable", [])
    assert box.ask(b"@c-1 exit") == (True, "", [])
    assert box.ask(b"show configuration")[2] == ["set log level debug"]
    assert box.ask(b"show configuration json")[0] and box.ask(b"save")[0]
    assert box.ask(b"show configuration thing")[0] is False


def test_names_of_sessions():
    box = Box()
    key = box.key.encode()
    for bad in (b"A", b"a" * 33, b"a;b", b"a:b"):
        assert run(box.control.answer(b"@%s:%s help" % (bad, key)))[1] == DENIED
    for bad in (b"@a:%s" % key, b"@a:%s:x help" % key, b"@a:%s;help" % key, b" @a:%s help" % key):
        assert run(box.control.answer(bad))[0] is False
    for good in (b"@a-1:%s help", b"@:%s help", b"@" + b"a" * 32 + b":%s help"):
        assert run(box.control.answer(good % key))[0]


def test_half_typed_lines():
    box = Box()
    assert box.ask(b"@c-1 complete set log le")[2] == ["level  least urgent"]
    assert box.ask(b"complete conf")[2] == ["configure  change settings, in a candidate"]
    assert box.ask(b"complete set log level \xff")[2] == []


def test_wrong_command_has_a_next_step():
    ok, text, lines = Box().ask(b"quarantine release")
    assert (
        not ok
        and "quarantine release" in text
        and lines == ["type: quarantine release ID [force]"]
    )


def test_status_shows_what_must_be_seen():
    box = Box()
    box.log.counters.add("tunnels", 2)
    box.log.alarms.set("tunnel", "STLS by 192.0.2.9")
    ok, _, lines = box.ask(b"show status")
    page = "\n".join(lines)
    assert ok
    for part in (
        "0d 00:01:01",
        "enabled; without a verdict: deny",
        "factory, 3 hashes, 4 patterns",
        "nothing yet",
        "0 open of 100",
        "2 passed, not screened",
        "fail rule      block",
        "40960 KiB available of 61440 KiB; gate 2048 KiB",
        "CANNOT BE READ",
        "IPv6           not forwarded",
        "tunnel: STLS by 192.0.2.9 (1 times)",
    ):
        assert part in page, part
    box.ask(b"alarm acknowledge")
    assert "alarms         none" in "\n".join(box.ask(b"show status")[2])
    assert "2 passed, not screened" in "\n".join(box.ask(b"show status")[2])


def test_status_says_whose_mail_passes_by():
    assert "passes by" not in "\n".join(Box().ask(b"show status")[2])
    lines = (
        b"set interception skip-clients 192.168.77.9\n"
        b"set interception skip-servers 192.0.2.0/24,198.51.100.7\n"
    )
    page = "\n".join(Box(Settings(settings_text.read(lines))).ask(b"show status")[2])
    assert (
        "passes by      NOT SCREENED: from 192.168.77.9, to 192.0.2.0/24, to 198.51.100.7" in page
    )


def test_status_says_that_screen_does_not_answer():
    box = Box()
    box.screen.error = ScreenUnavailable("no answer in 2 s")
    assert "DOES NOT ANSWER (no answer in 2 s)" in "\n".join(box.ask(b"show status")[2])


def test_status_says_that_settings_were_refused():
    box = Box(Settings(error=SettingsError(4, "wrong")))
    assert "DEFAULTS in use; line 4: wrong" in "\n".join(box.ask(b"show status")[2])


def test_sessions():
    one = {
        "id": 1,
        "client": "192.0.2.9:1",
        "origin": "192.0.2.1:110",
        "account": "u @ o",
        "state": "transaction",
        "seconds": 61,
        "messages": 3,
    }
    lines = Box(sessions=[one]).ask(b"show sessions")[2]
    assert len(lines) == 2 and "0d 00:01:01" in lines[1] and "transaction" in lines[1]
    assert Box().ask(b"show sessions")[2] == ["no open sessions"]


def test_log_says_what_is_no_longer_kept():
    box = Box()
    box.log.ring = Ring(2)
    for n in range(3):
        box.log.ring.add("record %d" % n)
    assert box.ask(b"show log")[2] == [
        "(1 older records are no longer kept)",
        "record 1",
        "record 2",
    ]


def test_self_test_failure_raises_an_alarm():
    box = Box()
    assert box.ask(b"self-test")[0] and box.log.alarms.active() == []
    box.selftest.results = [("eicar", False, "not caught"), ("store", True, "fine")]
    ok, text, lines = box.ask(b"self-test")
    assert not ok and text == "1 of 2 checks failed" and lines[0] == "FAIL eicar: not caught"


def test_status_says_how_the_self_test_went():
    box = Box()
    assert "self-test      not run yet" in box.ask(b"show status")[2]
    box.selftest.passed = True
    box.selftest.text = "16 checks passed"
    assert "self-test      16 checks passed at 2023-11-14T22:13:20Z" in box.ask(b"show status")[2]
    box.selftest.passed = False
    box.selftest.text = "1 of 16 checks failed: x"
    (line,) = [row for row in box.ask(b"show status")[2] if row.startswith("self-test")]
    assert "FAILED" in line and "not delivered" in line and line.endswith("failed: x")


def test_status_says_that_the_disk_was_full():
    box = Box()
    assert not [row for row in box.ask(b"show status")[2] if row.startswith("DISK")]
    box.log.counters.add("no_room", 3)
    (line,) = [row for row in box.ask(b"show status")[2] if row.startswith("DISK FULL")]
    assert "3 messages" in line


def test_profiles_are_shown_with_who_has_them():
    assert Box().ask(b"show profile")[1] == "0 profiles"
    lines = b"""set group office servers 192.0.2.1
set profile strict action encrypted quarantine
set profile strict limit depth 4
set profile unused mode audit
set group office profile strict
set account "anna @ office" profile strict
"""
    ok, text, shown = Box(Settings(settings_text.read(lines))).ask(b"show profile")
    assert ok and text == "2 profiles"
    assert shown == [
        "profile strict",
        "  action encrypted quarantine",
        "  limit depth 4",
        "  for group office",
        "  for account anna @ office",
        "profile unused",
        "  mode audit",
        "  for nobody",
    ]


def test_reboot_asks_the_warden():
    box = Box(sessions=[{}])
    ok, text, lines = box.ask(b"reboot")
    assert not ok and text.startswith("1 open sessions would end")
    assert lines == ["if it is really meant, type: reboot yes"]
    assert not box.ask(b"reboot no")[0] and not box.ask(b"yes")[0] and box.system.reboots == 0
    assert box.ask(b"reboot yes")[0] and box.system.reboots == 1


def test_the_box_does_not_restart_while_an_update_is_written():
    box = Box()
    for start in ((box.installer, "busy"), (box.arriving, "ending")):
        setattr(start[0], start[1], True)
        for command in (b"reboot", b"reboot yes", b"factory-reset yes", b"factory reset yes"):
            ok, text, _ = box.ask(command)
            assert not ok and (text.startswith("not now: ") or b"yes" not in command), command
        setattr(start[0], start[1], False)
    assert (box.system.reboots, box.system.resets) == (0, 0)
    assert box.ask(b"reboot yes")[0]


def test_a_factory_reset_wants_a_yes_and_asks_the_warden():
    box = Box()
    ok, text, lines = box.ask(b"factory-reset")
    assert not ok and "lost for good" in text and lines == ["type: factory-reset yes"]
    assert box.ask(b"factory reset") == (ok, text, lines)
    assert not box.ask(b"factory-reset no")[0] and box.system.resets == 0
    assert box.ask(b"factory-reset yes")[0] and box.system.resets == 1
    assert box.ask(b"factory reset yes")[0] and box.system.resets == 2
    assert box.records[-2][1] == "factory-reset.requested"


def test_a_failing_provider_is_an_answer_and_a_record():
    box = Box()

    def fails():
        raise OSError(5)

    box.quarantine.entries = fails
    ok, text, _ = box.ask(b"quarantine list")
    assert not ok and text.startswith("quarantine list failed")
    assert box.records[-1][1] == "control.failed"


def test_show_interfaces_and_version():
    box = Box()
    ok, _, lines = box.ask(b"show interfaces")
    assert ok and lines[1].startswith("lan   up     192.0.2.1")
    assert lines[2:] == ["gateway        203.0.113.1 on wan", "filter         state redirect"]
    assert any("6.12" in line for line in box.ask(b"show version")[2])


def test_ping_says_what_answered():
    box = Box()
    ok, text, lines = box.ask(b"ping host.example 2")
    assert ok and text == "192.0.2.9: 1 of 2 answered, 1.5 to 1.5 ms"
    assert lines == ["1: 1.5 ms", "2: no answer"]
    assert box.ask(b"ping host.example")[0] and box.pinger.asked[-1] == ("host.example", 4)
    box.pinger.results = ["no answer"]
    assert box.ask(b"ping host.example 1")[:2] == (False, "192.0.2.9: 0 of 1 answered")
    for bad in (b"h 0", b"h 21", b"h -1", b"h x", b"h 0001", b"h" * 254):
        asked = len(box.pinger.asked)
        assert not box.ask(b"ping " + bad)[0] and len(box.pinger.asked) == asked, bad


def test_records_that_came_after_a_number():
    box = Box()
    for n in range(5):
        box.log.ring.add("2026-11-27T00:00:00Z info e n=%d" % n)
    box.log.ring.add("2026-11-27T00:00:00Z error bad")
    assert box.ask(b"log after end") == (True, "6 0", [])
    ok, text, lines = box.ask(b"log after 4")
    assert ok and text == "6 0" and len(lines) == 2
    assert box.ask(b"log after 0 warning")[2] == ["2026-11-27T00:00:00Z error bad"]
    assert box.ask(b"log after 99") == (True, "6 0", [])
    for n in range(300):
        box.log.ring.add("info e n=%d" % n)
    ok, text, lines = box.ask(b"log after 6")
    assert (text, len(lines)) == ("156 100", 50)
    assert not box.ask(b"log after x")[0] and not box.ask(b"log after 1 loud")[0]
    assert box.records == []  # none of what programs ask all the time
    assert len(box.ask(b"show log 7")[2]) == 7


def test_the_support_bundle_holds_no_secret_and_is_bounded():
    box = Box()
    for n in range(200):
        box.log.ring.add("info e n=%d %s" % (n, "x" * 600))
    ok, _, lines = box.ask(b"support bundle")
    assert ok and len("\n".join(lines)) < 98304
    assert lines[-1].startswith("sha256 ") and len(lines[-1]) == 71
    assert [line for line in lines if line.startswith("info e n=199 ")]
    assert not [line for line in lines if line.startswith("info e n=1 ")]
    assert not any("planted-sealed" in line for line in lines)


def test_settings_that_sound_secret_are_withheld():
    lines = support.without_secrets(
        ["set console password x1", "set log level info", "set system console-key y", "# set z"]
    )
    assert lines == [
        "set console password [withheld]",
        "set log level info",
        "set system console-key [withheld]",
        "# set z",
    ]
