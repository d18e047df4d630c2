"""Bundles: each vector of tests/vectors/bundles on one box.  Also on MicroPython.

FAULTS 61-77 and 86, as far as the format decides them; the vectors are made by make.py there.
"""

import hashlib
import struct

try:
    import _crypto as crypto
except ImportError:  # CPython
    import crypto_reference as crypto

from restante.update import bundle, delta, keys, lines, manifest, signature, trust
from restante.update.fault import BundleError

VECTORS = __file__.rsplit("/", 2)[0] + "/vectors/bundles/"
NOW = 1796000000
DAY = 86400


def vector(name):
    with open(VECTORS + name, "rb") as file:
        return file.read()


def sha256(data):
    return hashlib.sha256(data).digest()


BASE = vector("base")


def key_set(name="keys-1"):
    return keys.parse(vector(name))


def box(set_name="keys-1", now=NOW):
    made = trust.Box("virt", "stable", (0, 1, 0), 1, key_set(set_name), now)
    made.installed["signatures"] = trust.Installed(1, 6, sha256(BASE))
    made.installed["firmware"] = trust.Installed(1, 2, sha256(b"firmware"))
    made.rolled_back = (sha256(b"rolled back"),)
    return made


def front_of(data):
    return bundle.read(data[: bundle.FRONT_OCTETS], len(data))


def installed(data, here, asked=False):
    """What a box does with a bundle, step by step: (code or "accepted", what it installs)."""
    try:
        front = front_of(data)
        payload = data[front.payload_at :]
        decision = trust.judge(front, here, crypto, asked)
        if decision.accepted and decision.manifest.kind == manifest.KEYS:
            decision = trust.judge_keys(front, payload, here, crypto)
        if not decision.accepted:
            assert decision.what and decision.cause and decision.step
            return decision.code, None
        check = decision.payload()
        check.update(payload)
        check.finish()
        if decision.manifest.kind == manifest.DELTA:
            payload = applied(payload, decision.manifest, BASE)
        return "accepted", payload
    except BundleError as error:
        assert error.what and error.cause and error.step
        return error.code, None


def applied(records, found, base, piece=7):
    out = bytearray()

    def read(place, view):
        view[:] = base[place : place + len(view)]

    def write(view):
        out.extend(view)
        assert len(out) <= found.result_octets

    applier = delta.Applier(len(base), found.result_octets, found.result, read, write)
    for at in range(0, len(records), piece):
        applier.feed(records[at : at + piece])
    applier.finish()
    return bytes(out)


def cases():
    rows = str(vector("cases.txt"), "utf-8").split("\n")
    return [row.split(" ") for row in rows if row and not row.startswith("#")]


def test_each_case():
    """FAULTS 61-66, 69-73, 76: a row of cases.txt each."""
    wrong = []
    for name, set_name, outcome in cases():
        found, _ = installed(vector(name + ".rstb"), box(set_name))
        if found != outcome:
            wrong.append((name, found, outcome))
    assert wrong == []
    assert len(cases()) > 60


def test_what_is_installed():
    assert installed(vector("signatures.rstb"), box())[1] == BASE + b"!"
    assert installed(vector("delta.rstb"), box())[1] == vector("result")
    assert installed(vector("keys-2.rstb"), box())[1] == vector("keys-2")


def test_the_new_key_set_comes_with_the_decision():
    data = vector("keys-3.rstb")
    front = front_of(data)
    decision = trust.judge_keys(front, data[front.payload_at :], box("keys-2"), crypto)
    assert decision.accepted and decision.keys.epoch == 3
    assert decision.keys.write() == vector("keys-3")
    assert len(decision.signers) == 3


# FAULTS 61, 66: cut off or changed anywhere


def test_cut_at_each_octet():
    for name in ("signatures", "delta", "keys-2"):
        data = vector(name + ".rstb")
        for n in range(len(data)):
            assert installed(data[:n], box())[0] == "malformed", n
            if n < front_of(data).payload_at:  # the file is whole, what was read of it is not
                try:
                    bundle.read(data[:n], len(data))
                except BundleError:
                    continue
                raise AssertionError(n)


def test_each_bit_flipped():
    for name in ("signatures", "keys-2"):
        data = vector(name + ".rstb")
        here = box()
        for at in range(len(data)):
            other = bytearray(data)
            other[at] ^= 1 << (at & 7)
            assert installed(bytes(other), here)[0] != "accepted", (name, at)


