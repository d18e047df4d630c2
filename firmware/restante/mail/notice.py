"""The text that stands in place of what was taken out.  Pure.

Its rule: plain ASCII in short lines, whatever the mail's names contain; it says what, why, which
signature of which bundle, and how to get the original.  It does not know MIME nor the wire form.
"""

from restante.compat import const
from restante.screening import verdicts

# Longest name shown, characters: fits a line of RFC 5322 §2.1.1 (998) many times over and a
# mail window once.
NAME_CHARACTERS = const(120)
# Findings that one notice names; the rest is counted.
FINDINGS_SHOWN = const(8)

_WHY = {
    verdicts.INFECTED: "it is infected",
    verdicts.ENCRYPTED: "it is encrypted and could not be screened",
    verdicts.TOO_DEEP: "it is nested too deeply to be screened",
    verdicts.TOO_MANY: "it has too many parts to be screened",
    verdicts.TOO_LARGE: "it expands to more than may be screened",
    verdicts.RATIO: "it expands like a decompression bomb",
    verdicts.OVER_BUDGET: "screening it takes more work than is allowed",
    verdicts.MALFORMED: "it is damaged or cut off and could not be screened",
    verdicts.AMBIGUOUS: "mail programs may disagree about what it contains",
    verdicts.UNSCANNABLE: "its format cannot be screened",
    verdicts.MISMATCH: "it is not what its name or type says",
    verdicts.FORBIDDEN: "a rule of the gateway does not allow it",
    verdicts.PARTIAL: "it is a piece of a message whose other pieces are not known",
    verdicts.EXTERNAL: "its content lies elsewhere and could not be screened",
    verdicts.KILLED: "it could not be screened: the screening process ended twice on it",
}


def shown(name, limit=NAME_CHARACTERS):
    """Printable ASCII, bounded: others become '?', a longer name ends in '...'."""
    if len(name) > limit:
        name = name[: limit - 3] + "..."
    return "".join(c if " " <= c <= "~" else "?" for c in name)


def part_lines(findings, bundle, id):
    """The notice in place of one part, as text lines without line ends."""
    return ["A part of this message was removed by the mail gateway (Restante)."] + _rest(
        findings, len(findings), bundle, id
    )


def whole_lines(findings, found, bundle, id):
    """The notice in place of the whole message; `found` counts unlisted findings too."""
    return ["This message is held by the mail gateway (Restante)."] + _rest(
        findings, found, bundle, id
    )


def late_lines(sender, subject, findings, found, bundle, id):
    """Text of a message to whoever got one that was found bad afterwards."""
    lines = ["You have received a message that new signatures find bad:", ""]
    if sender:
        lines.append("From:      " + shown(sender))
    if subject:
        lines.append("Subject:   " + shown(subject))
    lines += [
        "",
        "Do not open what is attached to it.  Delete your copy, and tell the",
        "administrator if you have opened it.",
    ]
    return lines + _rest(findings, found, bundle, id)


def _rest(findings, found, bundle, id):
    lines = [""]
    for finding in findings[:FINDINGS_SHOWN]:
        lines += _finding(finding)
    more = found - min(len(findings), FINDINGS_SHOWN)
    if more > 0:
        lines += ["And %d more of this kind." % more, ""]
    if bundle:
        lines += ["Signatures: " + shown(bundle), ""]
    id = shown(id)
    return lines + [
        "The original is kept. If you need it, ask the administrator of the",
        "gateway for quarantine entry %s (console: quarantine release %s)." % (id, id),
    ]


def _finding(finding):
    lines = []
    if finding.part:
        lines.append("What:      " + shown(finding.part))
    lines.append("Why:       " + _WHY[finding.verdict])
    if finding.signature:
        label = "Signature: " if finding.verdict == verdicts.INFECTED else "Detail:    "
        lines.append(label + shown(finding.signature))
    lines.append("")
    return lines
