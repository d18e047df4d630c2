"""`monitor log`: records as they come, until a key.  Waits in terminal and gate only.

Its rule: the gate keeps nothing for it.  It asks for what came since it asked last; a line that is
slower than the records finds some of them gone, and says how many.
"""

from restante.console.gate import NoAnswer
from restante.control.wire import EDITING

WORDS = [b"monitor", b"log"]
# Between two questions.
PAUSE_MS = 300
# After the gate did not answer: it is restarted by itself.
AWAY_MS = 1000


def wanted(line):
    """Whether a line asks for it."""
    words = line.split()
    return words[:2] == WORDS and len(words) <= 3


class Monitor:
    def __init__(self, terminal, gate, login):
        self._terminal = terminal
        self._gate = gate
        self._login = login
        self._pressed = False

    def run(self, line):
        """Until a key is pressed; terminal.Gone."""
        level = b"".join([b" " + word for word in line.split()[2:]])
        self._pressed = False
        at = b"end"
        began = False
        while not self._key(0):
            try:
                command = self._login.prefix + b"log after " + at + level
                answer = self._gate.ask(command, self._terminal, self._cancelled)
            except NoAnswer as error:
                self._terminal.line("(the gate is not answering: %s)" % error)
                at = b"end"
                if self._key(AWAY_MS):
                    break
                continue
            if answer is None:
                break
            if not answer.ok:
                self._terminal.line("-ERR " + _text(answer))
                for each in answer.lines:
                    self._terminal.line(each)
                return
            if not began:
                began = True
                self._terminal.line("+OK records as they come; any key ends it")
            at = self._show(answer)
            if not answer.lines and self._key(PAUSE_MS):
                break
        self._terminal.line("+OK the end")

    def _show(self, answer):
        """Gives the number of the next record."""
        number, lost = _text(answer).split(" ")
        if lost != "0":
            self._terminal.line("(%s records are not shown: they came too fast)" % lost)
        for line in answer.lines:
            if self._key(0):
                break
            self._terminal.line(line)
        return number.encode()

    def _key(self, ms):
        self._pressed = self._pressed or bool(self._terminal.read(ms))
        return self._pressed

    def _cancelled(self):
        return self._key(0)


def _text(answer):
    text = answer.text
    return text[len(EDITING) :] if text.startswith(EDITING) else text
