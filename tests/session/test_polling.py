"""The box fetches bundles from a server of files: a real one, and servers that misbehave.

FAULTS 61, 62, 65-67, 75, 82, 93.
"""

import time

import pytest
from installing import Sender, vectors
from mailserver import MailServer
from polling import PollingBox, Scripted, compiled_sets, moved, part, start_of, whole
from restante_tools.bundles import publishing
from restante_tools.lab.fileserver import FileServer
from test_installing import bundle, flipped
from test_set_swap import MAILS, found

make = vectors()
MANY = 500  # hashes beside: a bundle is longer than what is read of it to judge it


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    return compiled_sets(tmp_path_factory.mktemp("sets"), MANY)


@pytest.fixture
def box(signatures):
    server = MailServer(MAILS)
    settings = ["set log level debug", "set signatures maximum-age 0", "set updates interval 0"]
    made = PollingBox(server.port, signatures, settings, make.SETS["keys-1"])
    made.tested()
    yield made
    made.stop()
    server.stop()


@pytest.fixture
def files(tmp_path):
    """What nginx serves."""
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def nginx(tmp_path, files):
    running = FileServer(tmp_path / "nginx", files)
    yield running
    running.stop()


@pytest.fixture
def scripted():
    running = Scripted()
    yield running
    running.stop()


def publish(folder, **files):
    for name, data in files.items():
        (folder / f"{name}.rstb").write_bytes(data)
    publishing.publish(folder, None)


def offer(server, **files):
    """A scripted server has these bundles, and their index."""
    named = {f"{name}.rstb": data for name, data in files.items()}
    server.answers["index"] = whole(publishing.index_of(named))
    for name, data in named.items():
        server.answers[name] = whole(data)


def test_sets_deltas_and_keys_from_a_real_server(box, sets, files, nginx):
    """The whole way: keys first, then what is newest; 304; a delta; what is not newer stays."""
    assert "no server is set" in box.poll() and "none" in box.polls()["server"]
    box.configure(f"set updates url http://127.0.0.1:{nginx.port}/")
    assert "answers 404 to index" in box.poll()
    publish(files, s1=bundle(sets["knew-1"], 1))
    assert box.poll() == "+OK set-1 is in use"
    assert box.in_use() == "knew-1" and not found(box)
    assert "epoch 1 serial 1" in box.shown()["bundle"]
    assert {path.name for path in (box.data / "updates").iterdir()} == {"state", "poll"}
    assert box.poll() == "+OK nothing newer"
    delta = bundle(sets["knows-0"], 2, kind="signatures-delta", base=sets["knew-1"])
    publish(files, s2=bundle(sets["knows-0"], 2), d2=delta)
    assert box.poll() == "+OK set-2 is in use" and found(box)
    fetched = [row.split() for row in nginx.requests()]
    assert ["200", str(len(delta)), "/d2.rstb"] in fetched
    assert not any(row[2] == "/s2.rstb" for row in fetched)
    keys_2 = make.of_keys("keys-2", make.ROOTS[0], make.ROOTS[2])
    publish(files, keys=keys_2, s3=bundle(sets["knew-1"], 1, epoch=2))
    assert box.poll() == "+OK keys of epoch 2 are in use; set-1 is in use"
    assert box.shown()["keys"] == "epoch 2" and box.in_use() == "knew-1"
    # By itself: at the start of the gate, with what it knows of the index.
    box.configure("set updates interval 60")
    before = len(nginx.requests())
    box.gate.stop()
    box.start_gate()
    box.until(lambda: len(nginx.requests()) > before, "the poll after the start")
    assert nginx.requests()[before:] == ["304 0 /index"]
    box.until(lambda: "the index is as it was" in box.polls()["last poll"], "its end")
    assert "in 0d 00:5" in box.polls()["next poll"] or "in 0d 01:0" in box.polls()["next poll"]
    # It goes on where the console broke off.
    data = bundle(sets["knows-0"], 2, epoch=2)
    publish(files, s4=data)
    with Sender(box, data) as sender:
        sender.go(until=6000)
    box.gate.stop()
    box.start_gate()
    box.until(lambda: box.in_use() == "knows-0", "the poll after the start")
    assert f"206 {len(data) - 6000} /s4.rstb" in nginx.requests() and found(box)
    # What somebody went back from is not taken again.
    box.until(lambda: "now" not in box.polls(), "the end of the poll")
    assert box.console("signatures rollback")[0].startswith("+OK")
    assert box.poll() == "+OK nothing newer" and not found(box)


