"""Where an error came from, for a record.  Pure."""

import io
import sys

from restante.compat import const

# Octets of a traceback that go into the log: its end names the place.
TRACE_OCTETS = const(300)


def trace(error):
    """The end of the traceback, as text."""
    text = io.StringIO()
    sys.print_exception(error, text)
    return text.getvalue()[-TRACE_OCTETS:]
