"""Firmware as the gate sees it: it asks `slots`, which does everything, and tells people.  Pure.

Its rule: nothing of a slot is decided here.  `installer` lends its turn, so that a set, keys and
firmware are never installed at once.
"""

from restante import log
from restante.compat import const
from restante.errors import StoreError
from restante.log.alarms import FIRMWARE
from restante.update.fault import BundleError

# Between two questions at the start: init starts all programs at once.
AGAIN_S = const(5)
TRIES = const(12)
# Refused ones that may still be wanted: the bundle stays.
_MAY_FOLLOW = ("rolled-back", "serial", "version", "unproven", "medium", "kind", "busy")


class Firmware:
    """`channel`: box.slotschannel.SlotsChannel; `installer`: Installer; `sleep`: asyncio's."""

    def __init__(self, channel, installer, sleep):
        self._channel = channel
        self._installer = installer
        self._sleep = sleep
        self._seen = False  # `slots` answered that it can
        installer.first_takes_keys = self.take_keys

    async def serve(self):
        """Says once what came of the start: nobody may have been looking."""
        for _ in range(TRIES):
            try:
                found = await self._channel.ask("status")
                break
            except OSError:
                await self._sleep(AGAIN_S)
        else:
            return
        self._seen = found["able"]
        text = alarm_of(found)
        if text:
            log.alarms.set(FIRMWARE, text)
            log.record(log.ERROR, "firmware.alarm", what=text)

    async def status(self):
        """The reply of `slots`; BundleError, StoreError."""
        return await self._asked("status")

    async def _asked(self, words):
        try:
            return _whole(await self._channel.ask(words))
        except OSError as error:
            raise _silent(error)

    async def install(self, asked):
        """The reply; BundleError, StoreError."""
        return await self._installer.alone(self._install, asked)

    async def _install(self, asked):
        if not self._installer.has_incoming():
            raise BundleError(
                "nothing",
                "no bundle has arrived",
                "none was sent, or it was taken already",
                "send one: restante update push",
            )
        try:
            found = await self._asked("install downgrade" if asked else "install")
        except BundleError as error:
            log.record(log.WARNING, "update.refused", code=error.code, why=str(error))
            if error.code not in _MAY_FOLLOW:
                self._installer.forget_incoming()
            raise
        self._installer.forget_incoming()
        for text in found["warnings"]:
            log.alarms.set(FIRMWARE, "%s: %s" % (found["version"], text))
        return found

    async def rollback(self):
        """The name of the slot that is started next; errors as of install()."""
        return (await self._installer.alone(self._rollback))["slot"]

    async def _rollback(self):
        return await self._asked("rollback")

    async def take_keys(self):
        """`slots` takes the keys of the bundle that has arrived, before the gate does.

        BundleError, StoreError: then nobody takes them.
        """
        try:
            found = await self._channel.ask("keys")
        except OSError as error:
            if not self._seen:
                return  # a box without it
            raise _silent(error)
        if found["able"]:
            _whole(found)


def _silent(error):
    return StoreError("the program for firmware does not answer: %s" % error)


def _whole(found):
    """The reply, if it is not an error."""
    if not found["able"]:
        raise BundleError(
            "slots",
            "this box cannot take firmware: " + found["why"],
            "it was started in another way than U-Boot's, or its image is older",
            "write a new image with the host tools",
        )
    if "error" in found:
        error = found["error"]
        raise BundleError(error["code"], error["what"], error["cause"], error["next"])
    if "failed" in found:
        raise StoreError(found["failed"])
    return found


def alarm_of(found):
    """What somebody must know of the slots, or ""."""
    if not found["able"]:
        return ""
    if found["missed"]:
        return "slot %s was to be started and the other one runs" % found["missed"]
    for slot in found["slots"]:
        label = slot["label"]
        if label and label["failed"] and not slot["running"]:
            return "firmware %s in slot %s failed; the one before it runs again" % (
                label["version"],
                slot["slot"],
            )
    if found["withdrawn"]:
        return "the firmware that runs is signed with a revoked key: install a newer one"
    return ""
