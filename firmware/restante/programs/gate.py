"""gate: the program that faces the network.  Wiring only; imported by nothing.

    gate [--listen ADDRESS:PORT] [--data FOLDER] [--run FOLDER] [--image FOLDER]
         [--hardware WORD] [--origin ADDRESS:PORT]

`--origin` is for tests and the laboratory: every client is taken to that one origin instead of the
place it wanted to go to (SO_ORIGINAL_DST), which needs no packet filter.
"""

import asyncio
import gc
import sys
import time

import _crypto
import _sys

from restante import log, loop, settings
from restante.accounts import devicekey
from restante.accounts.accounts import Accounts
from restante.accounts.groups import Groups
from restante.accounts.sealed import Sealer
from restante.accounts.seen import Seen
from restante.box import options, places
from restante.box.clock import RECORD_OCTETS
from restante.box.echo import Pinger
from restante.box.slotschannel import SlotsChannel
from restante.box.stickchannel import StickChannel
from restante.box.system import System
from restante.box.timekeeper import Timekeeper, always, synchronised
from restante.collect.collector import Collector
from restante.collect.lookup import Lookup
from restante.collect.resolver import Resolver
from restante.collect.upkeep import Upkeep
from restante.control import moments
from restante.control import server as control_server
from restante.control.answers import Control
from restante.control.configuring import Configuring
from restante.control.door import Door
from restante.control.firmware import FirmwareCommands
from restante.control.health import Health
from restante.control.updates import Updates
from restante.control.users import Users
from restante.errors import OriginError, SettingsError, StoreError
from restante.log import alarm_file
from restante.log.alarms import ACCELERATION, SCREENING, SETTINGS, STORE, UPDATE
from restante.log.outlet import Outlet
from restante.log.sender import Sender
from restante.relay import destination
from restante.relay.asking import Asking
from restante.relay.bounds import Bounds
from restante.relay.entry import NOT_SCREENED
from restante.relay.guesses import Guesses
from restante.relay.listener import Listener, bind
from restante.relay.message import Delivery
from restante.relay.origin import Origin
from restante.relay.passing import Passing
from restante.relay.session import Session
from restante.relay.ticker import Ticker
from restante.screening.channel import Channel
from restante.screening.client import IN_FLIGHT, ScreenClient
from restante.screening.rules import blob_of
from restante.screening.selftest import SelfTest
from restante.screening.watch import Watch
from restante.settings.kept import Kept
from restante.settings.profiles import Profiles
from restante.settings.running import Running
from restante.settings.tree import needing_restart
from restante.settings.values import Settings
from restante.store.folder import Folder
from restante.store.maildrops import Maildrops
from restante.store.quarantine import Quarantine
from restante.store.scratch import Scratch
from restante.store.spool import Spool
from restante.store.whole import WholeFile
from restante.update.age import Age
from restante.update.arriving import Arriving
from restante.update.fetching import Fetcher
from restante.update.firmware import Firmware
from restante.update.installing import Installer
from restante.update.poller import AGENT, Poller
from restante.update.sets import Signatures
from restante.update.stick import Stick
from restante.update.taking import Taker
from restante.version import ENGINE_LEVEL, MADE, VERSION

DEFAULTS = {
    "--listen": "0.0.0.0:%d" % places.GATE_PORT,
    "--data": places.DATA,
    "--run": places.RUN,
    "--image": places.IMAGE,
    "--hardware": places.HARDWARE,
    "--origin": "",
}
MIB = 1048576
DAY = 86400
# Octets allocated between two collections.  Without it the whole heap fills with garbage before
# the first one: more memory in use, and what lives lies scattered, so that a session's 16 KiB
# buffer finds no place in a heap that is half empty.
COLLECT_OCTETS = 524288
ROOT = 0
EEXIST = 17
EROFS = 30
# Descriptors beside those of sessions: standard ones, listeners, control peers, the store, the
# helper thread, with room to spare.
DESCRIPTORS = 64
# Descriptors of one session: client, origin, spool file twice, one kept message, screen socket.
SESSION_DESCRIPTORS = 8
# Number of a signal that ends the program.
SIGTERM = 15