def test_each_octet_replaced():
    data = vector("signatures.rstb")
    here = box()
    for at in range(len(data) - len(BASE)):
        for value in (0, 0x0A, 0x3D, 0x7F, 0xFF):
            other = bytearray(data)
            other[at] = value
            assert bytes(other) == data or installed(bytes(other), here)[0] != "accepted", at


def test_each_length_of_the_header():
    def head(octets, payload):
        return struct.pack("<8sIIQ", bundle.MAGIC, 1, octets, payload)

    for octets, payload in ((1, 1), (manifest.MANIFEST_OCTETS, bundle.PAYLOAD_LIMIT)):
        assert bundle.read_head(head(octets, payload)) == (bundle.HEADER_OCTETS + octets, payload)
    for octets in (0, manifest.MANIFEST_OCTETS + 1, 2**32 - 1):
        assert refused(bundle.read_head, head(octets, 1)) == "malformed"
    for payload in (0, bundle.PAYLOAD_LIMIT + 1, 2**64 - 1):
        assert refused(bundle.read_head, head(1, payload)) == "malformed"


def test_the_file_ends_with_the_payload():
    data = vector("signatures.rstb")
    for total in (len(data) - 1, len(data) + 1, 0, 2**40):
        assert refused(bundle.read, data, total) == "malformed"


def some_signatures(n, comment=b""):
    return [
        signature.Signature(bytes(7) + bytes((i,)), bytes(64), bytes(64), comment)
        for i in range(n)
    ]


def raw_front(count, comment=b""):
    """A front with so many signatures, which the writer would refuse."""
    front = front_of(vector("signatures.rstb")).head + bytes((count,))
    for each in some_signatures(count):
        front += struct.pack(
            "<2s8s64s64sH", b"ED", each.key_id, bytes(64), bytes(64), len(comment)
        )
        front += comment
    return front + BASE + b"!"


def test_number_of_signatures_and_length_of_comments():
    most = b"x" * signature.COMMENT_OCTETS
    for count in (0, 1, bundle.SIGNATURES):
        assert len(front_of(raw_front(count, most)).signatures) == count
    assert refused(front_of, raw_front(bundle.SIGNATURES + 1)) == "malformed"
    assert refused(front_of, raw_front(1, most + b"x")) == "malformed"
    head = front_of(vector("signatures.rstb")).head
    bundle.write_front(head, some_signatures(bundle.SIGNATURES))
    many = some_signatures(bundle.SIGNATURES + 1)
    assert refused(bundle.write_front, head, many) == "malformed"


def test_a_trusted_comment_is_one_line():
    assert front_of(raw_front(1, b"a\tb \xc3\xa4")).signatures[0].comment == b"a\tb \xc3\xa4"
    for octet in (b"\0", b"\n", b"\r", b"\x1b"):
        assert refused(front_of, raw_front(1, b"a" + octet)) == "malformed"


# FAULTS 75: nothing that is not signed is parsed


def test_the_manifest_is_not_parsed_before_a_signature_held():
    front = front_of(vector("hostile-unsigned.rstb"))
    assert len(front.manifest) == manifest.MANIFEST_OCTETS  # and all of it is no manifest
    decision = trust.judge(front, box(), crypto)
    assert (decision.code, decision.manifest) == ("unsigned", None)


# FAULTS 63, 77: time


def judged(name, **changed):
    return trust.judge(front_of(vector(name + ".rstb")), box(**changed), crypto)


def test_expired_signatures_are_used_with_a_warning():
    assert judged("signatures").warnings == []
    assert judged("signatures-expired").warnings == ["the bundle has expired 20787 days ago"]
    made = judged("signatures").manifest.created
    assert judged("signatures", now=made - DAY).warnings == []
    early = judged("signatures", now=made - DAY - 1)
    assert early.accepted and "check the clock" in early.warnings[0]
    last = judged("signatures").manifest.expires
    assert judged("signatures", now=last - 1).warnings == []
    assert "expired 0 days ago" in judged("signatures", now=last).warnings[0]


def test_expired_firmware_is_refused_only_by_a_clock_that_is_set():
    last = judged("firmware").manifest.expires
    assert judged("firmware", now=last - 1).accepted
    assert judged("firmware", now=last).code == "expired"
    blind = judged("firmware-expired", now=None)
    assert blind.accepted and "clock is not set" in blind.warnings[0]


# FAULTS 64, 71, 86: order, going back, keys that are gone


