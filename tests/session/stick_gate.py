"""Runs on the box's own interpreter: the real gate, whose looks at the stick come often.

What is changed are limits of time only, so that a test need not wait.  Options: the gate's.
"""

from restante.box import stickchannel
from restante.programs import gate
from restante.update import stick

stick.LOOK_S = 0.1
stick.RETRY_S = 0.2
stick.WAIT_S = 0.2
stickchannel.ANSWER_MS = 1500

gate.main()