def place(text):
    """("1.2.3.4", 110) of "1.2.3.4:110"."""
    address, port = text.rsplit(":", 1)
    return address, int(port)


def version_of(text):
    """(1, 2, 3) of "1.2.3"."""
    return tuple([int(part) for part in text.split(".")])


def is_root():
    """True while we have the rights of the system."""
    return _sys.stat("/proc/self")[1] == ROOT


class Services:
    """What sessions and the collector need of the program."""

    def __init__(self, given, tree, helper, device_key, sender):
        folder = Folder(given["--data"])
        screen_socket = given["--run"] + "/" + places.SCREEN_SOCKET
        self.settings = tree
        self.helper = helper
        self.clock = time.time
        self.system = System(given["--data"], given["--run"])
        self.up = self.system.uptime
        hardware = tree.get("time source") == "hardware"
        self.timekeeper = Timekeeper(
            WholeFile(folder, folder.off_loop(helper), places.CLOCK, RECORD_OCTETS),
            self.clock,
            self.up,
            always if hardware else synchronised(given["--run"]),
            self._bundle_times,
        )
        self.now = self.timekeeper.now
        self.aged = self.timekeeper.aged
        self.ticker = Ticker()
        self.guesses = Guesses(time.ticks_diff, time.ticks_add)
        self.bounds = Bounds(time.ticks_diff)
        self.asking = Asking()
        self.spool = Spool(folder, tree.get("spool maximum") * MIB)
        self.quarantine = Quarantine(
            folder, helper, self.clock, tree.get("quarantine maximum") * MIB
        )
        scratch = Scratch(self.spool, IN_FLIGHT)
        self.screen = ScreenClient(lambda: Channel(screen_socket), tree, scratch, blob_of)
        self.watch = Watch(SelfTest(self.spool, self.screen), self.screen, self.clock)
        self.signatures = Signatures(
            folder,
            folder.off_loop(helper),
            self.screen,
            self.watch,
            lambda screen: SelfTest(self.spool, screen),
        )
        self.age = Age(self.now, tree.get("signatures maximum-age"))
        self.installer = Installer(
            folder,
            Folder(given["--image"]),
            folder.off_loop(helper),
            self.signatures,
            _crypto,
            (given["--hardware"], places.CHANNEL, version_of(VERSION), ENGINE_LEVEL),
            self.now,
        )
        self.arriving = Arriving(folder, folder.off_loop(helper), lambda: self.installer.busy)
        self.taker = Taker(self.installer, self.arriving, self.up)
        self.firmware = Firmware(
            SlotsChannel(given["--run"] + "/" + places.SLOTS_SOCKET),
            self.installer,
            asyncio.sleep,
        )
        self.stick = Stick(
            StickChannel(given["--run"] + "/" + places.STICK_SOCKET),
            self.installer,
            self.taker,
            self.up,
        )
        self.stick.takes(tree, None)
        self.profiles = Profiles(tree)
        self.groups = Groups(tree)
        self.accounts = Accounts(
            self.groups,
            folder,
            helper,
            self.clock,
            self.up,
            Sealer(_crypto, device_key),
        )
        self.maildrops = Maildrops(
            folder, helper, self.clock, self.spool, tree.get("mail maximum") * MIB
        )
        self.users = Users(folder, folder.off_loop(helper))
        self.door = Door(
            self.users,
            helper.argon2,
            _crypto.random,
            _crypto.same,
            self.up,
            log,
            self.system.request_factory_reset,
        )
        self.door.takes(tree, self.profiles)
        self.collector = Collector(self)
        self.upkeep = Upkeep(self)
        self._set_quarantine()
        self.unopened = []  # what could not be opened at the start, in words
        self.off = "accounts are not open yet"  # why nothing is accelerated, "" if it is
        self.seen = Seen()
        self.serving = {}  # account id: served sessions
        self.kept_octets = 0  # of messages that sessions keep between TOP and RETR
        self.screens = False
        self.note = NOT_SCREENED
        self.screening = asyncio.Event()  # since some account is screened
        self._set_screening()
        self.running = Running(
            tree.explicit,
            Kept(folder, helper, tree.entry),
            self.prepare,
            self.clock,
            self.up,
            record_configuration,
        )
        self.ticker.add(self.running)
        self.sender = sender
        moments.takes(tree, self.profiles)
        # What has takes(settings, profiles).
        self.takers = [self.door, sender, moments, self.stick]
        self._at_start = {path: tree.get(path) for path in needing_restart()}
        self._origin = place(given["--origin"]) if given["--origin"] else None
        self._sessions = 0

    def _bundle_times(self):
        """When the installed bundles were made, in s since 1970."""
        return [record.created for record in self.installer.state.records.values()]

    def next_id(self):
        self._sessions += 1
        return self._sessions

    def prepare(self, values):
        """A function that makes `values` count, see Running; SettingsError.

        What needs a restart keeps the value of the start until then, in what is shown, too.
        """
        fixed = {path: value for path, value in values.items() if path not in self._at_start}
        fixed.update({p: v for p, v in self._at_start.items() if v is not None})
        wanted = Settings(values)
        waiting = [p for p in sorted(self._at_start) if wanted.get(p) != self._at_start[p]]
        tree = Settings(fixed)
        profiles = Profiles(tree)
        for view in [tree] + profiles.views():
            try:
                blob_of(view)
            except ValueError as error:
                raise SettingsError(0, "the rules cannot be used: %s" % error)
        groups = self.groups.prepared(tree)

        def apply():
            self.settings = tree
            self.profiles = profiles
            self.groups.take(groups)
            self.accounts.regroup()
            self._set_sizes()
            self._set_quarantine()
            self._set_screening()
            self.screen.settings = tree
            self.age.maximum = tree.get("signatures maximum-age")
            log.set_level(tree.get("log level"))
            for taker in self.takers:
                taker.takes(tree, profiles)
            return waiting

        return apply

    def _set_sizes(self):
        self.spool.quota = self.settings.get("spool maximum") * MIB
        self.quarantine.maximum = self.settings.get("quarantine maximum") * MIB
        self.maildrops.maximum = self.settings.get("mail maximum") * MIB

    def _set_screening(self):
        alarm_of_mode(self.settings)
        self.screens = self.profiles.screens
        self.note = "" if self.screens else NOT_SCREENED
        if self.screens:
            self.screening.set()

    def _set_quarantine(self):
        quarantine = self.quarantine
        quarantine.retention = self.settings.get("quarantine retention") * DAY
        quarantine.evicts = self.settings.get("quarantine when-full") == "oldest"
        quarantine.aged = self.aged
        quarantine.evicted = record_eviction
        quarantine.dated_from = self.maildrops.dated_from = MADE

    def origin(self, address, port):
        """An Origin that is not connected yet; OriginError if the box has no descriptor left."""
        try:
            return Origin(address, port, self.settings)
        except OSError as error:
            raise OriginError("the mail gateway has too many connections: %s" % error)

    def delivery(self, session):
        return Delivery(session, self) if self.screens else Passing(session)

    def session(self, sock, address):
        local = _sys.sockname(sock.fileno())
        wanted = self._origin or destination.redirected(sock)
        return Session(self, sock, address, local, wanted)

    def is_own(self, wanted, local):
        if self._origin:
            return wanted == local
        return destination.is_own(wanted, local)


