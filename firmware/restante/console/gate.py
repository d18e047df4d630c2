"""One command to the gate and its answer, over the control socket.  Input and output.

A connection for each command: a gate that was restarted meanwhile is nothing special.
"""

import select
from time import ticks_add, ticks_diff, ticks_ms

import _sys

from restante.control.wire import AnswerReader

# The gate's own deadline for an answer (control/server.py) and something for the way.
ANSWER_MS = 95000
# Longest pieces of waiting: the terminal's modes are looked after in between.
STEP_MS = 1000
# An answer is at most some hundred lines of 400 octets; the quarantine's list is the longest.
ANSWER_OCTETS = 131072
READ_OCTETS = 1024


class NoAnswer(Exception):
    """The gate is not there, broke off or is too slow; the text says which."""


class Gate:
    def __init__(self, path):
        self._path = path

    def ask(self, line, terminal, cancelled):
        """An AnswerReader that is done, or None if `cancelled()` said so; NoAnswer.

        `cancelled` is asked whenever something was typed, and now and then.
        """
        try:
            fd = _sys.unix_connect(self._path)
        except OSError as error:
            raise NoAnswer("it cannot be reached (%s)" % error)
        try:
            _sys.write(fd, line + b"\n", 0, len(line) + 1)
            return self._answer(fd, terminal, cancelled)
        except OSError as error:
            raise NoAnswer("it broke off (%s)" % error)
        except ValueError as error:
            raise NoAnswer(str(error))
        finally:
            _sys.close(fd)

    def tell(self, line):
        """Sends a line whose answer nobody waits for: the terminal is gone."""
        try:
            fd = _sys.unix_connect(self._path)
        except OSError:
            return
        try:
            _sys.write(fd, line + b"\n", 0, len(line) + 1)
        except OSError:
            return
        finally:
            _sys.close(fd)

    def _answer(self, fd, terminal, cancelled):
        answer = AnswerReader(ANSWER_OCTETS)
        buffer = bytearray(READ_OCTETS)
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        terminal.register(poll)
        until = ticks_add(ticks_ms(), ANSWER_MS)
        while not answer.done:
            left = ticks_diff(until, ticks_ms())
            if left <= 0:
                raise NoAnswer("no answer within %d s" % (ANSWER_MS // 1000))
            poll.poll(min(left, STEP_MS))
            if cancelled():
                return None
            n = _sys.read(fd, buffer, 0, READ_OCTETS)
            if n == 0:
                raise NoAnswer("it broke off")
            if n:
                answer.feed(bytes(buffer[:n]))
        return answer
