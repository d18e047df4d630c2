"""A bundle over the line: pieces in a window, what is damaged sent again, gone on with later.

Rule: where to go on is always the box's word (`... is wanted`), never what was sent. How large a
piece is, how many are under way and how fast the line runs follow what comes through whole.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
import zlib
from collections import deque
from collections.abc import Callable

from restante_tools.errors import DEVICE_OR_TIMEOUT, FAILED, VERIFICATION_FAILED, ToolError
from restante_tools.fieldline import login, speed
from restante_tools.fieldline.session import Lost, Session
from restante_tools.fieldline.wire import Answer

PIECE_OCTETS = 3072  # the box takes no larger one
LEAST_OCTETS = 64  # of best use where each hundredth octet is damaged
GOOD_IN_A_ROW = 4  # pieces, before they get larger again
NOISY_OCTETS = 384  # pieces that must be so small are a reason for a lower speed
# What is on its way is to last so long, so that the line never waits for an answer ...
WINDOW_SECONDS = 1.0
# ... but is less than the box keeps (firmware/restante/console/machine.py: 65,536).
WINDOW_OCTETS = 32768
LINE_OCTETS = 48  # of a piece's line beside its base64
BITS = 10  # of an octet on the line
WAIT_SECONDS = 1.0  # for an answer, beside the time on the line
NOISY_WAIT_SECONDS = 0.3  # where it is noisy, what is missing was most probably damaged
SILENT_TRIES = 6
# So long after the last progress it is given up: a box restarts within it, a cable is put back.
PATIENCE_SECONDS = 90.0
WANTED = re.compile(r"(?:^(\d+) is wanted|wanted is offset (\d+))")
UNTRUSTED = ("malformed", "format", "unsigned", "signature", "revoked", "role", "threshold")
UNSOUND = ("payload", "result")

Shown = Callable[[int], None]


class Away(Exception):
    """The gate is not there just now, or knows of no transfer any more."""


class Noisy(Exception):
    """Too much is damaged at this speed."""


def field(answer: Answer, name: str) -> str:
    """A line `name: text` of a refusal, or ""."""
    found = [line for line in answer.lines if line.startswith(name + ": ")]
    return found[0][len(name) + 2 :] if found else ""


def refused(answer: Answer) -> ToolError:
    """The box's own words."""
    code = field(answer, "code")
    return ToolError(
        f"the box says: {answer.text}",
        field(answer, "cause") or "; ".join(answer.lines),
        field(answer, "next") or "look at the box: restante console",
        VERIFICATION_FAILED if code in UNTRUSTED + UNSOUND else FAILED,
    )


