"""The commands about signature sets and bundles.  Pure: the installer comes in, text goes out."""

import binascii

from restante.control.moments import stamp
from restante.control.tables import duration
from restante.errors import RestanteError, SetRefused, StoreError
from restante.update import age, state
from restante.update.fault import BundleError

NUMBER_DIGITS = 10
SHA256_DIGITS = 64
CRC_DIGITS = 8
# Of a set's SHA-256, enough to tell which delta fits.
HAVE_OCTETS = 8
OFFSET = "offset"
BOX = "hardware %s, channel %s, firmware %s, engine level %d"


class Updates:
    """`installer`: update.Installer; `arriving`: update.Arriving; `screen`: ScreenClient;
    `now()`: seconds since 1970, None while the clock is not trusted; `age`: update.Age; `poller`:
    update.Poller; `stick`: update.Stick.
    """

    def __init__(self, installer, arriving, screen, now, age, poller, stick):
        self._installer = installer
        self._arriving = arriving
        self._screen = screen
        self._now = now
        self._age = age
        self._poller = poller
        self._stick = stick

    def writing(self):
        """What is being written at this moment, "" if nothing is."""
        if self._installer.busy:
            return "a bundle is being installed"
        return "a transfer is being ended" if self._arriving.ending else ""

    async def show(self):
        lines = await self._in_use()
        records = self._installer.state.records
        kept = records.get(state.PREVIOUS)
        lines += _about(records.get(state.CURRENT))
        lines.append(_row("previous", _short(kept) if kept else "none is kept"))
        keys = self._installer.keys
        lines.append(_row("keys", "epoch %d" % keys.epoch if keys else "NONE: nobody is trusted"))
        lines.append(_row("box", BOX % self._installer.place))
        if self._installer.busy:
            lines.append(_row("UPDATE", "under way"))
        return True, "signatures", lines

    async def _in_use(self):
        try:
            status = await self._screen.status()
        except (OSError, RestanteError) as error:
            return [_row("in use", "NOT KNOWN: %s" % error)]
        old = age.days(status.built, self._now())
        text = "not known, the clock is not set" if old is None else "%d days" % old
        if self._age.maximum and old is not None and old >= self._age.maximum:
            text += ", TOO OLD: the maximum is %d" % self._age.maximum
        return [
            _row("in use", status.bundle),
            _row("made", stamp(status.built)),
            _row("age", text),
        ]

    async def install(self, asked):
        if self._arriving.ending:  # it is put where this one would be taken from
            return False, "not installed: a transfer is being ended", ["try again"]
        try:
            text, warnings = await self._installer.install(asked)
        except (BundleError, SetRefused, StoreError) as error:
            return refused(error, "not installed")
        return True, text, ["warning: " + each for each in warnings]

    async def rollback(self):
        try:
            name = await self._installer.rollback()
        except (BundleError, SetRefused, StoreError) as error:
            return refused(error, "not rolled back")
        return True, "%s is in use again" % name, []

    def have(self, what):
        """Short, because it must come through a line where each hundredth octet is damaged."""
        if what == "set":
            record = self._installer.state.records.get(state.CURRENT)
            if record is None:
                return True, "none", []
            digest = binascii.hexlify(record.sha256[:HAVE_OCTETS]).decode()
            return True, "%s %d %d" % (digest, record.epoch, record.serial), []
        if what == "keys":
            keys = self._installer.keys
            return True, "%d" % (keys.epoch if keys else 0), []
        if what == "box":
            return True, "%s %s %s %d" % self._installer.place, []
        return False, "no such thing", ["type: update have set|keys|box"]

    async def begin(self, sha256, octets):
        digest = _hex(sha256, SHA256_DIGITS)
        size = _number(octets)
        if digest is None or size is None:
            return False, "a wrong SHA-256 or length", ["type: update begin SHA256 OCTETS"]
        return await self._answered(self._arriving.begin(digest, size), "%d is wanted")

    async def data(self, offset, text, crc):
        at = _number(offset)
        check = _hex(crc, CRC_DIGITS)
        if at is None or check is None:
            return False, "a wrong offset or CRC-32", ["type: update data OFFSET BASE64 CRC32"]
        sum = int.from_bytes(check, "big")
        return await self._answered(self._arriving.data(at, text, sum), "%d is wanted")

    async def end(self):
        text = "it has arrived"
        answer = await self._answered(self._arriving.end(), text)
        return answer[:2] + (["type: signatures install"],) if answer[0] else answer

    async def poll(self):
        over, good, text = await self._poller.poll()
        if not over:
            return True, text, ["type: show updates"]
        return good, text, [] if good else ["type: show log"]

    def look_at_stick(self, firmware):
        on, is_in, _, _, _, _ = self._stick.state()
        if not on:
            return False, "sticks are off", ["type: configure, set updates stick on, commit"]
        if not is_in:
            return False, "no stick is in", ["put one in; it is looked at within seconds"]
        self._stick.again(firmware)
        return True, "it is looked at", ["type: show updates"]

    def polls(self):
        return True, "updates", self._server() + self._of_stick()

    def _of_stick(self):
        _, _, text, ago, result, under_way = self._stick.state()
        lines = [_row("stick", text)]
        if ago is not None:
            lines.append(_row("last stick", "%s ago: %s" % (duration(ago), result)))
        if under_way:
            lines.append(_row("from stick", under_way))
        return lines

    def _server(self):
        url, channel, ago, result, under_way, next, failures = self._poller.state()
        if not url:
            return [_row("server", "none: set updates url http://HOST/FOLDER/")]
        lines = [_row("server", url), _row("channel", channel)]
        last = "none since the start" if ago is None else "%s ago: %s" % (duration(ago), result)
        lines.append(_row("last poll", last))
        if failures:
            lines.append(_row("failures", "%d in a row" % failures))
        if under_way:
            lines.append(_row("now", under_way))
        elif next is None:
            lines.append(_row("next poll", "only by `update poll`: updates interval is 0"))
        else:
            lines.append(_row("next poll", "in " + duration(next)))
        return lines

    async def _answered(self, work, text):
        try:
            found = await work
        except (BundleError, StoreError) as error:
            return refused(error, "not taken")
        return True, text if found is None else text % found, []


def refused(error, what):
    if isinstance(error, BundleError):
        if error.code == OFFSET:  # said often where a line is noisy, to programs
            return False, "%s: %s" % (what, error.what), []
        return (
            False,
            "%s: %s" % (what, error.what),
            [
                "code: " + error.code,
                "cause: " + error.cause,
                "next: " + error.step,
            ],
        )
    return False, "%s: %s" % (what, error), []


def _about(record):
    if record is None:
        return [_row("bundle", "none: it came with the firmware")]
    return [
        _row("bundle", _short(record)),
        _row("SHA-256", binascii.hexlify(record.sha256).decode()),
        _row("signed by", " ".join(record.names)),
        _row("expires", stamp(record.expires)),
    ]


def _short(record):
    return "%s, made %s, epoch %d serial %d" % (
        record.version,
        stamp(record.created),
        record.epoch,
        record.serial,
    )


def _row(name, text):
    return "%-10s %s" % (name, text)


def _number(text):
    return int(text) if text.isdigit() and len(text) <= NUMBER_DIGITS else None


def _hex(text, digits):
    """The octets of so many hex digits, or None."""
    if len(text) != digits:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None
