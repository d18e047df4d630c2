"""The record of a decision: every field, whole, escaped, without secrets.  Also on MicroPython."""

from restante.log import records
from restante.screening import audit, policy
from restante.screening.verdicts import CLEAN, DEFAULT_ACTIONS, INFECTED, NAMES
from restante.screening.wire import EDIT_PART, Finding, Report

FIELDS = sorted(
    ("account", "uidl", "number", "octets", "sha256", "profile")
    + ("verdict", "signature", "part", "bundle", "action", "would")
)
SHA = bytes(range(32))


class Settings:
    def __init__(self, mode="enabled"):
        self.mode = mode

    def get(self, path):
        names = ("pass", "mark", "clean", "quarantine", "block")
        if path.startswith("screening action "):
            return names[DEFAULT_ACTIONS[NAMES.index(path[17:])]]
        return {"screening mode": self.mode, "screening fail-mode": "deny"}.get(path, ())


def infected(part="a.zip/x.exe", signature="Eicar"):
    report = Report(INFECTED, 1000)
    report.bundle = "factory 7"
    report.found = 1
    report.findings = [Finding(INFECTED, EDIT_PART, 10, 20, signature, part)]
    return report


def made(report, subject=None, mode="enabled", profile=""):
    subject = subject or audit.Subject("anna @ office", "uid-7", 7, 990, SHA)
    return audit.fields(subject, report, policy.decide(report, Settings(mode)), profile)


def test_every_decision_has_every_field():
    for report in (infected(), Report(CLEAN, 9), None):
        for mode in ("enabled", "audit", "disabled"):
            assert sorted(made(report, mode=mode)) == FIELDS


def test_what_they_say():
    fields = made(infected(), profile="strict")
    assert fields["sha256"] == "".join("%02x" % n for n in range(32))
    del fields["sha256"]
    assert fields == {
        "account": "anna @ office",
        "uidl": "uid-7",
        "number": 7,
        "octets": 990,
        "verdict": "infected",
        "signature": "Eicar",
        "part": "a.zip/x.exe",
        "bundle": "factory 7",
        "action": "clean",
        "would": "clean",
        "profile": "strict",
    }


def test_no_verdict_and_audit():
    fields = made(None)
    assert (fields["verdict"], fields["action"], fields["bundle"]) == ("none", "refuse", "")
    fields = made(infected(), mode="audit")
    assert (fields["action"], fields["would"]) == ("pass", "clean")


def test_nothing_known_of_the_message():
    fields = made(None, audit.Subject("", "", 3, 5, None))
    assert (fields["uidl"], fields["sha256"], fields["account"]) == ("", "", "")


def test_no_field_counts_as_a_secret_and_none_is_cut_off():
    fields = made(infected("p" * 100, "s" * 100), profile="p" * 20)
    for name in fields:
        assert not records.is_secret(name), name
    line = records.line(records.WARNING, "message.judged", fields)
    assert len(line) <= records.RECORD_OCTETS and not line.endswith("...")
    for name in fields:
        assert " %s=" % name in line


def test_what_came_from_outside_is_escaped():
    subject = audit.Subject("a\x1b[2J @ x", "u\r\nset", 1, 1, SHA)
    line = records.line("info", "message.judged", made(infected("\u202ex\n\x00"), subject))
    assert all(32 <= ord(c) < 127 for c in line)
    assert "\\x1b" in line and "\\x0d\\x0a" in line and "\\u{202e}" in line
