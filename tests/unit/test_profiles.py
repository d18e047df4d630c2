"""Profiles: whose mail is screened by which settings.  Also on MicroPython."""

from restante.errors import SettingsError
from restante.screening import policy, wire
from restante.screening.verdicts import ENCRYPTED, MARK, QUARANTINE
from restante.settings import text
from restante.settings.profiles import Profiles
from restante.settings.values import Settings

OFFICE = b"""
set screening limit depth 9
set group office servers 192.0.2.1
set group home servers 192.0.2.2
set profile strict action encrypted quarantine
set profile strict limit depth 4
set profile strict fail-mode deny
set profile lenient action infected mark
set profile off mode disabled
set group office profile strict
set account "anna @ office" profile lenient
set account a*@office profile off
set account "an* @ office" profile strict
set account "*@example.org @ 192.0.2.9:110" profile off
"""


def of(data=OFFICE):
    settings = Settings(text.read(data))
    return settings, Profiles(settings)


def refused(data):
    try:
        text.read(data)
    except SettingsError as error:
        return error
    raise AssertionError("accepted: %r" % data)


def test_without_profiles_everybody_has_the_settings():
    settings, profiles = of(b"")
    assert profiles.of("fred @ office") is settings
    assert profiles.of("") is settings and profiles.name_of("") == ""
    assert profiles.views() == [] and profiles.screens


def test_the_closest_pattern_then_the_group_then_all():
    _, profiles = of()
    assert profiles.name_of("anna @ office") == "lenient"
    assert profiles.name_of("andrew @ office") == "strict"  # an* is closer than a*
    assert profiles.name_of("axel @ office") == "off"
    assert profiles.name_of("fred @ office") == "strict"
    assert profiles.name_of("anna @ home") == ""
    assert profiles.name_of("x@example.org @ 192.0.2.9:110") == "off"
    assert profiles.name_of("x@example.org @ 192.0.2.9:1100") == ""
    assert profiles.name_of("Anna @ office") == "strict"  # user names are exact


def test_a_user_cannot_write_himself_another_group():
    _, profiles = of()
    assert profiles.name_of("anna @ office @ home") == ""
    assert profiles.name_of("anna%20@%20office @ home") == ""


def test_who_did_not_say_a_name_has_the_groups():
    _, profiles = of()
    assert profiles.name_of("", "office") == "strict"
    assert profiles.name_of("", "home") == ""


def test_what_a_profile_does_not_set_is_as_for_all():
    settings, profiles = of()
    strict = profiles.of("fred @ office")
    assert strict.name == "strict"
    assert strict.get("screening action encrypted") == "quarantine"
    assert settings.get("screening action encrypted") == "mark"
    assert strict.get("screening mode") == "enabled"
    assert strict.get("sessions maximum") == 100
    assert strict.own()["screening limit depth"] == 4


def test_actions_and_limits_go_by_the_profile():
    settings, profiles = of()
    strict = profiles.of("fred @ office")
    assert policy.actions_of(strict)[ENCRYPTED] == QUARANTINE
    assert policy.actions_of(settings)[ENCRYPTED] == MARK
    assert wire.limits_of(strict).depth == 4
    assert wire.limits_of(profiles.of("anna @ office")).depth == 9
    decision = policy.decide(None, profiles.of("axel @ office"))
    assert decision.action == policy.PASS and decision.verdict is None


def test_something_is_screened_if_anybody_is():
    assert of()[1].screens
    assert not of(b"set screening mode disabled")[1].screens
    only = b"set screening mode disabled\nset profile strict mode enabled\n"
    assert of(only)[1].screens


def test_who_uses_a_profile():
    _, profiles = of()
    assert profiles.users("strict") == ["group office", "account an* @ office"]
    assert [view.name for view in profiles.views()] == ["lenient", "off", "strict"]


def test_the_text_form_is_canonical():
    values = text.read(OFFICE)
    written = text.write(values)
    assert 'set account "anna @ office" profile lenient\n' in written
    assert "set profile strict action encrypted quarantine\n" in written
    assert "set group office profile strict\n" in written
    assert text.read(written.encode()) == values
    assert text.write(text.read(written.encode())) == written


def test_what_is_named_must_be_there():
    group = b"set group office servers 192.0.2.1\n"
    assert "no profile 'x'" in refused(group + b"set group office profile x").text
    assert refused(group + b"set group office profile x").line == 2
    profile = b"set profile x mode audit\n"
    assert (
        "no profile 'y'" in refused(group + profile + b'set account "a @ office" profile y').text
    )
    assert "no group 'b'" in refused(profile + b'set account "a @ b" profile x').text
    text.read(profile + b'set account "a @ 192.0.2.1:110" profile x')


def test_wrong_lines_say_what_is_allowed():
    assert "action" in refused(b"set profile strict sessions 1").text
    assert "NAME" in refused(b"set profile").text
    assert "a-z" in refused(b"set profile Strict mode audit").text
    assert "quarantine" in refused(b"set profile strict action encrypted x").text
    assert "enabled" in refused(b"set profile strict mode on").text
    for bad in (
        b"set account x profile y",
        b'set account "a @" profile y',
        b'set account "@ b" profile y',
        b'set account "a @ b profile y',
        b'set account"a @ b" profile y',
        b'set account "a @ b"profile y',
        b'set account "a" "@ b" profile y',
        b'set account "a @ 192.0.2.1:" profile y',
        b'set account "a @ host.example:110" profile y',
        b"set account a@b other y",
        b'set log level "',
    ):
        assert refused(bad).line == 1, bad


def test_twice_is_twice_with_and_without_quotes():
    profile = b"set profile x mode audit\nset group o servers 192.0.2.1\n"
    two = b'set account "a @ o" profile x\nset account a@o profile x\n'
    assert "twice" in refused(profile + two).text


def test_bounds():
    many = b"".join(b"set profile p%d mode audit\n" % n for n in range(32))
    text.read(many)
    assert "32" in refused(many + b"set profile p32 mode audit\n").text
    head = b"set profile x mode audit\nset group o servers 192.0.2.1\n"
    lines = b"".join(b"set account u%d@o profile x\n" % n for n in range(100))
    text.read(head + lines)
    assert "100" in refused(head + lines + b"set account v@o profile x\n").text
