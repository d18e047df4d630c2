"""The log record of a decision about a message.  Pure.

Its rule: whoever decides, in pass-through, ahead of time or late, writes these fields and no
others, so that one search finds all.  Nothing here is a secret; the log escapes what came from
outside.
"""

import binascii

from restante.screening import policy, verdicts

_NOBODY = "none"


class Subject:
    """Which message: `account` and `uidl` are texts, "" if not known; `sha`: 32 octets or None.

    `octets`: true ones (RFC 1939 §11); `sha`: of the wire form, as stored and as in quarantine.
    """

    def __init__(self, account, uidl, number, octets, sha):
        self.account = account
        self.uidl = uidl
        self.number = number
        self.octets = octets
        self.sha = sha


def fields(subject, report, decision, profile=""):
    """{name: value} for log.record()."""
    return {
        "account": subject.account,
        "uidl": subject.uidl,
        "number": subject.number,
        "octets": subject.octets,
        "sha256": binascii.hexlify(subject.sha).decode() if subject.sha else "",
        "verdict": _NOBODY if decision.verdict is None else verdicts.NAMES[decision.verdict],
        "signature": decision.signature,
        "part": decision.part,
        "bundle": report.bundle if report else "",
        "action": action_name(decision.action),
        "would": action_name(decision.would),
        "profile": profile,
    }


def action_name(action):
    return "refuse" if action == policy.REFUSE else verdicts.ACTION_NAMES[action]
