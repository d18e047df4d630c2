"""Verdict + rules -> what happens to the message.  Pure.

    mode      report          decision
    disabled  -               pass
    audit     any             pass; `would` says what `enabled` had done
    enabled   none            fail mode deny: refuse (-ERR [SYS/TEMP]); allow: mark
    enabled   killed          its action; fail mode allow: at most mark
    enabled   findings        the strongest action among them; findings that pass are ignored
    enabled   more than listed  also the actions of all verdicts that the unlisted may have

    From or Subject                    the report has besides        then the action
    fits an allow (and maybe a block)  nothing                       pass for what is LIFTED
    fits a block only                  forbidden, the whole message  as set for forbidden
    fits neither, or none is set       nothing                       as set

    action        sent                                         original
    pass          as it is                                     -
    mark          as it is, one header line in front           -
    clean         bad parts replaced; the whole if any finding quarantine
                  cannot be cut out
    quarantine    notice                                       quarantine
    block         notice                                       quarantine, release needs `force`
    refuse        -ERR [SYS/TEMP]                              stays at the origin

Its rule: nothing here trusts an edit range.  A range that is not inside the message makes the
message replaced as a whole.  From and Subject are what the sender likes to write: an allow lifts
what is held for its form, never infected, nor a verdict of what may hide an infection.  It does
not know POP3 or files.
"""

from restante.compat import const
from restante.screening import pattern, verdicts
from restante.screening.verdicts import (
    ACTION_NAMES,
    BLOCK,
    CLEAN,
    CLEAN_PART,
    DEFAULT_ACTIONS,
    KILLED,
    MARK,
    NAMES,
    PASS,
    QUARANTINE,
)
from restante.screening.wire import EDIT_PART, EDIT_WHOLE, Finding, Report, rank

# What an allow lifts: rules, and what the sender cannot help, such as a password.
LIFTED = (
    verdicts.FORBIDDEN,
    verdicts.MISMATCH,
    verdicts.ENCRYPTED,
    verdicts.UNSCANNABLE,
    verdicts.EXTERNAL,
)

# Not an action of settings: there is no verdict, for a cause that may pass.
REFUSE = const(5)


class Edit:
    """[start, end) of the wire form is replaced by a notice about `findings`."""

    def __init__(self, kind, start, end, findings):
        self.kind = kind
        self.start = start
        self.end = end
        self.findings = findings


class Decision:
    """`edits` is empty unless action is CLEAN_PART; `would` differs from it only in audit mode.

    `verdict` is None when there is none.  `findings` are those that led to the action.
    """

    def __init__(self, action, verdict):
        self.action = action
        self.would = action
        self.verdict = verdict
        self.signature = ""
        self.part = ""
        self.reason = ""
        self.edits = []
        self.findings = []

    @property
    def keeps(self):
        """True if the original must be durable in quarantine before anything is delivered."""
        return self.action in (CLEAN_PART, QUARANTINE, BLOCK)

    @property
    def whole(self):
        """True if the whole message is replaced by a notice."""
        return self.action in (QUARANTINE, BLOCK) or (self.action == CLEAN_PART and not self.edits)


def actions_of(settings):
    """{verdict: action} as set."""
    actions = dict(DEFAULT_ACTIONS)
    for verdict, name in enumerate(NAMES):
        if verdict != CLEAN:
            value = settings.get("screening action " + name)
            actions[verdict] = ACTION_NAMES.index(value)
    return actions


def decide(report, settings):
    """The Decision for a Report, or for None: no verdict, for a cause that may pass."""
    mode = settings.get("screening mode")
    if mode == "disabled":
        return Decision(PASS, None)
    allow = settings.get("screening fail-mode") == "allow"
    if report is None:
        decision = Decision(MARK if allow else REFUSE, None)
        decision.reason = "not screened: the screening process did not answer"
    else:
        actions = actions_of(settings)
        decision = _by_findings(_by_header(report, settings, actions), actions, allow)
    if mode == "audit":
        decision.action = PASS
        decision.edits = []
    return decision