def record_configuration(event, **fields):
    log.record(log.WARNING, event, **fields)


def alarm_of_mode(tree):
    if tree.get("screening mode") != "enabled":
        log.alarms.set(SCREENING, "screening mode is " + tree.get("screening mode"))


def record_eviction(entry, who):
    account = entry.record.account
    log.record(log.WARNING, "quarantine.evicted", id=entry.id, account=account, who=who)


async def open_store(services):
    """What cannot be opened refuses what needs it; all other mail goes on."""
    try:
        await services.quarantine.start()
    except StoreError as error:
        services.unopened.append(str(error))
        log.alarms.set(STORE, str(error))
        log.record(log.ERROR, "store.start", error=str(error))
    try:
        services.signatures.start()
    except StoreError as error:
        log.record(log.WARNING, "signatures.start", error=str(error))
    try:
        await services.installer.start()
    except StoreError as error:
        services.unopened.append(str(error))
        log.alarms.set(UPDATE, str(error))
        log.record(log.ERROR, "update.start", error=str(error))
    await open_accounts(services)
    await services.users.start()
    if services.users.why:
        log.alarms.set(STORE, services.users.why)
        log.record(log.ERROR, "console.users", why=services.users.why)
    problems = services.accounts.problems + services.maildrops.problems
    for text in services.spool.problems + services.quarantine.problems + problems:
        log.alarms.set(STORE, text)
        log.record(log.ERROR, "store.problem", error=text)


