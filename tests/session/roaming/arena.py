"""One real origin, one real gate, one real client on the road between office and outside.

Each step is done, then checked against the model; what is wrong raises with the seed, the step and
the words of the client. Rule: waiting is for a condition, with a deadline.
"""

import contextlib
import poplib
import shutil
import signal
import socket
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path

from boxes import Box
from restante_tools.errors import ToolError
from restante_tools.lab import judge
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.dovecot import Account, Plan
from roaming import plan
from roaming.model import Model
from roaming.travellers import HOST, logged_in, uidls

USER = "fred"
LOG_LINES = 40  # of the box's log, in a failure
SETTLE_SECONDS = 40.0  # for what the box still owes the origin: the client's sessions hurry it


class Wrong(AssertionError):
    """The promise that was broken, in words."""


class Arena(ABC):
    """`start` sets up `origin`, and the ports `office` and `outside` of loopback."""

    def __init__(self, traveller, apop=False):
        self.folder = Path(tempfile.mkdtemp(prefix="restante-roaming-"))
        self.folder.chmod(0o755)
        self.stack = contextlib.ExitStack()  # of what ends with it
        self.stack.callback(shutil.rmtree, self.folder)
        self.model = Model()
        self.password, self._passwords = "roaming-secret", 1
        self.apop = apop
        self._chance = None
        self.client = traveller(self.folder, USER, apop)
        self.sent = {}  # number -> octets
        self.accounts = [Account(USER, self.password, [])]

    @abstractmethod
    def start(self, server, settings):
        """`settings`: of the box, with {origin} for the place of the origin."""

    def close(self):
        self.stack.close()

    def be_taken_over(self):
        """The first login teaches, the first complete listing is enough to serve it."""

        def taken_over():
            return self.can_log_in(self.office) and self.takes_over()

        self.until(taken_over, lambda: self.shown("show accounts"))

    def evidence(self):
        """What the box itself says."""
        try:
            log = self.shown("show log").splitlines()[-LOG_LINES:]
            return "\n".join((self.shown("show accounts"), *log))
        except (OSError, AssertionError) as error:
            return f"the box says nothing: {error!r}"

    # Steps.

    def do(self, step, chance):
        getattr(self, step.replace(" ", "_"))(chance)

    def poll_in_the_office(self, chance):
        served = self.model.up or self.takes_over()
        self._poll(self.office, complete=self.model.up, must_go_well=served)

    def poll_outside(self, chance):
        self.settle()
        self._poll(self.outside, complete=True, must_go_well=True)

    def _poll(self, port, complete, must_go_well):
        went_well, found = self.client.poll(port, self.password)
        numbers = [plan.number_of(octets) for octets in found]
        faults = self.model.faults_of_poll(numbers, complete and went_well)
        for number, octets in zip(numbers, found, strict=True):
            fault = number in self.sent and self._difference(number, plan.as_sent(octets))
            if fault:
                faults.append(f"changed: {number}: {fault}")
        if must_go_well and not went_well:
            faults.append("the poll failed")
        self.expect(faults)

    def _difference(self, number, octets):
        """In words; empty: what came is what was sent."""
        sent = self.sent[number]
        forms = [sent]
        if self.client.says_top and self.origin.top_adds_a_line:
            forms.append(sent.replace(b"\n\n", b"\n\n\n", 1))
        return "" if octets in forms else judge.first_difference(sent, octets)

    def delete_in_office(self, chance):
        self._delete(self.office, chance)

    def delete_outside(self, chance):
        self.settle()
        self._delete(self.outside, chance)

    def _delete(self, port, chance):
        """Some of what the client has already, by our own hands: another program of its user."""
        said_quit, chosen = False, []
        try:
            with logged_in(port, USER, self.password, self.apop) as session:
                there = [(row, self._number(session, row)) for row, _ in uidls(session)]
                ours = [pair for pair in there if pair[1] in self.model.fetched]
                for row, number in chance.sample(ours, (len(ours) + 1) // 2):
                    session.dele(row)
                    chosen.append(number)
                said_quit = True
                session.quit()
        except (OSError, poplib.error_proto) as error:
            if said_quit:
                self.model.removed(chosen, acknowledged=False)
            if self.model.up or self.takes_over():
                self.expect([f"the session that deletes failed: {error!r}"])
        else:
            self.model.removed(chosen, acknowledged=True)

    def new_mail(self, chance):
        for _ in range(chance.choice((1, 2, 2, 4))):
            number = len(self.sent) + 1
            self.sent[number] = plan.message(number, chance)
            self.origin.deliver(USER, self.sent[number])
            self.model.came(number)

    @abstractmethod
    def reboot(self, chance):
        """Power off and on: nothing is told before, its data is what it was."""

    def origin_down(self, chance):
        self.origin.stop()
        self.model.up = False

    def origin_up(self, chance):
        self.origin.start()
        self.model.up = True

    def password_changed(self, chance):
        self._passwords += 1
        self.password = "roaming-secret" + "+" * self._passwords
        self.origin.set_password(USER, self.password)
        self.until(
            lambda: self.can_log_in(self.outside), lambda: "the origin keeps the old password"
        )

    # Checks.

    def check(self):
        """Between two steps: what anybody sees now, here and there."""
        if not self.model.up:
            if self.takes_over():
                self.expect(self.model.faults_offline([n for n, _ in self.rows(self.office)]))
            return
        self.settle()
        office = self.rows(self.office)
        self.await_lock()
        self.expect(self.model.faults_of_listing(office, self.rows(self.outside)))

    def settle(self):
        """What was deleted through the box is deleted at the origin before anything else."""

        def nothing_owed():
            self.can_log_in(self.office)  # the box refreshes as a session begins
            return not self.model.faults_of_origin(self.held())

        self.until(nothing_owed, lambda: "; ".join(self.model.faults_of_origin(self.held())))
        self.model.resolved(self.held())
        self.await_lock()

    def await_lock(self):
        """The box may be at the origin for a moment longer than its client was in the box."""
        self.until(lambda: self.can_log_in(self.outside), lambda: "the maildrop stays locked")

    def held(self):
        """Numbers that the origin holds, as its disk says."""
        return [plan.number_of(octets) for octets in self.origin.messages(USER)]

    def rows(self, port):
        """[(number, UIDL)] in the order of the listing."""
        with logged_in(port, USER, self.password, self.apop) as session:
            found = [(self._number(session, row), uidl) for row, uidl in uidls(session)]
            session.quit()
        return found

    def _number(self, session, row):
        return plan.number_of(b"\n".join(session.top(row, 0)[1]))

    def can_log_in(self, port):
        with contextlib.suppress(OSError, poplib.error_proto):
            with logged_in(port, USER, self.password, self.apop) as session:
                session.quit()
            return True
        return False

    def takes_over(self):
        """Whether the box serves this account itself."""
        lines = self.shown("show accounts").splitlines()
        return any(f" {USER} @ " in line and " ready " in line for line in lines)

    @abstractmethod
    def shown(self, command):
        """What the console answers."""

    def until(self, condition, what):
        """`what()`: what is wrong as long as the condition does not hold."""
        try:
            Deadline(SETTLE_SECONDS, "", "").wait(condition, "")
        except ToolError as error:
            raise Wrong(f"for {SETTLE_SECONDS:g} s: {what()}") from error

    def expect(self, faults):
        if faults:
            raise Wrong("; ".join(faults) + f"\nthe client said {self.client.said}")


class Native(Arena):
    """The gate runs natively, on loopback as its origin."""

    def __init__(self, traveller, signatures, apop=False):
        super().__init__(traveller, apop)
        self._signatures = signatures

    def start(self, server, settings):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = probe.getsockname()[1]
        more = {"apop": frozenset([USER])} if self.apop else {}
        self.origin = server(Plan(self.folder / "origin", HOST, port), self.accounts, **more)
        self.stack.callback(self.origin.stop)
        place = f"{HOST}/32:{port}"  # an address alone may not be a loopback one
        self.box = Box(port, self._signatures, [line.format(origin=place) for line in settings])
        self.stack.callback(self.box.stop)

    @property
    def outside(self):
        return self.origin.plan.port

    @property
    def office(self):
        return self.box.port

    def reboot(self, chance):
        self.box.gate.signal(signal.SIGKILL)
        self.box.gate.stop()
        self.box.start_gate()

    def shown(self, command):
        first, lines = self.box.console(command)
        return "\n".join((first, *lines))


def run(arena, seed):
    """The whole sequence of a seed; Wrong with all that is needed to see why."""
    log = []
    for number, (step, chance) in enumerate(plan.sequence(seed)):
        log.append(step)
        try:
            arena.do(step, chance)
            arena.check()
        except (Wrong, OSError, poplib.error_proto) as error:
            steps = " > ".join(log)
            story = f"seed {seed}, step {number}: {steps}\n{error!r}\n{arena.evidence()}"
            raise Wrong(story) from error