def test_after_the_last_serial_only_a_new_epoch_helps():
    here = box()
    here.installed["signatures"] = trust.Installed(1, 2**32 - 1, sha256(b"hostile"))
    assert installed(vector("signatures-last-serial.rstb"), here)[0] == "serial"
    here = box("keys-2")
    here.installed["signatures"] = trust.Installed(1, 2**32 - 1, sha256(b"hostile"))
    assert installed(vector("signatures-two-keys.rstb"), here)[0] == "accepted"


def test_a_lower_serial_of_a_higher_epoch_is_later():
    here = box("keys-2")
    here.installed["signatures"] = trust.Installed(1, 100, sha256(b"x"))
    assert installed(vector("signatures-two-keys.rstb"), here)[0] == "accepted"
    here.installed["signatures"] = trust.Installed(3, 1, sha256(b"x"))
    assert installed(vector("signatures-two-keys.rstb"), here)[0] == "serial"


def test_the_kept_previous_one_by_console_only():
    here = box()
    data = vector("older-serial.rstb")
    whole = sha256(BASE + b"!")
    assert installed(data, here, asked=True)[0] == "serial"
    here.previous["signatures"] = trust.Installed(1, 5, whole)
    assert installed(data, here)[0] == "serial"
    assert installed(data, here, asked=True)[0] == "accepted"
    here.previous["signatures"] = trust.Installed(1, 5, sha256(b"another"))
    assert installed(data, here, asked=True)[0] == "serial"


def test_what_was_rolled_back_comes_again_only_by_console():
    data = vector("rolled-back.rstb")
    assert installed(data, box())[0] == "rolled-back"
    assert installed(data, box(), asked=True)[0] == "accepted"


def test_what_a_revoked_key_signed_must_go():
    stolen = key_set("keys-1").of("signatures")[0]
    have = trust.Installed(1, 6, sha256(BASE), (stolen.id,))
    assert trust.withdrawn(key_set("keys-2"), have) == []
    assert trust.withdrawn(key_set("keys-3"), have) == [stolen.name]
    assert trust.withdrawn(key_set("keys-3"), trust.Installed(1, 6, sha256(BASE))) == []


def test_a_box_without_anything_installed():
    here = box()
    here.installed = {}
    assert installed(vector("older-serial.rstb"), here)[0] == "accepted"
    assert installed(vector("delta.rstb"), here)[0] == "base"


# FAULTS 74: the payload


def test_payload_in_pieces():
    data = b"0123456789"
    for cut in range(len(data) + 1):
        check = bundle.Payload(len(data), sha256(data))
        check.update(data[:cut])
        check.update(data[cut:])
        check.finish()


def refused(call, *arguments):
    try:
        call(*arguments)
    except BundleError as error:
        return error.code
    return "accepted"


def test_payload_longer_shorter_other():
    check = bundle.Payload(3, sha256(b"abc"))
    check.update(b"abc")
    assert refused(check.update, b"d") == "malformed"
    check = bundle.Payload(3, sha256(b"abc"))
    check.update(b"ab")
    assert refused(check.finish) == "malformed"
    check.update(b"C")
    assert refused(check.finish) == "payload"


def test_payload_limits_of_each_kind():
    for kind, limit in manifest.PAYLOAD_LIMITS.items():
        found = manifest.parse(front_of(vector("signatures.rstb")).manifest)
        found.kind = kind
        trust._check_size(found, bundle.Front(b"", limit, [], 0))
        over = bundle.Front(b"", limit + 1, [], 0)
        assert refused(trust._check_size, found, over) == "malformed"


# Key sets: FAULTS 72, 73


def changed(name, *changes):
    text = str(vector(name), "ascii")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return refused(keys.parse, text.encode())


def test_key_sets_are_what_they_write():
    for name in ("keys-1", "keys-2", "keys-3"):
        assert key_set(name).write() == vector(name)


def test_one_root_key_must_not_be_enough():
    assert changed("keys-1", ("root=2", "root=3")) == "accepted"
    assert changed("keys-1", ("root=2", "root=1")) == "malformed"
    assert changed("keys-1", ("root=2", "root=0")) == "malformed"
    assert changed("keys-1", ("root=2", "root=4")) == "malformed"
    assert changed("keys-1", ("signatures=1", "signatures=0")) == "malformed"
    assert changed("keys-1", ("firmware=1", "firmware=2")) == "malformed"


