"""The login: who is at the line is asked for a name and, with echo off, for a password.

Its rule: nothing that was typed with echo off is kept here longer than it takes to send it, nor
shown, nor part of a message.  Whether it is right, and how long to wait after a wrong one, the
gate decides (control/door.py); what is here is the key of an open login, until it ends.

It waits in `line` (of the session) and the gate only.
"""

from restante.console import editor, machine
from restante.console.gate import NoAnswer
from restante.control import door

FORGET = b"factory-reset"
ASK_REPAIR = door.REPAIR.encode()
NOTE_FIRST = "no password is set yet: log in as %s and set one" % door.FIRST_USER
NOTES_REPAIR = (
    "type repair to look at the box, or factory-reset: it forgets all settings, accounts and mail",
)
LOST = (
    "settings, accounts, passwords and all stored and held mail will be lost for good;",
    "that is the only way in without a password, and it opens no mail to anybody",
)


class Login:
    """Of one console session; `key` is empty while nobody is logged in."""

    def __init__(self, name, ask, line, say):
        """`name`: of the console session, no two alike; `ask(octets)`: an answer of the gate's,
        None or NoAnswer; `line(prompt, hidden)`: an event of the editor's; `say(text)`: one line.
        """
        self._tail = name.split("-")[-1]
        self._ask = ask
        self._line = line
        self._say = say
        self.user = ""
        self.key = ""

    @property
    def prefix(self):
        """Octets in front of a command for the gate: whose candidate it is about, and the key.

        The same user at the same line has the candidate again after a new login; nobody else has.
        """
        if not self.key:
            return b""
        return ("@%s-%s:%s " % (self.user, self._tail, self.key)).encode()

    def forget(self):
        self.user = self.key = ""

    def take(self, answer):
        """Takes the key out of an answer to `*login` and the like; whether there was one."""
        if not answer or not answer.ok or not answer.lines:
            return False
        self.user = answer.text
        self.key = answer.lines.pop(0)
        return True

    def once(self, host):
        """One prompt and what comes of it.  A line that asks for machine mode is given back."""
        state = self._state()
        event, name = self._line(host + b" login: ", False)
        if event != editor.LINE or not name.strip():
            return None
        name = name.strip()
        state = state or self._state()
        if machine.enters(name):
            return name
        if name == FORGET:
            self._factory_reset()
        elif name == ASK_REPAIR and state == door.REPAIR:
            self._open(b"*repair")
        elif state == door.FIRST:
            self._first(name)
        else:
            self._password(name)
        return None

    def _state(self):
        try:
            answer = self._ask(b"*state")
        except NoAnswer as error:
            self._say("the gate is not answering: %s" % error)
            return ""
        if answer is None:
            return ""
        if answer.text == door.FIRST:
            self._say(NOTE_FIRST)
        elif answer.text == door.REPAIR:
            for line in ["nobody can log in: " + " ".join(answer.lines)] + list(NOTES_REPAIR):
                self._say(line)
        return answer.text

    def _asked(self, line):
        """The gate's answer, once its first line was shown; None: why there is none was."""
        try:
            answer = self._ask(line)
        except NoAnswer as error:
            self._say("-ERR the gate is not answering: %s" % error)
            return None
        if answer is None:
            self._say("-ERR given up")
            return None
        self._say("%s %s" % ("+OK" if answer.ok else "-ERR", answer.text))
        return answer

    def _open(self, line):
        """Sends what may open a login."""
        answer = self._asked(line)
        if answer is not None:
            self.take(answer)
            for each in answer.lines:
                self._say(each)

    def _password(self, name):
        event, password = self._line(b"password: ", True)
        if event == editor.LINE:
            self._open(b"*login " + name + b" " + password)
        elif event == editor.REFUSED:
            self._say("-ERR not taken: it is too long, or not printable ASCII")

    def _first(self, name):
        if name != door.FIRST_USER.encode():
            self._say("-ERR the first user is %s" % door.FIRST_USER)
            return
        password = self._new_password()
        if password is not None:
            self._open(b"*first " + name + b" " + password)

    def change(self, what):
        """`what`: `add NAME` or `password NAME`, which the gate has allowed."""
        password = self._new_password()
        if password is not None:
            self._asked(self.prefix + b"*" + what.encode() + b" " + password)

    def _new_password(self):
        """What was typed twice, or None."""
        given = []
        for prompt in (b"new password: ", b"once more: "):
            event, password = self._line(prompt, True)
            if event == editor.REFUSED:
                self._say("-ERR not taken: it is too long, or not printable ASCII")
            if event != editor.LINE:
                return None
            given.append(password)
        if given[0] != given[1]:
            self._say("-ERR not taken: the second one differs from the first")
            return None
        return given[0]

    def _factory_reset(self):
        for line in LOST:
            self._say(line)
        event, word = self._line(b"type factory-reset once more, or anything else: ", False)
        if event == editor.LINE and word.strip() == FORGET:
            self._asked(b"*" + FORGET)
        else:
            self._say("-ERR nothing was done")
