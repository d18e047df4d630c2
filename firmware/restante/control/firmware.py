"""The commands about firmware.  Pure: the asking comes in, text goes out."""

from restante.control.moments import stamp
from restante.control.updates import refused
from restante.errors import StoreError
from restante.update.fault import BundleError


class FirmwareCommands:
    """`firmware`: update.Firmware; `arriving`: update.Arriving."""

    def __init__(self, firmware, arriving):
        self._firmware = firmware
        self._arriving = arriving

    async def show(self):
        try:
            found = await self._firmware.status()
        except (BundleError, StoreError) as error:
            return refused(error, "not known")
        lines = []
        for slot in found["slots"]:
            lines += _slot(slot, found)
        if found["trial"] is not None:
            lines.append(row("on trial", found["trial"] or "healthy, to be proven soon"))
        if not found["record"]:
            lines.append(row("RECORD", "no copy of the boot record is whole"))
        if found["missed"]:
            lines.append(row("MISSED", "slot %s was to be started" % found["missed"]))
        if found["withdrawn"]:
            lines.append(row("REVOKED", "keys of what runs: " + " ".join(found["withdrawn"])))
        lines.append(row("fallbacks", str(found["fallbacks"])))
        keys = found["keys"]
        lines.append(row("keys", "epoch %d" % keys if keys else "NONE: nobody is trusted"))
        return True, "firmware", lines

    async def install(self, asked):
        if self._arriving.ending:
            return False, "not installed: a transfer is being ended", ["try again"]
        try:
            found = await self._firmware.install(asked)
        except (BundleError, StoreError) as error:
            return refused(error, "not installed")
        lines = ["warning: " + each for each in found["warnings"]]
        text = "firmware %s is in slot %s and is started next" % (found["version"], found["slot"])
        return True, text, lines + ["type: reboot yes"]

    async def rollback(self):
        try:
            slot = await self._firmware.rollback()
        except (BundleError, StoreError) as error:
            return refused(error, "not rolled back")
        return True, "slot %s is started next" % slot, ["type: reboot yes"]


def _slot(slot, found):
    about = ["running"] if slot["running"] else []
    if slot["next"] and not slot["running"]:
        about.append("started next")
    about.append("proven" if slot["proven"] else "not proven")
    if slot["tries"] is not None:
        about.append("%d tries left" % slot["tries"])
    label = slot["label"]
    if label and label["failed"]:
        about.append("FAILED")
    lines = [row("slot " + slot["slot"], ", ".join(about))]
    if label:
        text = "%s, made %s, epoch %d serial %d, signed by %s" % (
            label["version"],
            stamp(label["created"]),
            label["epoch"],
            label["serial"],
            label["signers"],
        )
    elif slot["running"]:
        text = "%s, came with the image" % found["version"]
    elif slot["proven"]:
        text = "came with the image"
    else:
        text = "nothing that was written to its end"
    return lines + [row("", text)]


def row(name, text):
    return "%-10s %s" % (name, text)
