"""Mail clients that leave mail on the server and remember what they have fetched, each as it does.

Each gets a folder for its memory, and polls any port of 127.0.0.1: to the client it is the same
server, whether the box answers or the origin. A poll gives (went well, [octets as delivered]).
"""

import contextlib
import itertools
import poplib
import subprocess
from abc import ABC, abstractmethod

HOST = "127.0.0.1"
SECONDS = 60  # for one poll of a few small messages


class Traveller(ABC):
    """`apop`: the account has no password that may be said in clear."""

    says_top = False  # fetches with TOP and a number of lines that no message has

    def __init__(self, folder, user, apop=False):
        self.folder = folder / type(self).__name__.lower()
        self.inbox = self.folder / "inbox"
        self.inbox.mkdir(parents=True)
        self.user, self.apop = user, apop
        self.said = ""  # by the client in its last poll, for a report

    def poll(self, port, password):
        went_well = self.fetch(port, password)
        files = sorted(self.inbox.iterdir(), key=lambda path: int(path.name))
        found = [path.read_bytes() for path in files]
        for path in files:
            path.unlink()
        return went_well, found

    @abstractmethod
    def fetch(self, port, password):
        """Deliver into the inbox what is new; True if nothing stood in the way."""

    def run(self, words, good=(0,), **more):
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=SECONDS, **more
        )
        self.said = f"{done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}"
        return done.returncode in good

    def deliver(self, name, octets):
        (self.inbox / name).write_bytes(octets)

    def configuration(self, text):
        path = self.folder / "configuration"
        path.touch(mode=0o600)
        path.write_text(text)
        return str(path)

    def delivery(self):
        """A command that stores its input under the next number."""
        return f"cat > {self.inbox}/$(ls {self.inbox} | wc -l)"


class Fetchmail(Traveller):
    says_top = True

    def fetch(self, port, password):
        text = f"""set invisible
set no bouncemail
poll {HOST} service {port} protocol POP3 timeout {SECONDS} uidl
  user "{self.user}" password "{password}" sslproto ""
  keep no rewrite no mimedecode
  mda "{self.delivery()}"
"""
        words = ["fetchmail", "--nosyslog", "--silent", "-f", self.configuration(text)]
        words += ["--pidfile", f"{self.folder}/pid", "--idfile", f"{self.folder}/ids"]
        home = {"HOME": str(self.folder), "FETCHMAILHOME": str(self.folder)}
        return self.run(words, good=(0, 1), env={"PATH": "/usr/bin:/bin", **home})  # 1: no mail


class Mpop(Traveller):
    def fetch(self, port, password):
        lines = (
            *("account default", f"host {HOST}", f"port {port}", f"user {self.user}"),
            *(f"password {password}", "auth user", "tls off", "keep on", "only_new on"),
            *(f"uidls_file {self.folder}/uidls", f"timeout {SECONDS}", "received_header off"),
            f'delivery mda "{self.delivery()}"',
        )
        text = "".join(line + "\n" for line in lines)
        return self.run(["mpop", "--quiet", f"--file={self.configuration(text)}"])


class Curl(Traveller):
    """curl knows no UIDLs by itself: a loop around it remembers them."""

    def __init__(self, folder, user, apop=False):
        super().__init__(folder, user, apop)
        self.remembered = set()

    def fetch(self, port, password):
        there, listing = f"pop3://{HOST}:{port}", self.folder / "listing"
        listing.write_bytes(b"")
        config = self.configuration(f'user = "{self.user}:{password}"\n')
        words = ["curl", "--silent", "--show-error", "--max-time", str(SECONDS), "-K", config]
        if not self.run([*words, "--request", "UIDL", "--output", str(listing), f"{there}/"]):
            return False
        rows = [row.split() for row in listing.read_bytes().splitlines() if row]
        new = [(number.decode(), uidl) for number, uidl in rows if uidl not in self.remembered]
        if not new:
            return True
        pairs = [(f"{there}/{number}", "--output", str(self.inbox / number)) for number, _ in new]
        wanted = [word for pair in pairs for word in pair]
        went_well = self.run([*words, "--fail-early", "--write-out", "%{exitcode}\n", *wanted])
        # One exit code for each transfer that was begun, in their order.
        codes = self.said.split(": ", 1)[1].split()
        for (number, uidl), code in itertools.zip_longest(new, codes[: len(new)]):
            if code == "0":
                self.remembered.add(uidl)
            else:
                (self.inbox / number).unlink(missing_ok=True)
        return went_well


class Poplib(Traveller):
    """Remembers a UIDL when the whole message is there."""

    def __init__(self, folder, user, apop=False):
        super().__init__(folder, user, apop)
        self.remembered = set()

    def fetch(self, port, password):
        try:
            with logged_in(port, self.user, password, self.apop) as session:
                for number, uidl in uidls(session):
                    if uidl not in self.remembered:
                        self.deliver(str(number), b"\r\n".join(session.retr(number)[1]) + b"\r\n")
                        self.remembered.add(uidl)
                session.quit()
        except (OSError, poplib.error_proto) as error:
            self.said = repr(error)
            return False
        return True


TRAVELLERS = (Fetchmail, Mpop, Curl, Poplib)


class Session(poplib.POP3):
    """poplib's, but a greeting that is a refusal leaves no connection behind."""

    def __init__(self, port):
        try:
            super().__init__(HOST, port, SECONDS)
        except poplib.error_proto:
            self.close()
            raise


@contextlib.contextmanager
def logged_in(port, user, password, apop=False):
    """A session of poplib; without quit() it is cut off at the end."""
    session = Session(port)
    try:
        if apop:
            session.apop(user, password)
        else:
            session.user(user)
            session.pass_(password)
        yield session
    finally:
        session.close()


def uidls(session):
    """[(number, UIDL)] of a session."""
    rows = [row.split() for row in session.uidl()[1]]
    return [(int(number), uidl) for number, uidl in rows]
