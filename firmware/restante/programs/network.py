"""network: prints the shell commands that set up the interfaces, once at start-up.  Wiring only.

    network [--data FOLDER] | sh

The packet filter gets the fail rule first, so that no interface is ever up without rules.  The
commands are printed, not run: no program of the box can start another one.
"""

import sys

from restante import settings
from restante.box import interfaces, netfilter, options, places, ruleset

DEFAULTS = {"--data": places.DATA}


def say(text):
    sys.stderr.write("network: %s\n" % text)


def main():
    given = options.parse(sys.argv[1:], DEFAULTS)
    tree = settings.load(given["--data"] + "/" + places.SETTINGS)
    if tree.error:
        say("settings are refused: %s" % tree.refusal)
    try:
        state = tree.get("interception fail")
        netfilter.apply(ruleset.build(state, interfaces.interception(tree)))
    except OSError as error:
        # Forwarding stays off until the warden has its rules in: nothing passes meanwhile.
        say("no packet filter: %s; the warden tries again" % error)
    for line in interfaces.commands(tree):
        print(line)


if __name__ == "__main__":
    main()