def cut_at(content, *ends):
    """A server that breaks off at these octets, one connection after the other."""
    left = list(ends)

    def answer(peer, request):
        start, end = start_of(request), left.pop(0) if left else None
        peer.sendall(part(content, start, end) if start else whole(content)[: end and end + 40])

    return answer


def test_it_goes_on_where_it_broke_off_and_where_the_console_did(box, sets, scripted):
    """FAULTS 80, 82."""
    data = bundle(sets["knows-0"], 1)
    offer(scripted, s=data)
    scripted.answers["s.rstb"] = cut_at(data, 7000, 9000)
    box.configure(f"set updates url {scripted.url}")
    assert box.poll() == "+OK set-1 is in use" and found(box)
    starts = [start_of(request) for request in scripted.requests if b"s.rstb" in request]
    assert starts[0] == 0 and 6900 < starts[1] < 7100 and starts[2] == 9000
    # A part that the console began is not fetched again, in a later run of the gate too.
    data = bundle(sets["knew-1"], 2)
    offer(scripted, s=data)
    scripted.answers["s.rstb"] = lambda peer, r: peer.sendall(part(data, start_of(r)))
    with Sender(box, data) as sender:
        sender.go(until=6000)
    assert "somebody at the console" in box.poll()
    with Sender(box, data) as sender:
        assert sender.begin() == 6000
    box.gate.stop()
    box.start_gate()
    box.until(lambda: box.poll() == "+OK set-2 is in use", "the poll of a gate that has started")
    assert start_of(scripted.requests[-1]) == 6000
    # And the other way round; the server is gone, the console has the rest.
    data = bundle(sets["knows-0"], 3)
    offer(scripted, s=data)
    scripted.answers["s.rstb"] = whole(data)[:9000]
    assert "broke off" in box.poll()
    with Sender(box, data) as sender:
        at = sender.begin()
        assert 8000 < at < 9000
        sender.go()
        assert sender.ended()[0].startswith("+OK")
    assert box.install()[0] == "+OK set-3 is in use"


def test_a_console_that_begins_meanwhile_goes_first(box, sets, scripted):
    """FAULTS 82."""
    data, other = bundle(sets["knows-0"], 1), bundle(sets["knew-1"], 2)
    offer(scripted, s=data)
    held = []

    def answer(peer, request):
        peer.sendall(whole(data)[:9000])
        while not held:
            time.sleep(0.01)
        peer.sendall(whole(data)[9000:])

    scripted.answers["s.rstb"] = answer
    box.configure(f"set updates url {scripted.url}")
    with Sender(box, other) as poll, Sender(box, other) as sender:
        poll.sock.sendall(poll.control.addressed("update poll").encode() + b"\n")
        box.until(lambda: "s.rstb: 8" in box.polls().get("now", ""), "the begin of it")
        sender.go()
        held.append(True)
        assert b"it waits" in poll.sock.recv(4096)
        assert sender.ended()[0].startswith("+OK")
    assert "somebody at the console" in box.poll()  # it has arrived, and waits to be installed
    assert box.install()[0] == "+OK set-2 is in use"


