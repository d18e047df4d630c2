"""Machine mode: the dialogue with a program on the other end.  Waits in terminal and gate only.

Its rule: each line gets exactly one answer of one line (tagged.py); nothing is echoed, there is no
prompt.  A program that got no answer, or a damaged one, sends the same line again: the last tag's
answer is kept and given again, the command is not run twice.  That holds over Ctrl-C and
`terminal json`, too, for as long as the console runs.
"""

from restante.console import speeds, tagged
from restante.console.gate import NoAnswer
from restante.control import door
from restante.control.wire import EDITING

# A program that says nothing for so long is gone, and a hand may be next.
IDLE_MS = 600000
# A lent speed is kept while a command runs: longer than the gate's own deadline (gate.py).
COMMAND_MS = 100000
# Octets of lines that came while a command runs; as in session.py.
TYPED_OCTETS = 65536
QUIET_MS = 500
ENTER = ((b"terminal", b"json"), (b"terminal", b"json", b"checked"))
LEAVE = (b"terminal", b"text")

NOT_RUN = "not run: "
HINT = ("machine mode; type: terminal text",)
BY_HAND = "a password is typed by hand"
LOGOUT = b"logout"


def enters(line):
    """Whether a line asks for machine mode."""
    return tuple(line.split()) in ENTER


class Machine:
    def __init__(self, terminal, gate, login, name):
        """`login`: who is logged in; `name`: of the session."""
        self._terminal = terminal
        self._gate = gate
        self._login = login
        self._name = name
        self._checked = False
        self._typed = bytearray()  # from self._at on: not looked at yet
        self._at = 0
        self._left = False  # by Ctrl-C or BREAK, while a command ran
        self._too_much = False  # what comes is dropped, until it is quiet
        self._last = None  # (tag, command) that was run last
        self._kept = (False, "", ())  # its answer: ok, text, lines
        self.editing = False

    def run(self, line, typed):
        """`line`: the one that enters; `typed`: octets behind it.  Gives what is to be read next
        when the mode has ended; terminal.Gone."""
        self._forget()
        self._typed += typed
        self._left = False
        self._enter(line)
        collector = tagged.Collector()
        while not self._left:
            event = self._next_event(collector)
            if event is None or self._ends(event):
                break
            self._drop_to_the_end()
        if self._left:
            self._terminal.show(b"^C")
        self._terminal.show(b"\n")
        self._terminal.own_speed()
        return self._typed[self._at :]

    def _next_event(self, collector):
        """An event of the collector's, or None if nothing comes for long."""
        while True:
            while self._at < len(self._typed):
                event, self._at = collector.take(self._typed, self._at)
                if event:
                    return event
            self._forget()
            self._typed += self._terminal.read(IDLE_MS)
            if not self._typed:
                return None

    def _forget(self):
        self._typed = bytearray()
        self._at = 0

    def _enter(self, line):
        self._checked = line.split()[-1] == b"checked"
        user = "login " + (self._login.user or "none")
        self._say(b"", True, "terminal json", ("session " + self._name, user))

    def _ends(self, event):
        """Answers a line; whether the mode ends with it."""
        kind, line = event
        if kind == tagged.LEAVE:
            self._left = True
        elif kind == tagged.REFUSED:
            self._say(b"", False, NOT_RUN + line, HINT)
        elif tuple(line.split()) == LEAVE:
            self._say(b"", True, "terminal text", ())
            return True
        elif enters(line):
            self._enter(line)
        else:
            self._request(line)
        return self._left

    def _request(self, line):
        try:
            tag, command = tagged.request(line, self._checked)
            if not command.strip():
                raise tagged.NotRun("it is empty")
        except tagged.NotRun as error:
            self._say(b"", False, NOT_RUN + str(error), HINT)
            return
        if self._changes_speed(tag, command):
            return
        self._terminal.renew(COMMAND_MS)  # a whole line: this speed is good
        self._command(tag, command)
        self._terminal.renew(speeds.DEAD_MS)

    def _changes_speed(self, tag, command):
        """Whether it was `terminal speed N`: answered at the old speed, and again if repeated."""
        try:
            speed = speeds.wanted(command)
        except ValueError as error:
            self._say(tag, False, "no such speed", ("there are: %s" % error,))
            return True
        if speed is None:
            return False
        if not self._checked:
            self._say(tag, False, "only in checked mode", ("type: terminal json checked",))
            return True
        text = "say something at the new speed within %d ms" % speeds.TRIAL_MS
        self._say(tag, True, "terminal speed %d" % speed, (text,))
        self._terminal.lend(speed, speeds.TRIAL_MS)
        return True

    def _command(self, tag, command):
        secret = command.startswith(door.SECRET)
        same = (tag, b"" if secret else command)  # what holds a password is not kept
        if not tag or same != self._last:
            self._last = same
            # What is said of it if Ctrl-C gives it up.
            self._kept = (False, "given up; the command may still be at work", ())
            kept = self._run(command)
            if kept is None:
                return
            self._kept = kept
        self._say(tag, *self._kept)

    def _run(self, command):
        """(ok, text, lines), or None if it was given up."""
        try:
            line = b"*logout" if command.strip() == LOGOUT else command
            answer = self._gate.ask(self._login.prefix + line, self._terminal, self._cancelled)
        except NoAnswer as error:
            return False, "the gate is not answering: %s" % error, ("it is restarted by itself",)
        if answer is None:
            return None
        text = answer.text
        if command.startswith((b"*login", b"*first", b"*repair")):
            self._login.take(answer)
        elif text == door.DENIED or line == b"*logout":
            self._login.forget()
        if text.startswith(door.ASKING):
            return False, BY_HAND, HINT
        self.editing = (text + " ").startswith(EDITING)
        if self.editing:
            text = text[len(EDITING) :]
        return answer.ok, text, answer.lines

    def _say(self, tag, ok, text, lines):
        for piece in tagged.answer(tag, ok, self.editing, text, lines):
            self._terminal.show(piece)

    def _drop_to_the_end(self):
        """Lines that were pasted over the bound are forgotten as a whole, to their end."""
        if not self._too_much:
            return
        while self._too_much:
            data = self._terminal.read(QUIET_MS)
            self._look_for_the_end(data)
            self._too_much = bool(data) and not self._left
        text = "more than %d octets ahead: all of it is forgotten" % TYPED_OCTETS
        self._say(b"", False, NOT_RUN + text, HINT)

    def _look_for_the_end(self, data):
        at = tagged.leaves(data)
        if at >= 0:
            self._left = True
            self._forget()
            self._typed += data[at + 1 :]

    def _cancelled(self):
        """Keeps what came while a command runs; True after Ctrl-C or BREAK."""
        data = self._terminal.read(0)
        self._look_for_the_end(data)
        if self._left:
            return True
        if not self._too_much:
            self._typed += data
            if len(self._typed) - self._at > TYPED_OCTETS:
                self._forget()
                self._too_much = True
        return False
