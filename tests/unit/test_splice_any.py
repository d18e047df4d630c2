"""Whatever a hostile worker says, the POP3 reply keeps its frame and honest cuts keep the rest."""

import email
import email.policy

from hypothesis import given, settings
from hypothesis import strategies as st
from restante.errors import ProtocolError
from restante.mail import splice
from restante.screening import policy, wire
from restante.screening.verdicts import ACTION_NAMES, DEFAULT_ACTIONS, NAMES

LINES = st.lists(
    st.sampled_from([b"", b"..", b"...", b"..a", b"--b", b"From: x", b" y", b"\r", b"To: z\0"])
    | st.binary(max_size=5).map(lambda b: b.replace(b"\n", b"").replace(b".", b",")),
    max_size=20,
)


class Settings:
    def __init__(self, actions):
        self.actions = actions

    def get(self, path):
        if path.startswith("screening action "):
            return ACTION_NAMES[self.actions[NAMES.index(path[17:])]]
        if path.endswith((" allow", " block")):
            return None
        return {"screening mode": "enabled", "screening fail-mode": "deny"}[path]


def message(lines):
    return b"".join(line + b"\r\n" for line in lines)


def joined(parts, data):
    return b"".join(p if isinstance(p, bytes) else data[p[0] : p[1]] for p in parts)


def framed(wire_form):
    """No line that a POP3 client takes for the end, each leading dot doubled."""
    if wire_form and not wire_form.endswith(b"\r\n"):
        return False
    return all(
        not line.startswith(b".") or line.startswith(b"..") for line in wire_form.split(b"\r\n")
    )


def offsets(size):
    return st.integers(0, size + 3) | st.just(1 << 63)


@st.composite
def reports(draw):
    data = message(draw(LINES))
    report = wire.Report(0, len(data))
    for _ in range(draw(st.integers(1, 4))):
        ends = sorted((draw(offsets(len(data))), draw(offsets(len(data)))))
        verdict = draw(st.integers(1, 10))
        edit = draw(st.integers(0, 2))
        report.findings.append(wire.Finding(verdict, edit, *ends, ".", ".\r\n."))
    report.found = len(report.findings)
    report.verdict = min((f.verdict for f in report.findings), key=wire.rank)
    for _ in range(draw(st.integers(0, 4))):
        report.keep.append((draw(offsets(len(data))), draw(offsets(len(data)))))
    actions = dict(DEFAULT_ACTIONS)
    for verdict in actions:
        actions[verdict] = draw(st.integers(0, 4))
    return data, report, Settings(actions)


@given(reports())
@settings(max_examples=400)
def test_the_frame_holds_for_any_report(case):
    data, report, rules = case
    decision = policy.decide(report, rules)
    parts = splice.segments(decision, report, len(data), "1", lambda at, n: data[at : at + n])
    out = joined(parts, data)
    assert framed(out)
    assert splice.wire_octets(parts) == len(out)
    if not decision.keeps:
        assert data in out or data == b""


@given(st.binary(max_size=300), st.integers(0, 2**64 - 1))
@settings(max_examples=300)
def test_any_reply_is_read_or_refused(data, tag):
    for prefix in (b"", b"RSV1" + tag.to_bytes(8, "little")):
        try:
            report = wire.screen_reply(prefix + data, tag, 1000)
        except ProtocolError:
            continue
        assert 0 <= report.verdict <= 10


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@given(st.lists(TEXT, min_size=2, max_size=6), st.data())
@settings(max_examples=100)
def test_cutting_one_entity_leaves_the_others(bodies, data):
    """A whole entity is replaced; CPython's parser then sees the same other parts."""
    bad = data.draw(st.integers(0, len(bodies) - 1))
    out = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=zz9\r\n\r\n"
    for i, body in enumerate(bodies):
        out += b"--zz9\r\n"
        start = len(out)
        out += splice.wire(["Content-Type: text/plain", "", "| " + body])[:-2]
        if i == bad:
            edit = (start, len(out))
        out += b"\r\n"
    out += b"--zz9--\r\n"
    report = wire.Report(1, len(out))
    report.findings = [wire.Finding(1, wire.EDIT_PART, *edit, "S", "p")]
    report.found = 1
    decision = policy.decide(report, Settings(DEFAULT_ACTIONS))
    parts = splice.segments(decision, report, len(out), "7", lambda at, n: out[at : at + n])
    parsed = email.message_from_bytes(joined(parts, out), policy=email.policy.SMTP)
    seen = [part.get_content() for part in parsed.iter_parts()]
    assert len(seen) == len(bodies)
    for i, body in enumerate(bodies):
        if i == bad:
            assert seen[i].startswith("A part of this message was removed")
            assert "quarantine entry 7" in seen[i]
        else:
            assert seen[i].rstrip("\r\n") == "| " + body