def test_servers_that_lie(box, sets, scripted):
    """FAULTS 61, 62, 65, 66, 75: nothing is used, little is fetched, the old set stays."""
    box.install(bundle(sets["knew-1"], 5))
    box.configure(f"set updates url {scripted.url}")
    good = bundle(sets["knows-0"], 6)

    def refused(answers, why):
        scripted.answers.update(answers)
        text = box.poll()
        assert why in text, text
        assert box.in_use() == "knew-1"

    offer(scripted, s=flipped(good))  # the index is of the damaged one
    refused({}, "SHA-256 differs")
    offer(scripted, s=good)
    refused({"s.rstb": whole(flipped(good))}, "differs) (payload)")
    refused({"s.rstb": whole(good + b"x")}, "at most")
    refused({"s.rstb": whole(good[:-1])}, "octets to come, not")
    refused({"s.rstb": whole(good, octets=len(good) - 1)}, "octets to come, not")
    refused({"s.rstb": moved("/s.rstb")}, "redirects more than 4 times")
    refused({"s.rstb": moved("https://127.0.0.1:1/s.rstb")}, "connection refused")
    refused({"s.rstb": moved("ftp://127.0.0.1/s.rstb")}, "no address of http")
    refused({"s.rstb": moved(f"http://127.0.0.1:{box.port}/")}, "leads back to this box")
    refused({"s.rstb": b"+OK ready\r\n"}, "does not speak HTTP")
    index = publishing.index_of({"s.rstb": good}).decode()
    refused({"index": whole(index.encode()[:-1]), "s.rstb": whole(good)}, "its index cannot be")
    refused({"index": whole(b"x" * 40000)}, "at most")
    # A list that says of an older set that it is a newer one, of a stranger's that it is ours.
    older = bundle(sets["knew-1"], 4)
    lie = publishing.index_of({"s.rstb": older}).decode().replace("serial=4", "serial=9")
    refused({"index": whole(lie.encode()), "s.rstb": whole(older)}, "(serial)")
    assert b"s.rstb" in scripted.requests[-1]
    newer = publishing.index_of({"s.rstb": good}).decode().replace("serial=6", "serial=9")
    refused({"index": whole(newer.encode()), "s.rstb": whole(good)}, "not what the index says")
    stranger = bundle(sets["knows-0"], 6, make.STRANGER)

    def trickling(peer, request):  # the rest of a stranger's bundle is not waited for
        peer.sendall(whole(stranger)[:8000])
        peer.recv(1)

    offer(scripted, s=stranger)
    refused({"s.rstb": trickling}, "(unsigned)")
    assert any("ALARM" in row and "was refused" in row for row in box.status())
    assert box.polls()["failures"] == "15 in a row"
    assert {path.name for path in (box.data / "updates").iterdir()} == {"state", "poll"}
    # What a liar said of a good one does not keep it away: whoever asks gets it.
    offer(scripted, s=good)
    assert box.poll() == "+OK set-6 is in use" and found(box)
    assert "failures" not in box.polls()


def slowly(content):
    def answer(peer, request):
        for octet in content:
            peer.sendall(bytes((octet,)))
            time.sleep(0.1)

    return answer


def test_slow_and_silent_and_no_servers_and_mail_goes_on(box, sets, scripted):
    """FAULTS 67, 93: each wait has an end; the pauses grow; all else goes on."""
    box.configure(f"set updates url {scripted.url}", "set updates interval 10080")
    good = bundle(sets["knows-0"], 1)
    scripted.answers["index"] = slowly(whole(publishing.index_of({"s.rstb": good})))
    assert "its answer took too long" in box.poll()
    offer(scripted, s=good)
    scripted.answers["s.rstb"] = lambda peer, request: (
        peer.sendall(whole(good)[:200]),
        slowly(whole(good)[200:])(peer, request),
    )
    assert "the file took too long" in box.poll()
    scripted.answers["index"] = lambda peer, request: peer.recv(1)
    assert not found(box) and "its answer took too long" in box.poll()
    box.configure("set updates url http://updates.example/")
    assert "updates.example cannot be looked up" in box.poll()
    box.configure(f"set updates url http://127.0.0.1:{box.port}/")
    assert "leads back to this box" in box.poll()
    box.configure("set updates url http://127.0.0.1:1/")
    for pause in ("02:", "04:", "08:"):
        assert "connection refused" in box.poll()
        minutes = int(box.polls()["next poll"][9:11])
        assert int(pause[:2]) - 1 <= minutes <= int(pause[:2]) * 5 // 4, box.polls()
    silent = "no good poll of http://127.0.0.1:1/"
    box.until(lambda: any("ALARM" in row and silent in row for row in box.status()), "the alarm")
