"""Runs on the box's own interpreter: the real gate, whose waits for a server are short.

What is changed are limits of time only, so that a test need not wait for minutes.  Options: the
gate's.
"""

from restante.programs import gate
from restante.update import fetching, poller, polling

fetching.HANDSHAKE_MS = 3000
fetching.HEAD_MS = 800
fetching.SLICE_MS = 800
poller.LOOK_S = 0.2
polling.FIRST_S = 1
polling.SPREAD_S = 0
polling.DAY = 1
polling.SILENT_DAYS = 1

gate.main()
