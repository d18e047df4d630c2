"""clock: prints the shell command that sets the clock forward, once at start-up.  Wiring only.

    clock [--data FOLDER] | sh

To the newest time that is past for sure: when this firmware was made, and what the gate wrote
down.  Printed, not run: no program of the box can start another one.
"""

import sys
import time

from restante.box import clock, options, places

DEFAULTS = {"--data": places.DATA}


def kept(path):
    try:
        with open(path, "rb") as f:
            return clock.read(f.read(clock.RECORD_OCTETS))
    except OSError:
        return clock.Record()


def main():
    given = options.parse(sys.argv[1:], DEFAULTS)
    for line in clock.commands(kept(given["--data"] + "/" + places.CLOCK), time.time()):
        print(line)


if __name__ == "__main__":
    main()
