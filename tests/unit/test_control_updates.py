"""What the console says of sets, firmware and where they come from.  Also on MicroPython."""

from control_box import LABEL, Box, a_slot
from restante.errors import ScreenUnavailable, SetRefused, SettingsError, StoreFull
from restante.settings.values import Settings
from restante.update.fault import BundleError
from restante.update.state import State


def test_the_set_in_use():
    box = Box()
    ok, text, lines = box.ask(b"show signatures")
    assert ok and text == "signatures"
    assert lines[0] == "in use     factory" and lines[1].startswith("made       1970-01-01")
    assert lines[2] == "age        19690 days, TOO OLD: the maximum is 14"
    assert lines[3].startswith("bundle     set-8, made 2023-11-14") and "serial 8" in lines[3]
    assert lines[5] == "signed by  0000000000000000"
    assert lines[7].startswith("previous   set-7,") and lines[8] == "keys       epoch 3"
    box.installer.state = State()
    box.installer.keys = None
    box.installer.busy = True
    box.screen.error = ScreenUnavailable("gone")
    assert box.ask(b"show signatures")[2] == [
        "in use     NOT KNOWN: gone",
        "bundle     none: it came with the firmware",
        "previous   none is kept",
        "keys       NONE: nobody is trusted",
        "box        hardware virt, channel stable, firmware 0.1.0, engine level 1",
        "UPDATE     under way",
    ]


def test_installing_and_going_back():
    box = Box()
    assert box.ask(b"signatures install") == (True, "set-9 is in use", [])
    box.installer.warnings = ["old"]
    assert box.ask(b"signatures install force")[2] == ["warning: old"]
    assert box.installer.asked == [False, True]
    assert box.ask(b"signatures rollback") == (True, "older is in use again", [])
    box.installer.error = BundleError("serial", "it is older", "why", "do")
    lines = ["code: serial", "cause: why", "next: do"]
    assert box.ask(b"signatures install") == (False, "not installed: it is older", lines)
    assert box.ask(b"signatures rollback") == (False, "not rolled back: it is older", lines)
    for error in (SetRefused("no set"), StoreFull("no room"), ScreenUnavailable("gone")):
        box.installer.error = error
        ok, text, _ = box.ask(b"signatures install")
        assert not ok and str(error) in text
    box.arriving.ending = True
    asked = len(box.installer.asked)
    assert not box.ask(b"signatures install")[0] and len(box.installer.asked) == asked
    assert not box.ask(b"signatures install now")[0]


def test_a_transfer():
    box = Box()
    sha = b"ab" * 32
    assert box.ask(b"update begin " + sha + b" 9000") == (True, "3000 is wanted", [])
    assert box.ask(b"update data 0 AAAA 0000000a") == (True, "3000 is wanted", [])
    assert box.ask(b"update end") == (True, "it has arrived", ["type: signatures install"])
    calls = [("begin", b"\xab" * 32, 9000), ("data", 0, "AAAA", 10), ("end",)]
    assert box.arriving.calls == calls
    for line in (
        b"begin " + sha + b" x",
        b"begin " + sha[:-1] + b" 1",
        b"begin " + sha[:-1] + b"g 1",
        b"begin " + sha,
        b"begin " + sha + b" 12345678901",
        b"begin " + sha + b" -1",
        b"data 0 AAAA 1",
        b"data x AAAA 00000000",
        b"data 0 00000000",
        b"end now",
    ):
        assert not box.ask(b"update " + line)[0], line
    assert box.arriving.calls == calls
    for error in (BundleError("offset", "wanted is 3", "", ""), StoreFull("full"), OSError(5)):
        box.arriving.error = error
        for line in (b"begin " + sha + b" 9", b"data 0 AAAA 00000000", b"end"):
            assert not box.ask(b"update " + line)[0]


def test_polls_and_what_is_shown_of_them():
    box = Box()
    assert box.ask(b"update poll") == (True, "nothing newer", [])
    box.poller.answer = (True, False, "the server answers 404")
    assert box.ask(b"update poll") == (False, "the server answers 404", ["type: show log"])
    box.poller.answer = (False, True, "s.rstb: 7 of 9 octets")
    assert box.ask(b"update poll")[2] == ["type: show updates"]
    assert "none" in box.ask(b"show updates")[2][0]
    box.poller.now = ("http://a/", "stable", None, "", "", 3600, 0)
    assert box.ask(b"show updates")[2] == [
        "server     http://a/",
        "channel    stable",
        "last poll  none since the start",
        "next poll  in 0d 01:00:00",
        "stick      none",
    ]
    box.poller.now = ("http://a/", "stable", 61, "it broke", "s.rstb: 7 of 9 octets", None, 3)
    assert box.ask(b"show updates")[2][2:] == [
        "last poll  0d 00:01:01 ago: it broke",
        "failures   3 in a row",
        "now        s.rstb: 7 of 9 octets",
        "stick      none",
    ]
    box.poller.now = ("http://a/", "stable", 61, "good", "", None, 0)
    assert "updates interval is 0" in box.ask(b"show updates")[2][-2]


