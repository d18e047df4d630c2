"""The collector against scripted origins: what is fetched, what is said, what is borne."""

import base64
import shutil
import socket
import tempfile
import threading
from pathlib import Path

import pytest
from collecting import HASTE, MESSAGES, SECONDS, UIDLS, Collecting, stored
from mails import clean, infected, shows, wire
from origins import CLOSE, stuffed
from restante_tools.lab import dovecot as dovecot_lab

# -- the ordinary way


def test_a_maildrop_is_collected_once(collecting):
    stand, origin = collecting()
    assert stand.show()["state"] == "learning"
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)
    assert [row[:2] for row in stand.mail()] == [
        [uidl, len(m)] for uidl, m in zip(UIDLS, MESSAGES, strict=True)
    ]
    assert stand.show()["state"] == "ready"
    # Newest first, without RETR, which marks mail as seen at some origins; nothing is deleted.
    said = [line for line in origin.said if line.startswith((b"TOP", b"RETR", b"DELE"))]
    assert said == [b"TOP %d 99999999" % n for n in (3, 2, 1)]
    stand.poll()
    assert origin.count(b"TOP") == 3 and origin.count(b"PASS") == 2
    assert origin.ends == ["quit", "quit"]
    origin.add(b"uid-4", MESSAGES[0])
    origin.remove(b"uid-2")
    stand.poll()
    assert list(stand.bodies()) == ["uid-1", "uid-3", "uid-4"] and origin.count(b"TOP") == 4
    shown = stand.show()
    assert shown["spool"] == [0, 0] and shown["error"] == "" and shown["fresh"]
    assert any("collect.poll" in line and "fetched=1" in line for line in shown["log"])


