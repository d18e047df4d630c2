"""What the gate makes of the answers of `slots`, and of its silence.  Also on MicroPython."""

from restante import log
from restante.errors import StoreError
from restante.log.alarms import FIRMWARE, Alarms
from restante.log.ring import Ring
from restante.update.fault import BundleError
from restante.update.firmware import TRIES, Firmware, alarm_of

ERROR = {"code": "medium", "what": "it lies", "cause": "old", "next": "replace it"}
NONE = {"able": False, "why": "no partition is called record"}


def run(coroutine):
    """These coroutines wait for nothing: one step ends them."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")


def status(**changed):
    label = {"version": "0.2.0", "failed": False}
    slots = [
        {"slot": "A", "running": True, "label": None},
        {"slot": "B", "running": False, "label": label},
    ]
    found = {"able": True, "slots": slots, "missed": "", "withdrawn": []}
    found.update(changed)
    return found


class Channel:
    """`replies`: {words: reply or error}; what is not there is silence."""

    def __init__(self, replies):
        self.replies = replies
        self.asked = []

    async def ask(self, words):
        self.asked.append(words)
        found = self.replies.get(words, OSError(111))
        if isinstance(found, list):
            found = found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


class Installer:
    first_takes_keys = None

    def __init__(self):
        self.incoming = True

    async def alone(self, work, *arguments):
        return await work(*arguments)

    def has_incoming(self):
        return self.incoming

    def forget_incoming(self):
        self.incoming = False


class Gate:
    def __init__(self, **replies):
        log.ring, log.alarms = Ring(), Alarms()
        self.slept = 0
        self.channel = Channel({key.replace("_", " "): replies[key] for key in replies})
        self.installer = Installer()
        self.firmware = Firmware(self.channel, self.installer, self.sleep)

    async def sleep(self, seconds):
        self.slept += seconds

    def alarm(self):
        return "".join([text for name, text, _ in log.alarms.active() if name == FIRMWARE])


def error_of(work):
    try:
        run(work)
    except (BundleError, StoreError) as error:
        return error
    raise AssertionError("no error")


def test_what_slots_say_is_passed_on():
    done = {"able": True, "version": "0.2.0", "slot": "B", "warnings": ["it has expired"]}
    gate = Gate(install=done, install_downgrade=done, rollback={"able": True, "slot": "A"})
    assert run(gate.firmware.install(False)) == done and not gate.installer.incoming
    assert gate.alarm() == "0.2.0: it has expired"
    assert error_of(gate.firmware.install(False)).code == "nothing"
    gate.installer.incoming = True
    run(gate.firmware.install(True))
    assert run(gate.firmware.rollback()) == "A"
    assert gate.channel.asked == ["install", "install downgrade", "rollback"]


def test_a_refused_bundle_goes_unless_another_word_may_take_it():
    for code in ("medium", "rolled-back", "serial", "version", "unproven", "kind"):
        gate = Gate(install={"able": True, "error": dict(ERROR, code=code)})
        error = error_of(gate.firmware.install(False))
        assert (error.code, error.what, error.step) == (code, "it lies", "replace it")
        assert gate.installer.incoming
    for code in ("role", "payload", "hardware", "malformed", "room"):
        gate = Gate(install={"able": True, "error": dict(ERROR, code=code)})
        error_of(gate.firmware.install(False))
        assert not gate.installer.incoming


def test_silence_and_what_failed_leave_the_bundle():
    for reply, text in (
        (OSError(110), "does not answer"),
        ({"able": True, "failed": "install failed: 5"}, "install failed: 5"),
        (NONE, "no partition is called record"),
    ):
        gate = Gate(install=reply, rollback=reply, status=reply)
        for work in (
            gate.firmware.install(False),
            gate.firmware.rollback(),
            gate.firmware.status(),
        ):
            assert text in str(error_of(work))
        assert gate.installer.incoming == (reply is not NONE)


def test_at_the_start_it_waits_for_slots_and_says_what_is_wrong():
    gate = Gate(status=[OSError(2), OSError(111), status(missed="B")])
    run(gate.firmware.serve())
    assert gate.slept == 10 and "slot B was to be started" in gate.alarm()
    gate = Gate()
    run(gate.firmware.serve())
    assert len(gate.channel.asked) == TRIES and gate.alarm() == ""


def test_alarms():
    assert alarm_of(status()) == "" == alarm_of(NONE)
    failed = status()
    failed["slots"][1]["label"]["failed"] = True
    assert "firmware 0.2.0 in slot B failed" in alarm_of(failed)
    failed["slots"][1]["running"] = True  # by hand, all the same
    assert alarm_of(failed) == ""
    assert "revoked key" in alarm_of(status(withdrawn=["K1"]))


def test_keys_are_taken_by_slots_first_or_by_nobody():
    gate = Gate(keys=OSError(111))
    run(gate.installer.first_takes_keys())  # a box that never had it
    gate = Gate(keys=NONE)
    run(gate.installer.first_takes_keys())
    gate = Gate(keys=OSError(111), status=status())
    run(gate.firmware.serve())
    assert "does not answer" in str(error_of(gate.installer.first_takes_keys()))
    gate = Gate(keys={"able": True, "error": ERROR})
    assert error_of(gate.installer.first_takes_keys()).code == "medium"
    gate = Gate(keys={"able": True, "epoch": 2}, status=status(withdrawn=["K1"]))
    run(gate.installer.first_takes_keys())
    assert "revoked key" in gate.alarm()
