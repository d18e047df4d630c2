"""Runs on the box's own interpreter: the real gate, whose settings may name 127.0.0.1 as a host.

On the box that would be the box itself, so no setting takes it; a test's servers are there.
Options: the gate's.
"""

from restante.programs import gate
from restante.settings import kinds


def anything(_octets, _text):
    pass


kinds._unicast = anything
gate.main()