@pytest.mark.parametrize("how", [2, 3], ids=["PLAIN", "LOGIN"])
def test_it_logs_in_as_the_user_does(collecting, how):
    heard = []

    def auth(connection, words):
        if words[1] == b"LOGIN":
            for prompt in (b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"):
                connection.sendall(b"+ " + prompt + b"\r\n")
                heard.append(base64.b64decode(connection.recv(1000)))
        else:
            connection.sendall(b"+ \r\n")
            heard.append(base64.b64decode(connection.recv(1000)))
        connection.sendall(b"+OK\r\n")

    stand, origin = collecting(login=("fred", "secret", how), answers={b"AUTH": auth})
    stand.poll()
    assert heard == ([b"\0fred\0secret"] if how == 2 else [b"fred", b"secret"])
    assert stand.bodies() == stored(MESSAGES) and origin.count(b"USER") == 0


def test_names_and_passwords_are_opaque_octets(collecting):
    stand, origin = collecting(login=(" Fréd%s/a#b ", "pass wörd  "))
    stand.poll()
    login = [line for line in origin.said if line.startswith((b"USER", b"PASS"))]
    assert login == ["USER  Fréd%s/a#b ".encode(), "PASS pass wörd  ".encode()]


def test_deletions_are_made_at_the_origin(collecting):
    stand, origin = collecting()
    stand.poll()
    stand.delete("uid-1", "uid-3")
    stand.poll()
    assert origin.uidls == [b"uid-2"] and list(stand.bodies()) == ["uid-2"]
    assert [line for line in origin.said if line.startswith(b"DELE")] == [b"DELE 1", b"DELE 3"]


def test_a_deletion_that_is_refused_stops_no_other_and_is_tried_again(collecting):
    stand, origin = collecting(answers={(b"DELE", 1): b"-ERR [SYS/TEMP] not now\r\n"})
    stand.poll()
    stand.delete("uid-1", "uid-2")
    stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-3"] and list(stand.bodies()) == ["uid-3"]
    origin.answers.clear()
    stand.poll()
    assert origin.uidls == [b"uid-3"]


@pytest.mark.parametrize("answer", [b"-ERR not removed\r\n", CLOSE, lambda c, w: None])
def test_a_quit_that_fails_is_made_good(collecting, answer):
    stand, origin = collecting(settings=HASTE, answers={b"QUIT": answer})
    stand.poll()
    stand.delete("uid-2")
    stand.poll()
    origin.marked.clear()
    origin.answers.clear()
    stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-3"]
    assert list(stand.bodies()) == ["uid-1", "uid-3"]


def test_numbers_of_another_visit_are_never_used(collecting):
    """Between two visits the numbers have moved: the right message is deleted."""
    stand, origin = collecting()
    stand.poll()
    stand.delete("uid-3")
    origin.remove(b"uid-1")
    stand.enter()
    stand.depart()
    assert stand.leave() is True
    assert origin.uidls == [b"uid-2"]


# -- screening


def test_what_is_bad_is_replaced_before_it_is_stored(collecting):
    bad = infected().replace(b"\n", b"\r\n")
    stand, origin = collecting([bad, *MESSAGES], screens=True)
    stand.poll()
    bodies = stand.bodies()
    assert not shows(bodies["uid-1"]) and b"removed by the mail gateway" in bodies["uid-1"]
    octets = {row[0]: row[1] for row in stand.mail()}
    unstuffed = (b"\n" + bodies["uid-1"]).replace(b"\n.", b"\n")[1:]
    assert octets["uid-1"] == len(unstuffed)
    assert bodies["uid-2"] == stuffed(MESSAGES[0])
    shown = stand.show()
    assert shown["quarantine"] == [["fred @ mail", "uid-1"]]
    assert origin.count(b"DELE") == 0 and shown["spool"] == [0, 0]


def test_quarantine_policy_deletes_the_origins_copy(collecting):
    bad = infected().replace(b"\n", b"\r\n")
    settings = ["set group mail quarantine-origin delete"]
    stand, origin = collecting([*MESSAGES, bad], settings, screens=True)
    stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-2", b"uid-3"]
    assert len(stand.show()["quarantine"]) == 1
    stand.poll()
    assert list(stand.bodies()) == [*UIDLS, "uid-4"] and not shows(stand.bodies()["uid-4"])


def test_the_origins_copy_goes_only_after_the_original_is_in_quarantine(collecting):
    """FAULTS 27: also if a power cut, or a lost QUIT, comes in between."""
    bad = infected().replace(b"\n", b"\r\n")
    seen = []

    def dele(connection, words):
        folder = stand.data / "quarantine"
        files = [path.read_bytes() for path in folder.glob("*.eml")]
        kept = b'"op": "keep"' in (folder / "journal").read_bytes()
        seen.append((files == [stuffed(bad)], kept))
        if len(seen) == 1:
            return CLOSE
        origin.marked.add(int(words[1]))
        connection.sendall(b"+OK\r\n")
        return None

    settings = ["set group mail quarantine-origin delete"]
    stand, origin = collecting([bad], settings, screens=True, answers={b"DELE": dele})
    stand.poll()
    assert origin.uidls == [b"uid-1"] and seen == [(True, True)]
    stand.kill()
    stand.start()
    stand.learn(origin.port)
    stand.poll()
    assert origin.uidls == [] and seen == [(True, True)] * 2
    assert len(stand.show()["quarantine"]) == 1 and list(stand.bodies()) == ["uid-1"]


def test_with_a_full_quarantine_nothing_is_deleted_at_the_origin(collecting):
    bad = (infected() + b"x" * 70 + b"\n").replace(b"\n", b"\r\n")
    big = bad + (b"x" * 70 + b"\r\n") * 130000
    settings = ["set group mail quarantine-origin delete", "set quarantine maximum 8"]
    stand, origin = collecting([big, *MESSAGES], settings, screens=True)
    for _ in range(2):
        stand.poll()
    assert origin.uidls == [b"uid-1", b"uid-2", b"uid-3", b"uid-4"] and not origin.count(b"DELE")
    shown = stand.show()
    assert shown["quarantine"] == [] and "store" in shown["alarms"]
    assert stand.bodies()["uid-1"] is None


def test_without_a_verdict_nothing_is_stored_and_it_is_tried_again(collecting):
    stand, origin = collecting(screens=True)
    stand.screen.stop()
    stand.poll()
    assert set(stand.bodies().values()) == {None} and origin.count(b"TOP") == 1
    shown = stand.show()
    assert "not screened" in shown["error"] and "screening" in shown["alarms"]
    stand.start_screen()
    stand.poll()
    assert stand.bodies() == stored(MESSAGES) and stand.show()["error"] == ""


# -- modes


def test_mode_collect_empties_the_origin(collecting):
    stand, origin = collecting(settings=["set group mail mode collect"])
    stand.poll()
    assert origin.uidls == [] and stand.bodies() == stored(MESSAGES)
    stand.poll()
    assert stand.bodies() == stored(MESSAGES)


@pytest.mark.parametrize("seen", ["left", "delivered"])
def test_mode_collect_is_not_for_who_leaves_mail(collecting, seen):
    stand, origin = collecting(settings=["set group mail mode collect"])
    if seen == "left":
        stand.left_mail()
    else:
        origin.answers[b"TOP"] = origin.answers[b"RETR"] = b"-ERR not now\r\n"
        stand.poll()
        stand.delivered("uid-1")
        origin.answers.clear()
    stand.poll()
    assert origin.count(b"DELE") == 0
    shown = stand.show()
    assert "mode collect is not applied" in shown["error"]
    assert any("collect.mirrors" in line for line in shown["log"])


def test_retr_where_the_group_says_so(collecting):
    stand, origin = collecting(settings=["set group mail fetch retr"])
    stand.poll()
    assert origin.count(b"TOP") == 0 and origin.count(b"RETR") == 3
    assert stand.bodies() == stored(MESSAGES)


def test_what_vanishes_after_our_own_retr_is_kept(collecting):
    """An origin that drops what was retrieved."""
    stand, origin = collecting(settings=["set group mail fetch retr"])
    stand.poll()
    origin.remove(b"uid-2")
    stand.poll()
    shown = stand.show()
    assert shown["state"] == "passing" and "drops what was fetched" in shown["why"]
    assert stand.bodies() == stored(MESSAGES)
    assert [row[0] for row in stand.mail() if row[3]] == ["uid-2"]


# -- real servers, names


def test_real_dovecot(signatures, dovecot):
    """TOP works, LIST is right, DELE and QUIT delete."""
    messages = [clean(f"message {n}") for n in range(20)] + [infected()]
    port = dovecot(messages)
    stand = Collecting(signatures)
    try:
        stand.learn(port)
        stand.poll()
        bodies = list(stand.bodies().values())
        assert bodies[:-1] == [wire(m) for m in messages[:-1]]
        assert not shows(bodies[-1])
        uidls = list(stand.bodies())
        stand.delete(uidls[0])
        stand.poll()
        assert list(stand.bodies()) == uidls[1:]
        stand.enter()
        stand.refresh()
        stand.leave()
        assert list(stand.bodies()) == uidls[1:] and stand.show()["error"] == ""
    finally:
        stand.close()


class NameServer:
    """Answers each query with what `answer(query octets)` gives; None: silence."""

    def __init__(self, answer):
        self.asked = []
        self._answer = answer
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with self._sock:
            while True:
                octets, peer = self._sock.recvfrom(600)
                if not octets:
                    return
                self.asked.append(octets)
                for answer in self._answer(octets):
                    self._sock.sendto(answer, peer)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(SECONDS)


def addresses_of(asked, *addresses):
    head = asked[:2] + b"\x81\x80\0\1" + bytes((0, len(addresses))) + b"\0\0\0\0" + asked[12:]
    rows = [b"\xc0\x0c\0\1\0\1\0\0\0\x64\0\4" + bytes(a) for a in addresses]
    return head + b"".join(rows)


@pytest.mark.parametrize("case", ["good", "after a lie", "silent", "refused"])
def test_host_names_are_looked_up(collecting, case):
    def answer(asked):
        good = addresses_of(asked, (192, 0, 2, 1), (192, 0, 2, 7))
        wrong = bytes((asked[0] ^ 1,)) + good[1:]
        refused = good[:3] + b"\x85" + good[4:]
        return {"good": [good], "after a lie": [wrong, good], "silent": [], "refused": [refused]}[
            case
        ]

    server = NameServer(answer)
    stand, _ = collecting(servers="pop.example.net,127.0.0.1/32")
    path = stand.folder / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\n")
    known = stand.look_up(str(path), server.port)
    server.stop()
    found = ["192.0.2.1", "192.0.2.7"] if case in ("good", "after a lie") else []
    assert known == {"pop.example.net": found}
    assert all(b"\3pop\7example\3net\0\0\1\0\1" in asked for asked in server.asked)
    assert any("lookup.failed" in line for line in stand.show()["log"]) is (not found)


@pytest.mark.parametrize("way", ["top", "retr"])
def test_what_a_real_server_marks_as_seen(signatures, way):
    folder = Path(tempfile.mkdtemp(prefix="restante-dovecot-"))
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    plan = dovecot_lab.Plan(folder / "server", "127.0.0.1", port)
    users = [dovecot_lab.Account("fred", "secret", [clean("one"), clean("two")])]
    server = dovecot_lab.Dovecot(plan, users)
    stand = Collecting(signatures, [f"set group mail fetch {way}"], screens=False)
    try:
        stand.learn(plan.port)
        stand.poll()
        assert None not in stand.bodies().values() and len(stand.bodies()) == 2
        flags = [p.name.partition(":2,")[2] for p in folder.rglob("*/cur/*")]
        flags += ["" for p in folder.rglob("*/new/*")]
        assert len(flags) == 2 and ("S" in "".join(flags)) is (way == "retr")
    finally:
        stand.close()
        server.stop()
        shutil.rmtree(folder)
