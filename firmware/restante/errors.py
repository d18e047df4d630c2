"""Errors that cross rooms.  Each says what happened; the place that shows it adds the next step.

Pure: no I/O here.  `transient` tells the relay which POP3 answer fits (RFC 3206): a passing cause
is `-ERR [SYS/TEMP]`, a lasting one `-ERR [SYS/PERM]`.
"""


class RestanteError(Exception):
    """Base of all errors that this program raises on purpose."""

    transient = True


class ProtocolError(RestanteError):
    """The peer broke POP3 (RFC 1939) or one of our limits; the text says which."""


class OriginError(RestanteError):
    """The origin cannot be reached, is too slow, or broke off."""


class StoreError(RestanteError):
    """The data partition refused a write, a sync or a rename."""


class StoreFull(StoreError):
    """No room on the data partition, or a quota is reached."""


class QuirkError(RestanteError):
    """The origin's listing cannot be relied on: such an account is not accelerated."""

    transient = False


class ScreenUnavailable(RestanteError):
    """The screen process did not answer: no verdict, for a cause that may pass."""


class NoRoom(ScreenUnavailable):
    """No verdict, because the disk has no room to unpack the message."""


class SetRefused(RestanteError):
    """A signature set is not taken: the text says which, why, and what is in use."""

    transient = False


class SettingsError(RestanteError):
    """A settings line is wrong: `line` (from 1), what is wrong and what is allowed."""

    transient = False

    def __init__(self, line, text):
        super().__init__("line %d: %s" % (line, text) if line else text)
        self.line = line
        self.text = text
