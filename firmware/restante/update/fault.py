"""The error of this room.  It says what is wrong, why that may be, and what to do next."""

from restante.errors import RestanteError


class BundleError(RestanteError):
    """`code`: one word for logs and tests; the other three are for people."""

    transient = False

    def __init__(self, code, what, cause, step):
        super().__init__(what)
        self.code = code
        self.what = what
        self.cause = cause
        self.step = step


class PollError(RestanteError):
    """The server of bundles cannot be reached, is too slow, or gives something else."""


class StickError(RestanteError):
    """The stick cannot be read, or is not what it should be: `what` and the next `step`."""

    def __init__(self, what, step):
        super().__init__("%s; %s" % (what, step))
        self.what = what
        self.step = step


class Waiting(RestanteError):
    """Something else goes first; it is tried again later."""


def malformed(what):
    """What contradicts the format: no more of it is read."""
    return BundleError(
        "malformed",
        what,
        "the file was damaged or cut off on its way, or it is no bundle of this format",
        "fetch the bundle again; restante bundle inspect FILE says what it is",
    )