def test_what_came_of_a_stick_is_shown():
    box = Box()
    assert box.ask(b"update stick")[:2] == (False, "no stick is in")
    box.stick.now = (True, True, "is in", 61, "nothing newer", "")
    assert box.ask(b"update stick") == (True, "it is looked at", ["type: show updates"])
    assert box.ask(b"update stick firmware")[0] and not box.ask(b"update stick other")[0]
    assert box.stick.looks == (False, True) and "update.stick" in [each[1] for each in box.records]
    assert box.ask(b"show updates")[2][1:] == [
        "stick      is in",
        "last stick 0d 00:01:01 ago: nothing newer",
    ]
    box.stick.now = (True, True, "is in", 61, "nothing newer", "s.rstb: 7 of 9 octets")
    assert box.ask(b"show updates")[2][-1] == "from stick s.rstb: 7 of 9 octets"
    box.stick.now = (False, False, "off", None, "", "")
    assert box.ask(b"update stick")[:2] == (False, "sticks are off")
    assert box.ask(b"show updates")[2][-1] == "stick      off"


def test_firmware_of_both_slots_is_shown():
    box = Box()
    ok, _, lines = box.ask(b"show firmware")
    assert ok and lines == [
        "slot A     running, proven",
        "           0.1.0, came with the image",
        "slot B     proven",
        "           came with the image",
        "fallbacks  0",
        "keys       epoch 1",
    ]
    box.firmware.found["slots"] = [
        a_slot("A", next=False, label=dict(LABEL, version="0.1.0", serial=6)),
        a_slot("B", next=True, proven=False, tries=3, label=LABEL),
    ]
    lines = box.ask(b"show firmware")[2]
    assert lines[2] == "slot B     started next, not proven, 3 tries left"
    assert "0.2.0, made 2023-11-14" in lines[3] and "serial 7, signed by KEY" in lines[3]


def test_what_is_wrong_with_firmware_is_shown():
    box = Box()
    box.firmware.found.update({"record": False, "missed": "B", "withdrawn": ["K1"], "keys": None})
    box.firmware.found["slots"][1].update({"proven": False, "label": dict(LABEL, failed=True)})
    text = "\n".join(box.ask(b"show firmware")[2])
    for word in ("no copy of the boot", "slot B was to be", "REVOKED    keys", "FAILED", "NONE"):
        assert word in text
    box.firmware.found["slots"][1]["label"] = None
    assert "nothing that was written to its end" in "\n".join(box.ask(b"show firmware")[2])
    box.firmware.found["trial"] = "self-test"
    assert "on trial   self-test" in box.ask(b"show firmware")[2]


def test_firmware_is_installed_and_gone_back_from():
    box = Box()
    assert box.ask(b"firmware install") == (
        True,
        "firmware 0.2.0 is in slot B and is started next",
        ["warning: it is old", "type: reboot yes"],
    )
    assert box.ask(b"firmware install downgrade")[0] and box.firmware.asked == [False, True]
    assert not box.ask(b"firmware install force")[0]
    assert box.ask(b"firmware rollback")[1] == "slot B is started next"
    box.firmware.error = BundleError("version", "older", "so it is", "go back")
    for command in (b"firmware install", b"firmware rollback", b"show firmware"):
        ok, text, lines = box.ask(command)
        assert not ok and text.endswith(": older") and lines[0] == "code: version"
    box.arriving.ending = True
    assert box.ask(b"firmware install")[:2] == (False, "not installed: a transfer is being ended")


def test_health_is_the_self_test_the_store_and_the_settings():
    box = Box()
    box.selftest.passed = True
    assert box.ask(b"health") == (True, "", [])
    for passed in (False, None):
        box.selftest.passed = passed
        assert box.ask(b"health")[:2] == (False, "self-test: " + box.selftest.text)
    box.selftest.passed = True
    box.unopened.append("the store is read-only")
    assert box.ask(b"health")[1] == "the store is read-only"
    box.given = Settings(error=SettingsError(1, "no setting"))
    assert not box.ask(b"health")[0] and "health" not in str(box.ask(b"help"))