def test_a_key_is_there_once():
    first = key_set()
    one, two = first.of("root")[:2]
    again = signature.public_line(two.id, one.public)  # the same key under another id
    assert changed("keys-1", (two.line, again)) == "malformed"
    other = signature.public_line(one.id, two.public)
    assert changed("keys-1", (two.line, other)) == "malformed"
    assert changed("keys-1", (first.of("firmware")[0].line, one.line)) == "malformed"
    row = "revoked=%s\n" % one.line
    assert refused(keys.parse, vector("keys-1") + row.encode()) == "malformed"


def test_key_sets_have_one_spelling():
    assert changed("keys-1", ("epoch=1", "epoch=01")) == "malformed"
    assert changed("keys-1", ("epoch=1", "epoch=0")) == "malformed"
    assert changed("keys-1", ("restante-keys=1", "restante-keys=2")) == "malformed"
    assert changed("keys-1", ("root-key", "rot-key")) == "malformed"
    assert changed("keys-1", ("firmware-key", "revoked")) == "malformed"
    assert refused(keys.parse, vector("keys-1")[:-1]) == "malformed"
    assert refused(keys.parse, vector("keys-1") + b"\n") == "malformed"
    assert refused(keys.parse, b"") == "malformed"


def test_signatures_of_the_new_set_count_once_in_each():
    data = vector("keys-2.rstb")
    front = front_of(data)
    old, new = key_set("keys-1"), key_set("keys-2")
    keys.check_next(old, new, front, crypto)
    assert len(old.signers(front, crypto)) == len(new.signers(front, crypto)) == 2


def test_both_sets_must_vouch_for_the_new_one():
    old, new = key_set("keys-2"), key_set("keys-3")
    for name, outcome in (
        ("keys-3", "accepted"),
        ("keys-old-only", "threshold"),  # enough of the old ones, too few of the new ones
        ("keys-one-old", "threshold"),
        ("keys-new-only", "threshold"),
    ):
        front = front_of(vector(name + ".rstb"))
        assert refused(keys.check_next, old, new, front, crypto) == outcome, name


def test_old_ones_alone_are_asked_of_the_old_set():
    # Two of the new set sign; one of them is in the old set, which wants two.
    old, new = key_set("keys-1"), key_set("keys-2")
    front = front_of(vector("keys-one-old-one-new.rstb"))
    assert len(new.signers(front, crypto)) == 2
    assert refused(keys.check_next, old, new, front, crypto) == "threshold"


def test_order_and_number_of_keys():
    one, two = key_set().of("root")[:2]
    swap = ((one.line, "ONE"), (two.line, one.line), ("ONE", two.line))
    assert changed("keys-1", *swap) == "malformed"
    found = key_set()
    for n, outcome in ((keys.REVOKED_KEYS, "accepted"), (keys.REVOKED_KEYS + 1, "malformed")):
        found.revoked = [
            keys.Key(None, bytes(7) + bytes((i,)), bytes(31) + bytes((i,))) for i in range(n)
        ]
        assert refused(keys.parse, found.write()) == outcome
    found.revoked = []
    for n, outcome in ((2, "malformed"), (1, "accepted")):  # three are there; four are allowed
        more = [
            keys.Key("root", bytes(7) + bytes((i,)), bytes(31) + bytes((i,))) for i in range(n)
        ]
        found.keys = key_set().keys + more
        assert refused(keys.parse, found.write()) == outcome


def test_what_a_manifest_must_not_say():
    def said(name, old, new):
        data = front_of(vector(name + ".rstb")).manifest
        assert old in data
        return refused(manifest.parse, data.replace(old, new))

    assert said("firmware", b"hardware=virt", b"hardware=any") == "malformed"
    assert said("firmware", b"version=0.2.0", b"version=new") == "malformed"
    assert said("signatures", b"expires=1797592000", b"expires=1795000000") == "malformed"
    assert said("signatures", b"expires=1797592000", b"expires=1795000001") == "accepted"
    octets = b"result-octets=" + str(len(vector("result"))).encode()
    assert said("delta", octets, b"result-octets=0") == "malformed"
    assert said("delta", octets, b"result-octets=134217729") == "malformed"
    assert said("delta", octets, b"result-octets=134217728") == "accepted"


# Lines