async def open_accounts(services):
    """Without accounts or maildrops all mail passes through, and an alarm says so."""
    try:
        await services.accounts.start()
        await services.maildrops.start()
        services.off = services.accounts.unusable
    except StoreError as error:
        services.off = str(error)
    if services.off and services.groups.all():
        services.unopened.append(services.off)
        log.alarms.set(ACCELERATION, services.off)
        log.record(log.ERROR, "acceleration.off", why=services.off)


async def until_told(signals):
    """Returns at SIGTERM."""
    buffer = bytearray(16)
    while True:
        try:
            await loop.readable(signals, loop.LONGEST_MS)
        except OSError:
            continue  # a day without a signal
        n = _sys.read(signals, buffer, 0, len(buffer)) or 0
        if SIGTERM in list(buffer[:n]):
            return


async def watch(services):
    """Tests the screening, as soon as anything is screened."""
    await services.screening.wait()
    await services.watch.serve()


def poller_of(services, given, listening):
    """Who asks the server of bundles; it may not be the box itself (FAULTS 93)."""
    local = _sys.sockname(listening.fileno())
    fetcher = Fetcher(
        Resolver(places.RESOLV_CONF).answer,
        lambda wanted: services.is_own(wanted, local),
        AGENT,
        services.helper,
        given["--image"] + "/" + places.ROOTS,
        services.now,
    )
    made = Poller(
        services.spool.folder,
        services.installer,
        services.taker,
        fetcher,
        services.up,
        services.now,
    )
    made.takes(services.settings, services.profiles)
    services.takers.append(made)
    return made


async def serve(services, given, listening, control_fd, signals):
    tree = services.settings
    await open_store(services)
    poller = poller_of(services, given, listening)
    listener = Listener(listening, tree.get("sessions maximum"), services.session)
    control = Control(
        tree,
        log,
        listener,
        services.quarantine,
        services.screen,
        services.watch,
        services.system,
        services.accounts,
        services.maildrops,
        services.collector,
        services.seen,
        services.spool.folder,
        services.profiles,
        Configuring(services.running, services.up),
        Updates(
            services.installer,
            services.arriving,
            services.screen,
            services.now,
            services.age,
            poller,
            services.stick,
        ),
        services.timekeeper,
        FirmwareCommands(services.firmware, services.arriving),
        Health(
            services.watch,
            lambda: services.screens,
            lambda: services.settings,
            services.unopened,
        ),
        services.door,
        Pinger(Resolver(places.RESOLV_CONF).addresses, asyncio.sleep_ms),
        services.sender,
    )
    services.takers.append(control)
    lookup = Lookup(services.groups, services.up, places.RESOLV_CONF)
    services.takers.append(lookup)
    tasks = [
        asyncio.create_task(control_server.Server(control_fd, control, log).run()),
        asyncio.create_task(listener.run()),
        asyncio.create_task(services.ticker.run()),
        asyncio.create_task(services.sender.run()),
        asyncio.create_task(services.upkeep.run()),
        asyncio.create_task(watch(services)),
        asyncio.create_task(services.installer.serve()),
        asyncio.create_task(poller.run()),
        asyncio.create_task(services.stick.run()),
        asyncio.create_task(services.firmware.serve()),
        asyncio.create_task(lookup.run()),
    ]
    if not services.off:
        tasks.append(asyncio.create_task(services.collector.run()))
    print("gate: listening on port %d" % _sys.sockname(listening.fileno())[1])
    await until_told(signals)
    await loop.end(tasks)
    await services.accounts.close()
    await services.quarantine.close()
    log.record(log.INFO, "gate.end")


