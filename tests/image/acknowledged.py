"""What a box had acknowledged when its power was cut, and what is there afterwards.  Pure.

Time is counted in requests to the medium.  What was asked for when `asked` of them were complete
cannot be in a state of fewer; what was acknowledged when `done` were must be from there on.  In
between either is right.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    asked: int
    done: int

    def may(self, number):
        return number > self.asked

    def must(self, number):
        return number >= self.done


NEVER = Span(1 << 62, 1 << 62)
LISTED = "-"  # instead of a content: the message is listed, and not stored


@dataclass
class Known:
    """A message: SHA-256 of what was served and, if it must be held, of the original."""

    served: str
    original: str
    stored: Span
    deleted: Span = NEVER
    released: Span = NEVER
    given_up: Span = NEVER  # its held original


class Acknowledged:
    def __init__(self):
        self.known = {}  # UIDL: Known

    def released(self, number):
        """Contents of what is certainly released, and of what may be."""
        everything = self.known.values()
        certainly = {known.original for known in everything if known.released.must(number)}
        return certainly, {known.original for known in everything if known.released.may(number)}

    def faults(self, number, messages, held=None):
        """`messages`: UIDL: content; `held`: UIDL: (state, content); None: not looked at."""
        wrong = [f"unknown: {uidl}" for uidl in messages if uidl not in self.known]
        for uidl, known in self.known.items():
            faults = _faults(number, known, messages.get(uidl))
            if held is not None:
                faults += _faults_of_held(number, known, *held.get(uidl, ("", None)))
            wrong += [f"{fault}: {uidl}" for fault in faults]
        return wrong


def _faults(number, known, content):
    here = content is not None
    needed = known.stored.must(number) and not known.deleted.may(number)
    found = {
        "half a message": content not in (None, LISTED, known.served),
        "there before it came": here and not known.stored.may(number),
        "back from the dead": here and known.deleted.must(number),
        "lost": not here and needed,
        "its content is lost": content == LISTED and needed,
    }
    return [fault for fault in found if found[fault]]


def _faults_of_held(number, known, state, content):
    here = content is not None
    needed = known.original and known.stored.must(number) and not known.given_up.may(number)
    found = {
        "half an original": content not in (None, known.original),
        "held before it came": here and not known.stored.may(number),
        "held again": here and known.given_up.must(number),
        "its original is lost": needed and not here,
        "not released any more": known.released.must(number) and state != "released",
    }
    return [fault for fault in found if found[fault]]
