"""The console program whose machine mode ends after half a second without an octet."""

from restante.console import machine
from restante.programs import console

machine.IDLE_MS = 500
console.main()