class Transfer:
    """`shown` is told the offset; `say` when the speed changes."""

    def __init__(
        self, session: Session, data: bytes, shown: Shown, say: Callable[[str], None], most: int
    ) -> None:
        self._session = session
        self._data = data
        self._sha256 = hashlib.sha256(data).hexdigest()
        self._shown = shown
        self._say = say
        self._speeds = speed.candidates(session, most)
        self._failed = 0  # times that the first of them did not work
        self._size = PIECE_OCTETS
        self._good = 0
        self._silent = 0
        self._progress = time.monotonic()
        self.at = 0  # what the box wants next
        self.started_at = 0
        self.repeated = 0  # octets that were sent more than once

    def run(self) -> None:
        """All of it is there, and is what was announced."""
        self._patiently(self._begin)
        self.started_at = self.at
        while True:
            while self.at < len(self._data):
                self._patiently(self._some)
            if self._patiently(self._end):
                return

    def _patiently(self, work: Callable[[], bool]) -> bool:
        """Again while the line or the box is away, but not for ever."""
        away = False
        while True:
            try:
                if away:
                    self._session.rejoin()
                    self._begin()
                return work()
            except (Lost, Away) as error:
                why: Exception = error
            except ToolError as error:
                if error.code != DEVICE_OR_TIMEOUT or self._session.port.gone:
                    raise self._broken_off(error) from error
                why = error
            if time.monotonic() - self._progress > PATIENCE_SECONDS:
                raise self._broken_off(why) from why
            if away:  # twice in a row
                time.sleep(WAIT_SECONDS)
            away = True

    def _broken_off(self, error: Exception) -> ToolError:
        if not isinstance(error, ToolError):
            error = ToolError(
                "the box is not ready for it",
                str(error) or "its console has no machine mode any more",
                "look at it with: restante console",
                DEVICE_OR_TIMEOUT,
            )
        if error.code != DEVICE_OR_TIMEOUT:
            return error
        share = 100 * self.at // len(self._data)
        return ToolError(
            f"{error.what}\nbroken off at {self.at:,} of {len(self._data):,} octets ({share} %)",
            error.cause,
            f"{error.hint}; then give the same command again: it goes on from there",
            error.code,
        )

    def _begin(self) -> bool:
        answer = self._session.ask(f"update begin {self._sha256} {len(self._data)}")
        if not self._took(answer):
            raise refused(answer)
        return True

    def _end(self) -> bool:
        """False: more of it is wanted."""
        answer = self._session.ask("update end")
        if answer.ok:
            return True
        if self._took(answer):
            return True
        if self.at < len(self._data):
            return False
        raise refused(answer)

    def _some(self) -> bool:
        """As much as goes at one speed."""
        self._faster()
        try:
            self._stream()
        except Noisy:
            self._say(f"too much is damaged at {self._session.port.speed} Bd")
            self._speeds.pop(0)
            self._size = PIECE_OCTETS
        speed.own(self._session)
        return True

    def _faster(self) -> None:
        while self._speeds and not self._session.fast:
            if speed.change(self._session, self._speeds[0]):
                self._say(f"the line runs at {self._speeds[0]} Bd")
                return
            self._failed += 1
            if self._failed == 2:  # the first time it may have been noise
                self._say(f"the line does not run at {self._speeds.pop(0)} Bd")
                self._failed = 0

    # -- a window of pieces

    def _stream(self) -> None:
        """Pieces until the end."""
        flying: deque[tuple[str, int]] = deque()  # tag, octets of the line
        following = self.at
        while self.at < len(self._data):
            following = self._fill(flying, following)
            event = self._session.next_event(self._wait(flying))
            if isinstance(event, Answer) and not self._landed(flying, event):
                continue  # an old one
            if isinstance(event, Answer) and self._took(event):
                self._grow()
                continue
            if event == "silent":
                self._awake()
            elif event == "damaged":
                flying.popleft()
            self._empty(flying)
            self.repeated += max(0, following - self.at)
            following = self.at
            self._shrink()

    def _fill(self, flying: deque[tuple[str, int]], at: int) -> int:
        most = min(WINDOW_OCTETS, int(WINDOW_SECONDS * self._session.port.speed / BITS))
        while at < len(self._data):
            octets = 4 * self._size // 3 + LINE_OCTETS
            under_way = sum(each for _, each in flying)
            # One more than is being answered, while pieces are large; noise wants short ones.
            few = len(flying) < (2 if self._size > NOISY_OCTETS else 1)
            if not few and (self._size <= NOISY_OCTETS or under_way + octets > most):
                break
            flying.append((self._piece(at), octets))
            at += min(self._size, len(self._data) - at)
        return at

    def _piece(self, at: int) -> str:
        octets = self._data[at : at + self._size]
        text = base64.b64encode(octets).decode()
        return self._session.send(f"update data {at} {text} {zlib.crc32(octets):08x}")

    def _wait(self, flying: deque[tuple[str, int]]) -> float:
        under_way = sum(octets for _, octets in flying)
        wait = NOISY_WAIT_SECONDS if self._size <= NOISY_OCTETS else WAIT_SECONDS
        return wait + 1.2 * under_way * BITS / self._session.port.speed

    def _landed(self, flying: deque[tuple[str, int]], answer: Answer) -> bool:
        """Answers come in order: those before it are lost, and it says what they said."""
        if answer.tag not in [tag for tag, _ in flying]:
            return False
        while flying.popleft()[0] != answer.tag:
            pass
        return True

    def _empty(self, flying: deque[tuple[str, int]]) -> None:
        """Hear what is said to what is still under way."""
        while flying:
            event = self._session.next_event(self._wait(flying))
            if event == "silent":
                flying.clear()
            elif isinstance(event, str):
                flying.popleft()
            elif self._landed(flying, event):
                self._took(event)

    def _took(self, answer: Answer) -> bool:
        """Whether a piece was taken; the box's word on where to go on counts in any case."""
        found = WANTED.search(answer.text)
        if found:
            at = int(found[1] or found[2])
            if at > self.at:
                self._progress = time.monotonic()
            self._silent = 0
            self.at = min(at, len(self._data))
            self._shown(self.at)
            return answer.ok
        if field(answer, "code") == "nothing" or "gate is not answering" in answer.text:
            raise Away(answer.text)
        if answer.text == login.DENIED:  # the gate was started again, and knows of no login
            raise Away(answer.text)
        if answer.text.startswith("given up"):
            return False  # a Ctrl-C out of noise
        raise refused(answer)

    def _grow(self) -> None:
        self._good += 1
        if self._good >= GOOD_IN_A_ROW:
            self._good = 0
            self._size = min(PIECE_OCTETS, 2 * self._size)

    def _shrink(self) -> None:
        self._good = 0
        self._size = max(LEAST_OCTETS, self._size // 2)
        if self._size <= NOISY_OCTETS and self._session.fast:
            raise Noisy

    def _awake(self) -> None:
        """A line whose end was lost is ended."""
        self._silent += 1
        if self._silent >= SILENT_TRIES:
            self._silent = 0
            raise Lost
        self._session.port.write(b"\r")
        self._session.next_event(NOISY_WAIT_SECONDS)
