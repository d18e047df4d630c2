"""The dialogue: banner, prompt, one command after the other.  Waits only in terminal and gate.

What is typed or pasted while a command runs is kept, up to a bound, and run afterwards; Ctrl-C
gives up the running command and forgets what is kept.  A paste that is longer than the bound is
forgotten as a whole, to its end: running a part of it could do what nobody meant.  An answer is
shown as it came, `+OK` or `-ERR` first, so that a program can read the serial line too.

The gate is told which session asks, because one session at a time may have the candidate; while
this one has it the prompt ends with `#`.
"""

from restante.console import editor, machine, monitor
from restante.console.gate import NoAnswer
from restante.control.wire import EDITING, plain

# 1,000 lines of a pasted script; more than that comes from no hand.
TYPED_OCTETS = 65536
# Idle reads: how often the modes of the tty are looked after is the terminal's own matter.
IDLE_MS = 3600000
# A paste is at its end when nothing came for so long.
QUIET_MS = 500
# ? and Tab are typed by a hand if nothing comes behind them for so long.
ALONE_MS = 150
# The gate may still be starting when the console does: so many tries, so far apart.
BANNER_TRIES = 20
BANNER_PAUSE_MS = 500


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
        self._as = b"@" + name.encode() + b" "
        self._machine = machine.Machine(terminal, gate, self._as, name)
        self._monitor = monitor.Monitor(terminal, gate, self._as)
        self._editing = False
        self._editor = editor.Editor()
        self._typed = bytearray()  # from self._at on: not looked at yet
        self._at = 0
        self._given_up = False
        self._too_much = False  # what is typed is dropped, until it is quiet

    def run(self):
        """Until the terminal is gone (terminal.Gone)."""
        self._keep(self._terminal.read(0))
        self._banner()
        while True:
            self._drop_to_the_end()
            self._terminal.show(self._prompt())
            event, line = self._next_event()
            if event == editor.REFUSED:
                self._terminal.line("-ERR not run: %s" % line)
            elif event == editor.LINE and machine.enters(line):
                self._machine_mode(line)
            elif event == editor.LINE and monitor.wanted(line):
                self._monitor_log(line)
            elif event == editor.LINE and line.strip():
                self._command(line)

    def _prompt(self):
        return plain(self._host).encode() + (b"# " if self._editing else b"> ")

    def _banner(self):
        self._terminal.show(b"\n")
        self._terminal.line("Restante %s on %s" % (self._version, self._host))
        for note in self._notes:
            self._terminal.line(note)
        for _ in range(BANNER_TRIES):
            try:
                answer = self._gate.ask(b"show alarms", self._terminal, self._cancelled)
            except NoAnswer as error:
                why = str(error)
                self._keep(self._terminal.read(BANNER_PAUSE_MS))
                continue
            if answer:
                self._show(answer.lines)
            break
        else:
            self._terminal.line("the gate is not answering: %s" % why)
        self._terminal.line("type help for the commands")

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
        self._given_up = False
        try:
            answer = self._gate.ask(self._as + line, self._terminal, self._cancelled)
        except NoAnswer as error:
            self._terminal.line("-ERR the gate is not answering: %s" % error)
            self._terminal.line("it is restarted by itself; try again in some seconds")
            return
        if answer is None:
            self._terminal.line("-ERR given up; the command may still be at work")
            return
        text = answer.text
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

    def _is_alone(self):
        """Whether nothing comes right behind the octet that was taken last."""
        if self._at == len(self._typed):
            self._typed += self._terminal.read(ALONE_MS)
        return self._at == len(self._typed)

    def _help(self, event):
        """What may follow the line so far; the line stays as it is, or grows."""
        kind, line = event
        try:
            answer = self._gate.ask(
                self._as + b"complete " + line, self._terminal, self._cancelled
            )
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