def start_log(given, tree, outlet, sender):
    path = given["--data"] + "/" + places.ALARMS

    def failed(error):
        log.record(log.ERROR, "alarms.file", error=str(error))

    log.start(tree.get("log level"), time.time, outlet, sender.forward)
    log.alarms.keep(alarm_file.load(path, failed), alarm_file.saver(path, failed))
    if tree.error:
        log.alarms.set(SETTINGS, tree.refusal)
        log.record(log.ERROR, "settings.refused", error=tree.refusal)
    if tree.entry and tree.entry.passed:
        text = "another firmware's settings do not count: %s" % "; ".join(tree.entry.passed)
        log.alarms.set(SETTINGS, text)
        log.record(log.ERROR, "settings.passed-over", lines=text)


def take_folders(given):
    """While we are root: what the gate writes belongs to it."""
    data = given["--data"]
    own = given["--run"] + "/" + places.GATE_FOLDER
    names = ("spool", "quarantine", "maildrops", "accounts", places.SIGNATURES, places.UPDATES)
    below = [data + "/" + name for name in names]
    for path in [data] + below + [own]:
        try:
            take_folder(path)
        except OSError as error:
            if error.errno != EROFS:
                raise  # the data partition is not open: the store says so at once


def take_folder(path):
    try:
        _sys.mkdir(path, 0o700)
    except OSError as error:
        if error.errno != EEXIST:
            raise
    if is_root():
        _sys.chown(path, places.GATE_UID, places.GATE_UID)


def give_up_rights(tree):
    if is_root():
        _sys.drop(places.GATE_UID, places.GATE_UID)
    _sys.no_new_privs()
    _sys.rlimit("core", 0)
    _sys.rlimit("nofile", DESCRIPTORS + SESSION_DESCRIPTORS * tree.get("sessions maximum"))


def main():
    given = options.parse(sys.argv[1:], DEFAULTS)
    tree = settings.load(given["--data"] + "/" + places.SETTINGS)
    listening = bind(*place(given["--listen"]))
    owner = (places.CONSOLE_UID, places.CONSOLE_UID) if is_root() else None
    control_fd = control_server.listen(given["--run"] + "/" + places.CONTROL_SOCKET, owner)
    take_folders(given)
    device_key, why = devicekey.read(given["--run"])
    outlet = Outlet()
    give_up_rights(tree)
    gc.threshold(COLLECT_OCTETS)
    sender = Sender(Resolver(places.RESOLV_CONF).addresses, log.record, log.counters)
    sender.takes(tree, None)
    start_log(given, tree, outlet, sender)
    if why:
        log.record(log.WARNING, "device-key", why=why)
    signals = _sys.signals()
    helper = loop.Helper()  # a thread, so before seccomp
    services = Services(given, tree, helper, device_key, sender)
    _sys.seccomp("gate")
    asyncio.run(serve(services, given, listening, control_fd, signals))


if __name__ == "__main__":
    main()
