"""Asking a box over a line that may lose and damage octets: the right answer, or a ToolError.

Rule: a command is run once. Every line carries a tag and a CRC, and so does every answer; what
was lost is sent again with the same tag, which the box answers without running it again. Only a
console that was restarted knows of no tags: then only what may be run twice is sent again.
"""

from __future__ import annotations

import re
import secrets
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from restante_tools.errors import DEVICE_OR_TIMEOUT, ToolError
from restante_tools.fieldline import login
from restante_tools.fieldline.ports import Port
from restante_tools.fieldline.wire import BEGIN, ENTER, LEAVE, Answer, Reader, request

CTRL_C = b"\x03"
# Longer than the box takes for any command (firmware/restante/console/gate.py).
ANSWER_SECONDS = 100.0
# Of one try to enter machine mode; the console of a box that starts needs ten.
ENTER_SECONDS = (1.0, 2.0, 3.0, 3.0, 3.0)
QUIET_SECONDS = 0.2
# When nothing has come for so long the line is sent again, later each time up to the second one:
# a command that takes longer is not disturbed by it.
AGAIN_SECONDS = 1.0
AGAIN_SECONDS_AT_MOST = 4.0
# An answer of the box's largest takes so long at 9,600 baud.
ARRIVING_SECONDS = 300.0
# A line that is damaged so often in a row is too long for the noise there is.
DAMAGED_TRIES = 60
LEAVE_SECONDS = 1.0
LOGOUT_SECONDS = 10.0

PROMPT = re.compile(rb"[\r\n][!-~]+[>#] [^\n]*$")
LOGIN = re.compile(rb"(?i)(login|user name|password): *$")
# A console's answer to what was to be ENTER, or an answer of machine mode that did not come whole.
DAMAGED = re.compile(rb'(^|\n)-ERR |"}')
# A Ctrl-C out of noise makes the box give a command up.
GIVEN_UP = "given up"
WAIT = re.compile(r"wait (\d{1,3}) s$")  # after wrong passwords
GIVEN_UP_TRIES = 3
# Commands that may be run twice without harm; by how they begin.
REPEATABLE = (
    *("help", "?", "ping", "show", "set", "delete", "discard", "compare", "complete", "save"),
    *("monitor", "log after", "support bundle"),
    *("quarantine list", "quarantine show", "quarantine history", "account deleted"),
    *("*login", "logout"),
    *("update", "terminal speed"),
)


def repeatable(command: str) -> bool:
    words = " ".join(command.split())
    return any(words == each or words.startswith(each + " ") for each in REPEATABLE)


def shown(command: str) -> str:
    """What an error may show of it."""
    return "the login" if command.startswith(login.SECRET) else repr(command[:60])


class Lost(Exception):
    """The line is not in machine mode any more."""


