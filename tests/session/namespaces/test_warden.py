"""The warden with real rules, real signals and a watchdog that is a file.

It runs as root in namespaces of its own: network (a box between office and internet) and
processes, where a shell in init's place starts and restarts the peers.  The gate and the screen
process are stood in for by programs that answer its questions; they can be stopped and killed.
"""

import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "host-tools"))

from restante_tools.lab import network
from restante_tools.lab.deadline import Deadline
from restante_tools.lab.namespaces import Namespace
from restante_tools.lab.nativegate import interpreter
from restante_tools.lab.runs import Run
from restante_tools.places import Places

PEER = Path(__file__).parent / "warden_peer.py"
# box/liveness.py: the slowest thing that is waited for here is a grace and a starving watchdog.
SECONDS = 180

# Process 1 of the namespace, as busybox init is on the box: SIGTERM asks it to restart the box.
INIT = """
respawn() {
    while [ ! -e "$RUN/no-$1" ]; do
        "$PYTHON" "$PEER" "$RUN/$2" "$1" "restante.programs.$1"
    done
}
trap 'echo restart-of-the-box' TERM
[ -e "$RUN/no-gate" ] || respawn gate control.sock &
[ -e "$RUN/no-screen" ] || respawn screen screen.sock &
"$PROGRAM" -m restante.programs.warden --data "$RUN" --run "$RUN" --watchdog "$RUN/watchdog" &
while :; do wait; done
"""


class Box:
    def __init__(self, stack):
        run = stack.enter_context(Run())
        self.office, self.namespace, self.internet = (
            self._namespace(stack, run, role) for role in ("office", "box", "internet")
        )
        network.wire_through(self.office, self.namespace, self.internet)
        self.namespace.sysctl("net.ipv4.ip_forward", 0)
        self.run = run.folder
        (self.run / "gate").mkdir()
        self.watchdog = self.run / "watchdog"
        self.watchdog.touch()
        self.log = self.run / "log"
        self._stack = stack

    @staticmethod
    def _namespace(stack, run, role):
        namespace = Namespace(run.name, role)
        stack.callback(namespace.remove)
        return namespace

    def start(self, settings="", without=()):
        (self.run / "settings").write_text(settings)
        for name in without:
            (self.run / f"no-{name}").touch()
        places = Places()
        environment = {
            "PATH": os.environ["PATH"],
            "MICROPYPATH": f"{places.firmware}:.frozen",
            "PROGRAM": str(interpreter(places)),
            "PYTHON": sys.executable,
            "PEER": str(PEER),
            "RUN": str(self.run),
        }
        unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        # Appended to, since the warden opens its output anew: two offsets overwrite each other.
        with self.log.open("a") as log:
            process = subprocess.Popen(
                self.namespace.command([*unshare, "sh", "-c", INIT]),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)

    def wait(self, condition, what):
        deadline = Deadline(SECONDS, "see the log", self.log.read_text())
        deadline.wait(condition, what)

    def wait_for_log(self, pattern):
        self.wait(lambda: re.search(pattern, self.log.read_text()), pattern)

    def redirects(self):
        return "redirect to :11000" in self.namespace.run(["nft", "list", "ruleset"])

    def forwards(self):
        return self.namespace.run(["cat", "/proc/sys/net/ipv4/ip_forward"]).strip() == "1"

    def count(self, pattern):
        return len(re.findall(pattern, self.log.read_text()))

    def peer(self, role):
        """The process number of the living peer, as this namespace sees it."""
        words = ["pgrep", "-f", f"warden_peer.py {self.run}.* restante.programs.{role}$"]
        found = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
        return int(found[-1]) if found else None

    def said(self):
        """What `slots` is told of the rules."""
        return (self.run / "filter").read_text()

    def fed(self):
        return self.watchdog.stat().st_size


@pytest.fixture
def box():
    with ExitStack() as stack:
        yield Box(stack)


def test_both_answer_then_the_gate_stops_and_comes_back(box):
    box.start()
    box.wait(box.redirects, "the redirect")
    box.wait(box.forwards, "forwarding")
    box.wait(lambda: box.said() == "redirect", "what it tells of its rules")
    fed = box.fed()
    box.wait(lambda: box.fed() > fed, "food for the watchdog")
    gate = box.peer("gate")
    os.kill(gate, signal.SIGSTOP)
    box.wait(lambda: not box.redirects(), "the fail rule")
    assert "tcp dport 110 reject" in box.namespace.run(["nft", "list", "ruleset"])
    box.wait(lambda: box.said() == "block", "what it tells of its rules")
    box.wait_for_log(r"warden.killed name=gate processes=1")
    box.wait(lambda: box.redirects(), "the redirect again")
    assert box.peer("gate") != gate
    assert box.count("warden.killed") == 1
    assert "error warden.watchdog" not in box.log.read_text()


def test_a_stopped_screen_process_is_killed_and_pop3_goes_on(box):
    box.start()
    box.wait(box.redirects, "the redirect")
    box.wait(lambda: box.fed() > 1, "food for the watchdog")
    screen = box.peer("screen")
    os.kill(screen, signal.SIGSTOP)
    box.wait_for_log(r"warden.killed name=screen processes=1")
    assert box.redirects()
    box.wait(lambda: box.count("peer: screen") == 2, "the successor")
    box.wait(lambda: box.peer("screen") != screen, "the successor")


def test_fail_rule_direct_lets_pop3_pass_and_says_so(box):
    box.start("set interception fail direct\n", without=("gate",))
    box.wait_for_log(r"warning warden.filter state=direct")
    rules = box.namespace.run(["nft", "list", "ruleset"])
    assert "redirect" not in rules and "dport 110" not in rules


def test_refused_settings_mean_defaults_and_are_said(box):
    box.start("set interception fail direct\nset interception ports none\n", without=("gate",))
    box.wait_for_log(r"error settings.refused error=.DEFAULTS in use; line 2")
    box.wait(lambda: "reject" in box.namespace.run(["nft", "list", "ruleset"]), "the fail rule")


def test_the_gate_may_ask_for_a_restart(box):
    box.start()
    box.wait(box.redirects, "the redirect")
    request = box.run / "gate" / "reboot"
    request.write_text("console\n")
    box.wait_for_log("restart-of-the-box")
    assert not request.exists()
    assert box.count("warden.restart") == 1


def test_a_request_of_a_stranger_is_refused(box):
    box.start()
    box.wait(box.redirects, "the redirect")
    request = box.run / "gate" / "new"
    request.write_text("console\n")
    os.chown(request, 101, 101)
    request.rename(box.run / "gate" / "reboot")
    box.wait_for_log(r"error warden.request owner=101")
    assert "restart-of-the-box" not in box.log.read_text()


@pytest.mark.slow
def test_a_peer_that_never_comes_starves_the_watchdog(box):
    box.start(without=("screen",))
    box.wait(box.redirects, "the redirect")
    box.wait_for_log(r"error warden.killed name=screen processes=0")
    assert "fed=False" not in box.log.read_text()
    box.wait_for_log(r"error warden.watchdog fed=False")
    fed = box.fed()
    gate = box.peer("gate")
    os.kill(gate, signal.SIGKILL)  # a round that would have fed passes with its successor
    box.wait(lambda: box.peer("gate") not in (None, gate), "the gate's successor")
    assert box.fed() == fed
