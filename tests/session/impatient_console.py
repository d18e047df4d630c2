"""The console program whose machine mode ends after half a second without an octet, and which asks
at once whether its login is still open."""

from restante.console import machine, session
from restante.programs import console

machine.IDLE_MS = 500
session.IDLE_MS = 100
console.main()