class Session:
    """Machine mode on a port, from `with` to its end."""

    def __init__(self, port: Port, seconds: float = ANSWER_SECONDS) -> None:
        """`seconds`: how long one command may take."""
        self.port = port
        self._seconds = seconds
        self._reader = Reader()
        self._name = secrets.token_hex(4)
        self._count = 0
        self._console = ""  # the box's name of its console session
        self._outside = False  # nobody is logged in at the console
        self._came_in = False  # it was us who logged in
        self.fast = False  # the line runs at a speed that the box has lent (speed.py)
        self._came: deque[Answer | bytes | None] = deque()
        self.sent_again = 0

    def __enter__(self) -> Self:
        self._enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            dead = isinstance(error, ToolError) and error.code == DEVICE_OR_TIMEOUT
            if self._came_in and not dead:
                self._seconds = min(self._seconds, LOGOUT_SECONDS)
                self._once("logout")
            self._leave()
        except ToolError:
            if error is None:
                raise  # else: the first error is the one to tell

    def ask(self, command: str) -> Answer:
        """The box's answer to one command; logs in where nobody is logged in."""
        if self._outside:
            self._log_in()
        answer = self._once(command)
        if answer.text == login.DENIED:  # it was not run: the login has ended
            self._log_in()
            answer = self._once(command)
        for _ in range(GIVEN_UP_TRIES):
            if not answer.text.startswith(GIVEN_UP) or not repeatable(command):
                break
            answer = self._once(command)
        return answer

    def _log_in(self) -> None:
        who = login.credentials()
        answer = self._once(who.command())
        waiting = WAIT.match(answer.text)
        if waiting:
            time.sleep(int(waiting[1]))
            answer = self._once(who.command())
        if not answer.ok:
            raise login.refused(who.user, answer.text, answer.lines)
        self._outside = False
        self._came_in = True

    def _once(self, command: str) -> Answer:
        tag = self._next_tag()
        line = request(tag, command)
        self._came.clear()
        end = time.monotonic() + self._seconds
        wait = AGAIN_SECONDS
        for sent in range(1000):
            self.sent_again += bool(sent)
            self.port.write(line)
            try:
                answer = self._answer(tag, wait)
            except Lost:
                self._again(command)
                continue
            if isinstance(answer, Answer):
                return answer
            if answer == "silent":
                wait = min(2 * wait, AGAIN_SECONDS_AT_MOST)
            elif sent >= DAMAGED_TRIES:
                raise self._noisy(command, sent)
            if time.monotonic() >= end:
                break
        raise self._silent(command)

    def _next_tag(self) -> str:
        self._count += 1
        return f"{self._name}-{self._count}"

    def _answer(self, tag: str, wait: float) -> Answer | str:
        """The answer with this tag, or why there is none: "damaged" or "silent"; Lost."""
        while True:
            event = self.next_event(wait)
            if isinstance(event, str) or event.tag == tag:
                return event

    def send(self, command: str) -> str:
        """Without waiting for the answer, which will have the tag that this gives."""
        tag = self._next_tag()
        self.port.write(request(tag, command))
        return tag

    def next_event(self, wait: float) -> Answer | str:
        """The next answer, "damaged", or "silent": nothing has come for `wait` seconds. Lost."""
        most = time.monotonic() + ARRIVING_SECONDS
        until = time.monotonic() + wait
        while True:
            while self._came:
                event = self._known(self._came.popleft())
                if event is not None:
                    return event
            if time.monotonic() >= min(until, most):
                break
            piece = self.port.read()
            if piece:
                until = time.monotonic() + wait
            self._came.extend(self._reader.feed(piece))
        if BEGIN not in self._reader.rest and PROMPT.search(b"\n" + self._reader.rest):
            raise Lost
        return "silent"

    def _known(self, event: Answer | bytes | None) -> Answer | str | None:
        """What an event means to who waits for answers; None: nothing. Lost."""
        if isinstance(event, bytes):
            if self._name.encode() in event or event.startswith(b"-ERR"):
                raise Lost  # a prompt's echo, or its answer
            # An answer whose beginning is gone, or something else that was said on the line.
            return "damaged" if event.rstrip().endswith(b'"}') else None
        if event is None or not event.tag:
            return "damaged"  # the answer was, or our line was and has not been run
        return event

    def rejoin(self) -> None:
        """Machine mode again, at the line's own speed, whatever has become of it; logged in."""
        self._enter()
        if self._outside:
            self._log_in()

    def drop(self, seconds: float) -> None:
        """Forget what comes within so long."""
        for _ in self._events(time.monotonic() + seconds):
            pass
        self._reader.rest = b""
        self._came.clear()

    def _events(self, until: float) -> Iterator[Answer | bytes | None]:
        while time.monotonic() < until:
            yield from self._reader.feed(self.port.read())

    def _again(self, command: str) -> None:
        """Back to machine mode after somebody, or noise, has ended it."""
        before = self._console
        self._enter()
        if self._console != before and not repeatable(command):
            raise ToolError(
                "the box's console was restarted; "
                f"whether it has run {shown(command)} is not known",
                "it was killed or the box has started anew",
                "look at the box (restante console), then begin anew",
                DEVICE_OR_TIMEOUT,
            )

    def _enter(self) -> None:
        """Whatever was typed before is forgotten; what runs is given up."""
        if self.fast:
            self.port.write(CTRL_C)  # where it is heard, both ends go back together
            self.drop(QUIET_SECONDS)
            self.port.set_speed(self.port.own_speed)
            self.fast = False
        self._came.clear()
        seen = b""
        silent = 0
        for _ in range(DAMAGED_TRIES):
            self.port.write(CTRL_C)
            seen += self._until_quiet()
            self._reader.rest = b""
            self.port.write(b"\r" + ENTER + b"\r")
            answer, more = self._welcome(ENTER_SECONDS[silent])
            seen += more
            if answer is not None:
                self._console = answer.lines[0] if answer.lines else ""
                self._outside = login.NOBODY in answer.lines
                return
            silent += not DAMAGED.search(more)
            if silent == len(ENTER_SECONDS):
                break
        raise self._not_entered(seen)

    def _welcome(self, seconds: float) -> tuple[Answer | None, bytes]:
        """The answer to ENTER, if there is a whole one, and what else came."""
        seen = b""
        for event in self._events(time.monotonic() + seconds):
            if event is None:
                seen += b'"}'
            elif isinstance(event, bytes):
                seen += event + b"\n"
            elif not event.tag and event.text == "terminal json":
                return event, seen
            if DAMAGED.search(seen):
                break
        return None, seen + self._reader.rest

    def _until_quiet(self) -> bytes:
        """What comes until nothing comes for a while; a line that is never quiet ends it, too."""
        seen = b""
        end = time.monotonic() + 10 * QUIET_SECONDS
        quiet = time.monotonic() + QUIET_SECONDS
        while time.monotonic() < min(end, quiet):
            piece = self.port.read()
            if piece:
                seen += piece
                quiet = time.monotonic() + QUIET_SECONDS
        return seen

    def _leave(self) -> None:
        """The next one finds a prompt."""
        if self.fast:
            self._enter()
        for word in (LEAVE, LEAVE, CTRL_C):
            self.port.write(word + b"\r")
            for event in self._events(time.monotonic() + LEAVE_SECONDS):
                if isinstance(event, Answer) and event.text == "terminal text":
                    return
                if isinstance(event, bytes) and b"^C" in event:
                    return

    def _not_entered(self, seen: bytes) -> ToolError:
        port = self.port.name
        if LOGIN.search(seen.rstrip(b"\n")):
            return ToolError(
                f"the box on {port} asks for a login",
                "nobody is logged in at its console",
                f"log in with: restante console {port}; leave it with Ctrl-]",
                DEVICE_OR_TIMEOUT,
            )
        if not seen.strip(b"\x00\r\n"):
            return ToolError(
                f"nothing answers on {port}",
                "the box is off or starting, the cable is loose or crossed, or it is another port",
                "check the cable and the speed (--baud), then try again",
                DEVICE_OR_TIMEOUT,
            )
        odd = sum(octet > 126 or octet < 32 and octet not in b"\a\b\t\r\n" for octet in seen)
        shown = seen[-120:].decode("ascii", "backslashreplace")
        return ToolError(
            f"what answers on {port} is no console of a box; last seen: {shown!r}",
            "the wrong speed, or a noisy line"
            if odd * 10 > len(seen)
            else "another program, a boot loader, or a firmware without machine mode",
            f"look at it with: restante console {port}",
            DEVICE_OR_TIMEOUT,
        )

    def _noisy(self, command: str, tries: int) -> ToolError:
        return ToolError(
            f"{shown(command)} and its answer did not come through whole in {tries + 1} tries",
            "the line damages too much: noise, a long cable, a wrong speed",
            "shorter cable, lower speed (--baud), other adapter",
            DEVICE_OR_TIMEOUT,
        )

    def _silent(self, command: str) -> ToolError:
        return ToolError(
            f"no answer to {shown(command)} within {self._seconds:.0f} s",
            "the cable was pulled, the box was switched off, or it is very busy",
            f"look at it with: restante console {self.port.name}",
            DEVICE_OR_TIMEOUT,
        )
