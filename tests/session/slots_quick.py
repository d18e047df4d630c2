"""Runs on the box's own interpreter: `slots`, which takes a box for proven after a second.

And leaves at once one that is not healthy.  A shipped one waits half a minute, or five minutes
(box/trial.py); this is the tests' way, and no part of it.
"""

from restante.box import trial
from restante.programs import slots

SECONDS = 1
AT_ONCE = 0


class Quick(trial.Trial):
    def __init__(self):
        super().__init__(SECONDS, AT_ONCE)


slots.trial.Trial = Quick
slots.trial.ASK_S = 1
slots.main()
