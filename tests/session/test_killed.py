"""Gate and screen are killed again and again while clients fetch and delete; nothing is lost.

The test starts them again, as init does on the box (board/common/overlay/etc/inittab).
"""

import random
import signal
import threading
import time

from served import learn, mail
from talk import Talk, texts

KILLS, KILLS_IN_SAMPLE = 200, 14
CLIENTS = 4
# Promised, from the kill until mail that came after it was screened and served.
BACK_SECONDS = 5.0  # asserted in the soak, which has the machine to itself
STEPS = 12  # of all clients together between two kills, at most
WAIT_SECONDS = 60.0  # for clients to get on, on a busy machine
SEED = 7


class Truth:
    """What clients were told, for all of them."""

    def __init__(self):
        self.sent = {}  # UIDL: octets
        self.deleted = set()  # QUIT was answered with +OK
        self.doubtful = set()  # it was said, and nothing came back
        self.refused = {}  # UIDL: the line
        self.wrong = []
        self.step = threading.Condition()
        self.steps = self.retrieved = 0
        self.newest = 0  # number of the newest message that any client has

    def note_step(self):
        with self.step:
            self.steps += 1
            self.step.notify_all()

    def wait_steps(self, count):
        with self.step:
            wanted = self.steps + count
            assert self.step.wait_for(lambda: self.steps >= wanted, WAIT_SECONDS), "no step"


class Client(threading.Thread):
    """One session after the other: looks, retrieves, deletes a little of what it retrieved."""

    def __init__(self, box, truth, number):
        super().__init__()
        self.box, self.truth = box, truth
        self.chance = random.Random(f"{SEED} client {number}")
        self.number = number
        self.over = False

    def run(self):
        while not self.over:
            try:
                self.session()
            except (OSError, ConnectionError):
                self.truth.note_step()  # killed: the next session

    def session(self):
        gone = set(self.truth.deleted)  # a session shows what was there when it logged in
        with Talk(self.box.port) as talk:
            if not logged_in(talk):
                return
            uidls = listed(talk)
            self.truth.wrong += [f"back from the dead: {u}" for u in uidls.values() if u in gone]
            marked = [uidl for n, uidl in uidls.items() if self.take(talk, n, uidl)]
            self.truth.doubtful.update(marked)
            if talk.ask(b"QUIT").startswith(b"+OK"):
                self.truth.deleted.update(marked)
                self.truth.doubtful.difference_update(marked)
            self.truth.note_step()

    def take(self, talk, n, uidl):
        """True if it was retrieved and marked."""
        line, wire = talk.fetch(b"RETR %d" % n)
        if line.startswith(b"-ERR"):
            if b"[SYS/TEMP]" not in line:
                self.truth.refused[uidl] = line  # right if another client has deleted it
            return False
        if wire is None:
            raise ConnectionError("cut in a message")
        if texts(wire) != self.truth.sent[uidl]:
            self.truth.wrong.append(f"changed: {uidl}")
        self.truth.retrieved += 1
        self.truth.newest = max(self.truth.newest, int(uidl[4:]))
        self.truth.note_step()
        # One client for each message, so that no two have a part in its deletion.
        mine = int(uidl[4:]) % CLIENTS == self.number
        return mine and self.chance.random() < 0.3 and ok(talk.ask(b"DELE %d" % n))


def ok(line):
    return line.startswith(b"+OK")


def logged_in(talk):
    return ok(talk.line()) and ok(talk.ask(b"USER fred")) and ok(talk.ask(b"PASS secret"))


def listed(talk):
    """Number: UIDL."""
    line, body = talk.fetch(b"UIDL")
    if not ok(line) or body is None:
        raise ConnectionError("cut in a listing")
    rows = (row.split() for row in body.split(b"\r\n")[:-1])
    return {int(number): uidl for number, uidl in rows}


def kill(box, victim):
    """As init sees it: the program is gone, and started again."""
    program = getattr(box, victim)
    program.signal(signal.SIGKILL)
    program.stop()
    if victim == "gate":
        box.start_gate(listen=box.port)
    else:
        box.start_screen()


def new_mail(server, truth, count=1):
    for _ in range(count):
        number = len(truth.sent) + 1
        # No two of one size: what may be an old one under a new UIDL waits for the spider.
        message = mail(number, octets=1000 + 72 * number)
        truth.sent[b"uid-%d" % number] = message
        server.add(message)


def test_nothing_is_lost_and_service_is_back(accelerated, soak, figures):
    truth = Truth()
    settings = ("listing-age 0", "freshness 900")
    box, server = accelerated(group=settings, screens=True)
    new_mail(server, truth, 5)
    learn(box)
    clients = [Client(box, truth, number) for number in range(CLIENTS)]
    chance = random.Random(SEED)
    kills = KILLS if soak else KILLS_IN_SAMPLE
    slowest = {"gate": 0.0, "screen": 0.0}
    for client in clients:
        client.start()
    try:
        for _ in range(kills):
            new_mail(server, truth)
            truth.wait_steps(chance.randint(1, STEPS))
            victim = chance.choice(("gate", "screen"))
            began = time.monotonic()
            kill(box, victim)
            new_mail(server, truth)
            came = len(truth.sent)
            box.until(lambda came=came: truth.newest >= came, "service after a kill")
            slowest[victim] = max(slowest[victim], time.monotonic() - began)
    finally:
        for client in clients:
            client.over = True
        for client in clients:
            client.join()
    figures.append(
        f"killed {kills} times, seed {SEED}: {truth.retrieved} messages retrieved, "
        f"{len(truth.deleted)} deleted, {len(truth.wrong)} wrong; back in at most "
        f"{slowest['gate']:.1f} s (gate), {slowest['screen']:.1f} s (screen)"
    )
    assert truth.wrong == []
    assert truth.refused.keys() <= truth.deleted | truth.doubtful, truth.refused
    assert not soak or max(slowest.values()) < BACK_SECONDS, slowest
    everything_is_there(box, truth)


def everything_is_there(box, truth):
    with Talk(box.port) as talk:
        talk.log_in()
        there = {uidl: talk.fetch(b"RETR %d" % n)[1] for n, uidl in listed(talk).items()}
    wanted = set(truth.sent) - truth.deleted - truth.doubtful
    assert wanted <= set(there) <= wanted | truth.doubtful
    assert all(texts(wire) == truth.sent[uidl] for uidl, wire in there.items())
