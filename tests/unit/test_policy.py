"""The decision table: report and settings to action and edits.  Also on MicroPython."""

from restante.screening import policy, verdicts
from restante.screening.verdicts import (
    ACTION_NAMES,
    BLOCK,
    CLEAN,
    CLEAN_PART,
    DEFAULT_ACTIONS,
    ENCRYPTED,
    INFECTED,
    MALFORMED,
    MARK,
    NAMES,
    PASS,
    QUARANTINE,
    UNSCANNABLE,
)
from restante.screening.wire import (
    EDIT_LINES,
    EDIT_PART,
    EDIT_WHOLE,
    Finding,
    Report,
    killed_report,
    rank,
)

SIZE = 1000
RULES = ["screening %s %s" % (a, b) for a in ("sender", "subject") for b in ("allow", "block")]


class Settings:
    def __init__(self, mode="enabled", fail="deny", **actions):
        self.values = {"screening mode": mode, "screening fail-mode": fail}
        for verdict, name in enumerate(NAMES):
            action = actions.get(name.replace("-", "_"), ACTION_NAMES[DEFAULT_ACTIONS[verdict]])
            self.values["screening action " + name] = action
        for path in RULES:
            name = path.replace("screening ", "").replace(" ", "_")
            if name in actions:
                self.values[path] = actions[name]

    def get(self, path):
        return self.values.get(path) if path in RULES else self.values[path]


def part(verdict=INFECTED, start=100, end=200, edit=EDIT_PART):
    return Finding(verdict, edit, start, end, "Sig-%d" % start, "file-%d" % start)


def whole(verdict=INFECTED):
    return Finding(verdict, EDIT_WHOLE, 0, 0, "Sig", "file")


def report(*findings, **other):
    worst = CLEAN
    for f in findings:
        if rank(f.verdict) < rank(worst):
            worst = f.verdict
    made = Report(other.get("verdict", worst), SIZE)
    made.findings = list(findings)
    made.found = other.get("found", len(findings))
    return made


def decide(found, **settings):
    return policy.decide(found, Settings(**settings))


def spans(decision):
    return [(e.start, e.end, e.kind, len(e.findings)) for e in decision.edits]


def test_clean_passes():
    decision = decide(report())
    assert (decision.action, decision.verdict, decision.edits) == (PASS, CLEAN, [])
    assert not decision.keeps and not decision.whole


def test_each_verdict_has_each_action():
    for verdict in range(1, len(NAMES)):
        for action, name in enumerate(ACTION_NAMES):
            decision = decide(report(part(verdict)), **{NAMES[verdict].replace("-", "_"): name})
            assert (decision.action, decision.would) == (action, action)
            assert decision.verdict == verdict
            assert decision.keeps == (action >= CLEAN_PART)
            assert decision.whole == (action >= QUARANTINE)
            assert spans(decision) == ([(100, 200, EDIT_PART, 1)] if action == CLEAN_PART else [])


def test_mode_disabled_and_audit():
    assert decide(report(part()), mode="disabled").action == PASS
    decision = decide(report(part()), mode="audit")
    assert (decision.action, decision.would, decision.verdict) == (PASS, CLEAN_PART, INFECTED)
    assert decision.edits == [] and not decision.keeps and not decision.whole
    assert decision.signature == "Sig-100"


def test_no_verdict():
    assert decide(None).action == policy.REFUSE
    assert not decide(None).keeps
    decision = decide(None, fail="allow")
    assert (decision.action, decision.verdict) == (MARK, None)
    assert decide(None, mode="audit").action == PASS
    assert decide(None, mode="audit").would == policy.REFUSE


def test_killed_is_held_or_as_the_fail_mode_says():
    assert decide(killed_report(SIZE)).action == QUARANTINE
    assert decide(killed_report(SIZE), fail="allow").action == MARK
    assert decide(killed_report(SIZE), fail="allow", killed="pass").action == PASS
    assert decide(killed_report(SIZE), killed="block").action == BLOCK
    assert decide(killed_report(SIZE)).reason.startswith("killed: ")


def test_one_finding_for_the_whole_replaces_the_whole():
    decision = decide(report(part(), whole()))
    assert decision.action == CLEAN_PART and decision.whole and decision.keeps


def test_findings_that_pass_are_ignored():
    decision = decide(report(part(), whole(ENCRYPTED)), encrypted="pass")
    assert not decision.whole and spans(decision) == [(100, 200, EDIT_PART, 1)]
    decision = decide(report(whole(ENCRYPTED)), encrypted="pass")
    assert (decision.action, decision.verdict) == (PASS, ENCRYPTED)
    assert decision.reason == "encrypted: Sig"


def test_the_strongest_action_wins():
    decision = decide(report(part(), part(ENCRYPTED, 300, 400)), encrypted="quarantine")
    assert (decision.action, decision.verdict) == (QUARANTINE, INFECTED)
    assert decision.whole and decision.edits == []


def test_only_what_is_to_be_cleaned_is_cut_out():
    decision = decide(report(part(), part(ENCRYPTED, 300, 400)))
    assert decision.action == CLEAN_PART and spans(decision) == [(100, 200, EDIT_PART, 1)]


def test_several_edits_in_order():
    decision = decide(report(part(start=500, end=600), part(), part(start=200, end=300)))
    assert spans(decision) == [
        (100, 200, EDIT_PART, 1),
        (200, 300, EDIT_PART, 1),
        (500, 600, EDIT_PART, 1),
    ]


def test_nested_edits_become_the_outer_one():
    inner = part(start=120, end=150, edit=EDIT_LINES)
    decision = decide(report(inner, part(), part(start=160, end=200), part()))
    assert spans(decision) == [(100, 200, EDIT_PART, 4)]


