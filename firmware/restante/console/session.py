"""The dialogue: banner, prompt, one command after the other.  Waits only in terminal and gate.

What is typed or pasted while a command runs is kept, up to a bound, and run afterwards; Ctrl-C
gives up the running command and forgets what is kept.  A paste that is longer than the bound is
forgotten as a whole, to its end: running a part of it could do what nobody meant.  An answer is
shown as it came, `+OK` or `-ERR` first, so that a program can read the serial line too.

The gate is told who asks, because one at a time may have the candidate; while that is who is
logged in here, the prompt ends with `#`.  Without a login there is nothing but its prompt.
"""

from restante.console import editor, machine, monitor
from restante.console.gate import NoAnswer
from restante.console.login import Login
from restante.control import door
from restante.control.wire import EDITING, plain

# 1,000 lines of a pasted script; more than that comes from no hand.
TYPED_OCTETS = 65536
# When nothing was typed for so long, the gate is asked whether the login is still open.
IDLE_MS = 10000
# A paste is at its end when nothing came for so long.
QUIET_MS = 500
# ? and Tab are typed by a hand if nothing comes behind them for so long.
ALONE_MS = 150
# The gate may still be starting when the console does: so many tries, so far apart.
BANNER_TRIES = 20
BANNER_PAUSE_MS = 500
# What ends the login.  `exit` does it where there is no candidate to leave.
LOGOUT = b"logout"
EXIT = b"exit"
ENDED = -1  # an event beside the editor's: the login has ended by itself


def completion(line, words):
    """Octets that may be put behind the line: what all the words begin with, or b""."""
    partial = line.decode().split(" ")[-1]
    words = [word for word in words if word.startswith(partial) and word != word.upper()]
    if not words:
        return b""
    common = words[0]
    for word in words:
        while not word.startswith(common):
            common = common[:-1]
    return (common[len(partial) :] + (" " if len(words) == 1 else "")).encode()


