"""Runs on the box's own interpreter: `slots`, which takes a box for proven after a second.

A shipped one waits half a minute (box/trial.py); this is the tests' way, and no part of it.
"""

from restante.box import trial
from restante.programs import slots

SECONDS = 1
NEVER = 1 << 29


class Quick(trial.Trial):
    def __init__(self):
        super().__init__(SECONDS, NEVER)


slots.trial.Trial = Quick
slots.trial.ASK_S = 1
slots.main()
