"""screen: the program that looks into messages.  Wiring only; imported by nothing.

Makes the socket that only the gate may connect to, opens the signature files, gives up root if it
has it, and becomes the fork server of native/worker: from then on no Python runs.  That takes the
first file which is sound: the current set of the data partition, the previous one, the factory's.
"""

import sys

import _screen
import _sys

from restante.box import places

USAGE = "usage: screen [--signatures FILE] [--data FOLDER] [--run FOLDER]"
DEFAULTS = {
    "--signatures": "/usr/share/restante/factory.sig",
    "--data": places.DATA,
    "--run": places.RUN,
}
# Connections that wait to be accepted: each of 100 sessions screens one message at a time.
BACKLOG = 100


def arguments(words):
    """{option: value}; SystemExit(2) for anything else."""
    options = dict(DEFAULTS)
    words = list(words)
    while words:
        name = words.pop(0)
        if name not in options or not words:
            print("screen: %s: not an option, or without its value" % name)
            print(USAGE)
            sys.exit(2)
        options[name] = words.pop(0)
    return options


def is_root():
    """Whether we run as root: /proc shows each process under its user."""
    return _sys.stat("/proc/self")[1] == 0


def be_first_to_go():
    """When memory runs out the kernel takes a worker, which costs a verdict, and not the gate."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def serve(options):
    """Returns only by raising OSError or RuntimeError."""
    path = options["--run"] + "/" + places.SCREEN_SOCKET
    listening = _sys.unix_listen(path, 0o660, BACKLOG, seq=True)
    be_first_to_go()
    user = None
    if is_root():
        user = places.SCREEN_UID
        _sys.chown(path, 0, places.GATE_UID)  # the gate's group has the gate's number
    _sys.rlimit("core", 0)
    _sys.no_new_privs()
    _screen.serve(listening, files(options), user, user)


def files(options):
    """Where the signature set may lie, best first: the order of wire.CURRENT and so on."""
    data = options["--data"] + "/"
    return data + places.CURRENT_SET, data + places.PREVIOUS_SET, options["--signatures"]


def main():
    options = arguments(sys.argv[1:])
    try:
        serve(options)
    except RuntimeError as error:
        print("screen: no signature set can be used: %s" % error)
        print("screen: nothing is screened until a whole signature file is there")
    except OSError as error:
        print("screen: %s: the system refused it; is %s there?" % (error, options["--run"]))
    sys.exit(1)


if __name__ == "__main__":
    main()