class Session:
    def __init__(self, terminal, gate, host, version, notes, name):
        """`name`: of this session, a-z, 0-9 and -; no two alike."""
        self._terminal = terminal
        self._gate = gate
        self._host = host
        self._version = version
        self._notes = notes  # lines of the banner
        self._login = Login(name, self._ask, self._line, terminal.line)
        self._machine = machine.Machine(terminal, gate, self._login, name)
        self._monitor = monitor.Monitor(terminal, gate, self._login)
        self._editing = False
        self._editor = editor.Editor()
        self._typed = bytearray()  # from self._at on: not looked at yet
        self._at = 0
        self._given_up = False
        self._too_much = False  # what is typed is dropped, until it is quiet

    def run(self):
        """Until the terminal is gone (terminal.Gone); the login ends with it."""
        self._keep(self._terminal.read(0))
        self._banner()
        try:
            while True:
                self._drop_to_the_end()
                if self._login.key:
                    self._one_line()
                else:
                    self._log_in()
        finally:
            if self._login.key:
                self._gate.tell(self._login.prefix + b"*logout")

    def _log_in(self):
        self._editing = False
        line = self._login.once(plain(self._host).encode())
        if line is not None:
            self._machine_mode(line)
        elif self._login.key:
            self._welcome()

    def _welcome(self):
        try:
            answer = self._ask(self._login.prefix + b"show alarms")
        except NoAnswer:
            answer = None
        if answer:
            self._show(answer.lines)
        self._terminal.line("type help for the commands")

    def _one_line(self):
        event, line = self._line(self._prompt(), False)
        if event == ENDED:
            self._log_out("logged out: no command for too long")
        elif event == editor.REFUSED:
            self._terminal.line("-ERR not run: %s" % line)
        elif event == editor.LINE and machine.enters(line):
            self._machine_mode(line)
        elif event == editor.LINE and monitor.wanted(line):
            self._monitor_log(line)
        elif event == editor.LINE and self._leaves(line.strip()):
            self._gate.tell(self._login.prefix + b"*logout")
            self._log_out("+OK logged out")
        elif event == editor.LINE and line.strip():
            self._command(line)

    def _leaves(self, line):
        return line == LOGOUT or (line == EXIT and not self._editing)

    def _log_out(self, why):
        self._login.forget()
        self._editing = False
        self._forget()
        self._terminal.line(why)

    def _ask(self, line):
        self._given_up = False
        return self._gate.ask(line, self._terminal, self._cancelled)

    def _line(self, prompt, hidden):
        """(event, what was typed) of the editor's, or ENDED."""
        self._terminal.show(prompt)
        self._editor.hidden = hidden
        try:
            return self._next_event()
        finally:
            self._editor.hidden = False

    def _prompt(self):
        return plain(self._host).encode() + (b"# " if self._editing else b"> ")

    def _banner(self):
        self._terminal.show(b"\n")
        self._terminal.line("Restante %s on %s" % (self._version, self._host))
        for note in self._notes:
            self._terminal.line(note)
        for _ in range(BANNER_TRIES):
            try:
                self._ask(b"*state")
            except NoAnswer as error:
                why = str(error)
                self._keep(self._terminal.read(BANNER_PAUSE_MS))
                continue
            break
        else:
            self._terminal.line("the gate is not answering: %s" % why)

    def _machine_mode(self, line):
        self._machine.editing = self._editing
        typed = self._machine.run(line, bytes(self._typed[self._at :]))
        self._editing = self._machine.editing
        self._forget()
        self._typed += typed

    def _monitor_log(self, line):
        """Lines that wait behind it are for somebody who is not watching: they are run instead."""
        if self._at < len(self._typed):
            self._terminal.line("-ERR not run: more lines wait behind it")
            return
        self._monitor.run(line)
        self._too_much = True  # what ended it, to the end of a paste, is no command

    def _command(self, line):
        if line.startswith(door.SECRET):
            # What a hand types here was shown: it must not reach where passwords go.
            self._terminal.line("-ERR no command begins with that")
            return
        try:
            answer = self._ask(self._login.prefix + line)
        except NoAnswer as error:
            self._terminal.line("-ERR the gate is not answering: %s" % error)
            self._terminal.line("it is restarted by itself; try again in some seconds")
            return
        if answer is None:
            self._terminal.line("-ERR given up; the command may still be at work")
            return
        text = answer.text
        if text == door.DENIED:
            self._log_out("-ERR not run: the login has ended")
            return
        if text.startswith(door.ASKING):
            self._login.change(text[len(door.ASKING) :])
            return
        self._editing = (text + " ").startswith(EDITING)
        if self._editing:
            text = text[len(EDITING) :]
        self._terminal.line("%s %s" % ("+OK" if answer.ok else "-ERR", text))
        self._show(answer.lines)

    def _show(self, lines):
        for line in lines:
            self._terminal.line(line)

    def _next_event(self):
        while True:
            while self._at < len(self._typed):
                octet = self._typed[self._at]
                self._at += 1
                alone = octet in (editor.TAB, editor.QUESTION) and self._is_alone()
                shown, event = self._editor.feed(octet, alone)
                if shown:
                    self._terminal.show(shown)
                if event and event[0] in (editor.HELP, editor.COMPLETE):
                    self._help(event)
                elif event:
                    return event
            self._forget()
            self._typed += self._terminal.read(IDLE_MS)
            if not self._typed and self._has_ended():
                self._editor.forget()
                self._terminal.show(b"\n")
                return ENDED, None

    def _has_ended(self):
        """Whether the gate says so; if it does not answer, the next command will tell."""
        if not self._login.key:
            return False
        try:
            answer = self._ask(self._login.prefix + b"*left")
        except NoAnswer:
            return False
        return answer is not None and answer.text == door.DENIED

    def _is_alone(self):
        """Whether nothing comes right behind the octet that was taken last."""
        if self._at == len(self._typed):
            self._typed += self._terminal.read(ALONE_MS)
        return self._at == len(self._typed)

    def _help(self, event):
        """What may follow the line so far; the line stays as it is, or grows."""
        kind, line = event
        try:
            answer = self._ask(self._login.prefix + b"complete " + line)
        except NoAnswer:
            answer = None
        rows = [row.split("  ", 1) for row in answer.lines] if answer else []
        if kind == editor.COMPLETE:
            more = completion(line, [row[0] for row in rows])
            if more:
                self._terminal.show(self._editor.insert(more))
                return
        if not rows:
            self._terminal.show(editor.BELL)
            return
        self._terminal.show(b"\n")
        self._show(["  %-24s %s" % (row[0], row[1] if row[1:] else "") for row in rows])
        self._terminal.show(self._prompt() + self._editor.line)

    def _drop_to_the_end(self):
        while self._too_much:
            self._too_much = bool(self._terminal.read(QUIET_MS))

    def _forget(self):
        self._typed = bytearray()
        self._at = 0

    def _cancelled(self):
        """Keeps what was typed while a command runs; True after Ctrl-C."""
        self._keep(self._terminal.read(0))
        given_up = self._given_up
        self._given_up = False
        return given_up

    def _keep(self, data):
        at = data.rfind(b"\x03")
        if at >= 0:
            self._forget()
            self._given_up = True
            data = data[at + 1 :]
            self._terminal.show(b"^C\n")
        if self._too_much:
            return
        self._typed += data
        if len(self._typed) - self._at > TYPED_OCTETS:
            self._forget()
            self._too_much = True
            self._terminal.line("more than %d octets ahead: all of it is forgotten" % TYPED_OCTETS)