def test_limits_of_words_numbers_and_lines():
    assert lines.word("k", "a" * lines.WORD_OCTETS) == "a" * lines.WORD_OCTETS
    assert lines.number("k", "4294967295") == 2**32 - 1
    for text in ("a" * (lines.WORD_OCTETS + 1), "-a", ".a", "A", "a b", "a_b"):
        assert refused(lines.word, "k", text) == "malformed", text
    for text in ("4294967296", "00", "01", "-1", "+1", " 1", "1 ", "x", "1" * 11):
        assert refused(lines.number, "k", text) == "malformed", text
    for text in ("1.2", "1.2.3.4", "1..3", "1.2.03", "1.2.x"):
        assert refused(lines.release, "k", text) == "malformed", text
    for text in ("0" * 63, "0" * 65, "A" * 64, "g" * 64):
        assert refused(lines.sha256, "k", text) == "malformed", text
    full = b"k=" + b"x" * (lines.LINE_OCTETS - 2) + b"\n"
    assert lines.split(full, 1000, "it") == [("k", "x" * (lines.LINE_OCTETS - 2))]
    assert refused(lines.split, b"kk" + full[1:], 1000, "it") == "malformed"
    assert refused(lines.split, full, len(full) - 1, "it") == "malformed"
    for data in (b"", b"k=v", b"k\n", b"=v\n", b"k=\n", b"\n", b"k=v\r\n", b"k=v\n\n", b"k= v\n"):
        assert refused(lines.split, data, 1000, "it") == "malformed", data
    for octet in (0, 9, 0x20, 0x7F, 0x80, 0xFF):
        assert refused(lines.split, b"k=" + bytes((octet,)) + b"\n", 99, "it") == "malformed"


# minisign's text form


def test_minisig_back_and_forth():
    for each in front_of(vector("keys-2.rstb")).signatures:
        again = signature.parse_minisig(each.minisig())
        assert (again.key_id, again.first, again.second, again.comment) == (
            each.key_id,
            each.first,
            each.second,
            each.comment,
        )


def test_minisig_cut_at_each_octet():
    text = front_of(vector("signatures.rstb")).signatures[0].minisig()
    for n in range(len(text)):
        assert refused(signature.parse_minisig, text[:n]) == "malformed", n
    assert refused(signature.parse_minisig, text + b"x") == "malformed"
    rows = text.split(b"\n")
    assert rows[1].startswith(b"RU")  # "ED"
    rows[1] = b"RW" + rows[1][2:]  # "Ed"
    assert refused(signature.parse_minisig, b"\n".join(rows)) == "malformed"
    assert refused(signature.parse_minisig, text + b"\n" * 5000) == "malformed"


def test_length_of_a_comment_in_a_minisig():
    most = some_signatures(1, b"x" * signature.COMMENT_OCTETS)[0].minisig()
    assert len(signature.parse_minisig(most).comment) == signature.COMMENT_OCTETS
    over = some_signatures(1, b"x" * (signature.COMMENT_OCTETS + 1))[0].minisig()
    assert refused(signature.parse_minisig, over) == "malformed"


def test_public_keys_have_one_spelling():
    text = key_set().keys[0].line.encode()
    assert signature.parse_public(text) == (key_set().keys[0].id, key_set().keys[0].public)
    for wrong in (
        text[:-1],
        text + b"=",
        text + b"\n",
        b" " + text,
        b"!" + text,
        b"RX" + text[2:],
    ):
        assert refused(signature.parse_public, wrong) == "malformed"


# Deltas


def test_a_delta_in_pieces_of_each_size():
    data = vector("delta.rstb")
    front = front_of(data)
    found = manifest.parse(front.manifest)
    records = data[front.payload_at :]
    for piece in range(1, len(records) + 1):
        assert applied(records, found, BASE, piece) == vector("result")


def test_a_delta_on_a_damaged_base_is_noticed():
    data = vector("delta.rstb")
    front = front_of(data)
    found = manifest.parse(front.manifest)
    damaged = b"\0" + BASE[1:]
    assert refused(applied, data[front.payload_at :], found, damaged) == "result"


def test_a_delta_cut_at_each_octet():
    data = vector("delta.rstb")
    front = front_of(data)
    found = manifest.parse(front.manifest)
    for n in range(len(data) - front.payload_at):
        records = data[front.payload_at : front.payload_at + n]
        assert refused(applied, records, found, BASE) == "malformed"


def test_large_copies_use_one_small_buffer():
    octets = 5 * delta.PIECE_OCTETS + 3
    sizes = []

    def read(place, view):
        sizes.append(len(view))
        view[:] = bytes(len(view))

    expected = sha256(bytes(octets))
    applier = delta.Applier(octets, octets, expected, read, lambda view: None)
    applier.feed(delta.copy_record(0, octets) + delta.end_record())
    applier.finish()
    assert sizes == [delta.PIECE_OCTETS] * 5 + [3]