def _by_header(report, settings, actions):
    """The report with what sender and subject add; an allow changes the actions."""
    address = address_of(report.sender)
    both = (report.sender, address)
    subject = (report.subject,)
    if _listed(settings, "sender allow", (address,)) or _listed(
        settings, "subject allow", subject
    ):
        for verdict in LIFTED:
            actions[verdict] = PASS
    elif _listed(settings, "sender block", both):
        return _forbidden(report, "sender " + report.sender)
    elif _listed(settings, "subject block", subject):
        return _forbidden(report, "subject " + report.subject)
    return report


def _listed(settings, what, texts):
    for one in settings.get("screening " + what) or ():
        for text in texts:
            if text and pattern.fits(one, text.encode()):
                return True
    return False


def _forbidden(report, why):
    """The same report with a finding for the whole message."""
    made = Report(report.verdict, report.size)
    made.found = report.found
    made.findings = report.findings + [Finding(verdicts.FORBIDDEN, EDIT_WHOLE, 0, 0, why, "")]
    made.found += 1
    if rank(verdicts.FORBIDDEN) < rank(made.verdict):
        made.verdict = verdicts.FORBIDDEN
    return made


def address_of(sender):
    """The address in a From field's text, without its display name; "" if it cannot be told."""
    start = sender.rfind("<")
    end = sender.find(">", start) if start >= 0 else -1
    address = sender[start + 1 : end] if end > start else "" if start >= 0 else sender
    address = address.strip()
    # Two addresses, or a text that was cut in its middle, are no answer.
    if address.count("@") != 1 or " " in address or "," in address or "..." in address:
        return ""
    return address


def _by_findings(report, actions, allow):
    if allow:
        actions[KILLED] = min(actions[KILLED], MARK)
    action = PASS
    for finding in report.findings:
        action = max(action, actions[finding.verdict])
    more = report.found > len(report.findings)
    if more:
        action = max(action, _worst_unlisted(report.verdict, actions))
    decision = Decision(action, report.verdict)
    _name_the_cause(decision, report, actions)
    if action == CLEAN_PART and not more:
        decision.edits = merge(decision.findings, report.size)
    return decision


def _worst_unlisted(verdict, actions):
    """What is not listed may be anything that is not worse than the message's verdict."""
    return max(actions[v] for v in verdicts.PRECEDENCE if rank(v) >= rank(verdict))


def _name_the_cause(decision, report, actions):
    """The findings that are acted on, and the first of the worst of them in words."""
    decision.findings = [f for f in report.findings if actions[f.verdict] != PASS]
    if decision.action in (CLEAN_PART, MARK):
        wanted = [f for f in decision.findings if actions[f.verdict] == decision.action]
        decision.findings = wanted or decision.findings
    worst = None
    for finding in decision.findings or report.findings:
        if worst is None or rank(finding.verdict) < rank(worst.verdict):
            worst = finding
    if worst is None:
        return
    decision.part = worst.part
    if worst.verdict == verdicts.INFECTED:
        decision.signature = worst.signature
        decision.reason = "infected with " + (worst.signature or "an unnamed signature")
    else:
        decision.reason = NAMES[worst.verdict]
        if worst.signature:
            decision.reason += ": " + worst.signature


def merge(findings, size):
    """Disjoint Edits in order; [] if only the whole message can be replaced."""
    for finding in findings:
        if finding.edit == EDIT_WHOLE or not 0 <= finding.start < finding.end <= size:
            return []
    edits = []
    for finding in sorted(findings, key=lambda f: (f.start, -f.end, f.edit)):
        last = edits[-1] if edits else None
        if last is None or finding.start >= last.end:
            edits.append(Edit(finding.edit, finding.start, finding.end, [finding]))
        elif finding.end <= last.end:
            last.findings.append(finding)
        elif finding.edit == last.kind and finding.edit != EDIT_PART:
            last.end = finding.end
            last.findings.append(finding)
        else:
            return []  # two entities that overlap in part: no structure of MIME does that
    return edits
