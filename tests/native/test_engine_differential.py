"""What the engine takes out of a mail, beside what CPython's email takes: each difference has a
reason that is written down here, and a difference without one fails.
"""

import email
import email.policy
import hashlib
import random
from collections import Counter

from mailmaking import crlf, unwire, wire
from samples import cpython_samples
from test_engine_producers import with_cpython, with_template

# Reasons for objects that only the engine has, by the last name of their path.
ONLY_OURS = {
    "preamble": "text outside the parts may hold a file; CPython keeps it aside",
    "epilogue": "as the preamble",
    "text": "text in UTF-16 or UTF-7, as a client shows it",
}
# Messages of which CPython makes something else, and why that is no fault of the engine.
EXPLAINED = {
    "msg_15.txt": "same boundary outside and inside: the engine ends the inner one",
    "msg_25.txt": "no boundary: CPython keeps the text as one leaf of the multipart's type",
    "msg_38.txt": "an outer delimiter ends inner parts for the engine; CPython goes on",
    "msg_39.txt": "as msg_15.txt",
    "msg_35.txt": "a line that is no field: to CPython the header ends there",
    "msg_19.txt": "no header at all: CPython takes the first line for text",
    "msg_36.txt": "external-body: CPython reads the description as a message",
    "msg_37.txt": "delimiters in a row: empty parts, which CPython leaves out",
    "msg_47.txt": "no line between header and text: text to CPython, junk in the header to us",
    "msg_16.txt": "delivery-status: to CPython each group of fields is a message",
    "msg_43.txt": "as msg_16.txt",
    "msg_41.txt": "multipart without a boundary: no leaf to CPython, a text to the engine",
}


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


def leaves(octets):
    """Names and digests of the leaves that CPython sees."""
    message = email.message_from_bytes(octets, policy=email.policy.compat32)
    found = Counter()
    for part in message.walk():
        if part.is_multipart() or part.get_content_type() == "message/delivery-status":
            continue
        content = part.get_payload(decode=True) or b""
        if part.get_content_maintype() != "multipart":
            found[digest(content)] += 1
    return found


def objects(report):
    """Digests of what the engine opened, and the names, but for what only the engine has."""
    found, ours = Counter(), []
    for entry in report["objects"]:
        if not entry["path"] or entry["type"] in ("mail",):
            continue
        if entry["path"][-1] in ONLY_OURS:
            ours.append(entry)
        else:
            found[entry["sha256"]] += 1
    return found, ours


def names_of_cpython(octets):
    policy = email.policy.default
    message = email.message_from_bytes(octets, policy=policy)
    named = [part.get_filename() for part in message.walk() if not part.is_multipart()]
    return sorted(name for name in named if name)


def names_of_engine(report):
    return sorted(entry["path"][-1] for entry in report["objects"] if entry["path"])


def differences(octets, report):
    theirs, (ours, _) = leaves(octets), objects(report)
    inside = Counter()  # files that the engine found within a leaf: uuencode, containers
    depths = {entry["sha256"]: len(entry["path"]) for entry in report["objects"]}
    for key in ours - theirs:
        if depths[key] > 1:
            inside[key] += 1
    return (theirs - ours), (ours - theirs - inside)


def test_generated_mail_has_the_same_leaves_and_names(screen):
    made = []
    for number in range(300):
        for producer in (with_cpython, with_template):
            made.append(crlf(producer(random.Random(f"differential {number}"), number)))
    reports = screen([wire(octets) for octets in made], "--objects", fast=True)
    for octets, report in zip(made, reports, strict=True):
        assert unwire(wire(octets)) == octets
        if b"list mailing list" in octets:
            continue  # a footer behind base64: CPython stops at the padding, others do not
        if b"message/delivery-status" in octets or b"disposition-notification" in octets:
            continue  # reports are messages to CPython, text to the engine
        missing, more = differences(octets, report)
        assert (missing, more) == (Counter(), Counter()), octets.decode("latin-1")[:3000]
        names = names_of_engine(report)
        for name in names_of_cpython(octets):
            assert name in names or len(name.encode()) >= 150, (name, names)


def test_samples_of_cpython(screen):
    files = cpython_samples()
    octets = [crlf(file.read_bytes()) for file in files]
    reports = screen([wire(one) for one in octets], "--objects", fast=True)
    unexplained = {}
    for file, one, report in zip(files, octets, reports, strict=True):
        missing, more = differences(one, report)
        if bool(missing or more) != (file.name in EXPLAINED):  # a reason for nothing fails too
            paths = [(e["path"], e["octets"]) for e in report["objects"]]
            unexplained[file.name] = len(missing), len(more), paths
    assert unexplained == {}
