"""Why a session ends early, besides the origin's faults (errors.OriginError).  Pure."""

from restante.errors import RestanteError


class ClientGone(RestanteError):
    """The client closed, or was too slow."""


class Abandoned(RestanteError):
    """The answer has begun and cannot be completed: the missing final line is the error."""