def test_overlapping_runs_of_lines_become_one():
    first = part(edit=EDIT_LINES)
    second = part(start=150, end=300, edit=EDIT_LINES)
    assert spans(decide(report(second, first))) == [(100, 300, EDIT_LINES, 2)]


def test_entities_that_overlap_in_part_replace_the_whole():
    assert decide(report(part(), part(start=150, end=300))).whole
    assert decide(report(part(), part(start=150, end=300, edit=EDIT_LINES))).whole


def test_ranges_outside_the_message_replace_the_whole():
    for start, end in ((100, 1001), (200, 200), (300, 200), (1 << 63, (1 << 63) + 1)):
        assert decide(report(part(start=start, end=end))).whole
    assert not decide(report(part(start=0, end=1000))).whole


def test_more_findings_than_listed_replace_the_whole():
    many = [part(start=i, end=i + 1) for i in range(64)]
    decision = decide(report(*many, found=65), ambiguous="clean", ratio="clean")
    assert decision.keeps and decision.whole


def test_unlisted_findings_may_be_anything_that_is_not_worse():
    many = [part(UNSCANNABLE, i, i + 1) for i in range(64)]
    assert decide(report(*many, found=65)).action == MARK
    assert decide(report(*many, found=65), encrypted="block").action == BLOCK
    assert decide(report(*many, found=65), malformed="block").action == MARK
    worse = report(*many, found=65, verdict=MALFORMED)
    assert decide(worse, malformed="block").action == BLOCK


def test_words_for_the_log():
    decision = decide(report(part(ENCRYPTED, 1, 2), part(INFECTED, 5, 6)))
    assert (decision.signature, decision.part) == ("Sig-5", "file-5")
    assert decision.reason == "infected with Sig-5"


def test_actions_grow_stronger_with_their_number():
    assert PASS < MARK < CLEAN_PART < QUARANTINE < BLOCK
    assert verdicts.ACTION_NAMES[CLEAN_PART] == "clean"


def mail(sender, subject, *findings):
    made = report(*findings)
    made.sender = sender
    made.subject = subject
    return made


BOSS = '"The Boss" <Boss@Example.org>'


def test_a_blocked_sender_or_subject_is_forbidden():
    for rule in (
        {"sender_block": (b"boss@example.org",)},
        {"sender_block": (b"*@EXAMPLE.org",)},
        {"sender_block": (b"nobody@*", b'"the boss"*')},
        {"subject_block": (b"*viagra*",)},
        {"subject_block": (b"buy ??agra",)},
    ):
        decision = decide(mail(BOSS, "Buy Viagra"), **rule)
        assert (decision.action, decision.verdict) == (CLEAN_PART, verdicts.FORBIDDEN), rule
        assert decision.whole and decision.keeps and decision.findings
        assert decision.reason.startswith("forbidden: s")
        assert decide(mail(BOSS, "Buy Viagra"), forbidden="pass", **rule).action == PASS
        assert decide(mail(BOSS, "Buy Viagra"), forbidden="block", **rule).action == BLOCK
        for sender in ("", "Anna <anna@example.com>", "The Bos <b@example.or>"):
            assert decide(mail(sender, "Hello"), **rule).action == PASS


def test_a_blocked_subject_leaves_the_report_as_it_is():
    found = mail(BOSS, "x", part(ENCRYPTED))
    decision = decide(found, subject_block=(b"x",))
    assert (found.found, len(found.findings), found.verdict) == (1, 1, ENCRYPTED)
    assert decision.verdict == verdicts.FORBIDDEN and decision.whole
    assert decide(mail(BOSS, "x", part()), subject_block=(b"x",)).verdict == INFECTED


def test_allow_lifts_rules_and_never_infected():
    rule = {"sender_allow": (b"*@example.org",), "sender_block": (b"*",)}
    assert decide(mail(BOSS, "x"), **rule).action == PASS
    for verdict in range(1, len(NAMES)):
        decision = decide(mail(BOSS, "x", part(verdict)), **rule)
        lifted = verdict in policy.LIFTED
        assert decision.action == (PASS if lifted else DEFAULT_ACTIONS[verdict]), NAMES[verdict]
    assert INFECTED not in policy.LIFTED and verdicts.KILLED not in policy.LIFTED
    assert MALFORMED not in policy.LIFTED and verdicts.AMBIGUOUS not in policy.LIFTED
    decision = decide(mail("x", "Ticket 7", part(ENCRYPTED)), subject_allow=(b"ticket *",))
    assert decision.action == PASS
    both = mail(BOSS, "x", part(), part(verdicts.FORBIDDEN, 300, 400))
    assert spans(decide(both, **rule)) == [(100, 200, EDIT_PART, 1)]


def test_allow_counts_the_address_and_not_what_is_written_before_it():
    rule = {"sender_allow": (b"*boss@example.org",), "encrypted": "block"}
    for sender in (
        '"boss@example.org" <evil@example.com>',
        "boss@example.org <evil@example.com>",
        "evil@example.com, boss@example.org",
        "evil@example.com boss@example.org",
        "<boss@example.org",
        "evil@...boss@example.org",
        "",
    ):
        assert decide(mail(sender, "x", part(ENCRYPTED)), **rule).action == BLOCK, sender
    assert decide(mail("boss@example.org", "x", part(ENCRYPTED)), **rule).action == PASS


def test_header_rules_need_a_report():
    assert decide(None, sender_allow=(b"*",)).action == policy.REFUSE
    assert decide(mail(BOSS, "x"), mode="audit", sender_block=(b"*",)).action == PASS
    assert decide(mail(BOSS, "x"), mode="audit", sender_block=(b"*",)).would == CLEAN_PART
