"""What each console command answers.  Pure but for what the providers do: no I/O here.

`Control.answer(line)` gives (ok, text, lines) for every line, never an exception of its own: a
provider that fails makes `-ERR` with the reason.  The grammar is in grammar.py.
"""

from restante.control import accounts as people
from restante.control import (
    completing,
    configuring,
    door,
    grammar,
    held,
    logins,
    network,
    retained,
    status,
)
from restante.control import profiles as whose
from restante.control import records as logged
from restante.control.moments import stamp
from restante.control.support import (
    CONFIGURATION_OCTETS,
    RECORDS_OCTETS,
    Bundle,
    counts,
    without_secrets,
)
from restante.control.tables import duration
from restante.control.wire import EDITING
from restante.errors import RestanteError
from restante.version import ENGINE_LEVEL, MADE, VERSION

COMPLETE = b"complete "
# What the box's own programs ask, without a login: the warden, and `slots`.
OWN_QUESTIONS = (b"ping", b"health")
# Whose candidate it is if the session does not say its name.
WHO = "console"
# What `monitor log` asks while nobody types: it keeps no login open.
MONITOR = b"log after"
# Asked all the time by programs: no record is made of them.
UNRECORDED = ("ping", "health", "log after")


class Control:
    """Providers, all needed:

    settings    Settings in force; takes() others
    log         the log room: ring, counters, alarms, record()
    sessions    snapshot() -> [dict id client origin account state seconds messages]
    quarantine  store.Quarantine
    screen      async status() -> .bundle .hashes .patterns .built .workers .failed, or raises
    selftest    screening.Watch: async run() -> [(name, ok, text)], .passed .text .at
    system      box.system.System
    accounts    accounts.Accounts
    maildrops   store.Maildrops
    collector   collect.Collector
    seen        accounts.Seen
    folder      store.Folder of the data
    profiles    settings.Profiles
    configuring configuring.Configuring
    updates     updates.Updates
    timekeeper  box.timekeeper.Timekeeper
    firmware    firmware.FirmwareCommands
    health      health.Health
    door        door.Door
    pinger      box.echo.Pinger
    syslog      log.sender.Sender: state() -> text, "" if nothing is sent
    """

    def __init__(
        self,
        settings,
        log,
        sessions,
        quarantine,
        screen,
        selftest,
        system,
        accounts,
        maildrops,
        collector,
        seen,
        folder,
        profiles,
        configuring,
        updates,
        timekeeper,
        firmware,
        health,
        door,
        pinger,
        syslog,
    ):
        self._settings = settings
        self._log = log
        self._sessions = sessions
        self._quarantine = quarantine
        self._screen = screen
        self._selftest = selftest
        self._system = system
        self._accounts = accounts
        self._maildrops = maildrops
        self._collector = collector
        self._seen = seen
        self._folder = folder
        self._profiles = profiles
        self._configuring = configuring
        self._updates = updates
        self._timekeeper = timekeeper
        self._firmware = firmware
        self._health_of_gate = health
        self._door = door
        self._pinger = pinger
        self._syslog = syslog

    def takes(self, settings, profiles):
        """Other settings are in force."""
        self._settings = settings
        self._profiles = profiles

    async def answer(self, line):
        """`line`: bytes without the line end, with the session's name and key in front.

        Without the key of an open login nothing is answered but what our own programs ask.
        """
        name, key, line = grammar.session_of(line)
        if line.startswith(door.SECRET):
            return await self._door.answer(key, line[1:])
        if line in OWN_QUESTIONS and not key:
            return await self._method(line.decode())()
        login = self._door.holder(key, not line.startswith(MONITOR))
        if login is None:
            return False, door.DENIED, ["the login has ended, or there was none; nothing was run"]
        if line.startswith(COMPLETE):
            rows = completing.following(line[len(COMPLETE) :], self._configuring.names)
            return True, "", ["%s  %s" % row for row in rows]
        ok, text, lines = await self._run(login, name or WHO, line)
        if name and self._configuring.edits(name):
            text = EDITING + text
        return ok, text, lines

    async def _run(self, login, session, line):
        try:
            command, arguments = grammar.parse(line)
            if command in grammar.OF_A_SESSION:
                arguments = [session] + arguments
            if command in grammar.OF_A_USER:
                arguments = [login.user] + arguments
        except grammar.CommandError as error:
            return False, error.text, [error.hint]
        if not login.may(command):
            return False, "not before the users can be read again", ["allowed: " + logins.ALLOWED]
        try:
            ok, text, lines = await self._method(command)(*arguments)
        except (OSError, RestanteError) as error:
            self._log.record(self._log.ERROR, "control.failed", what=command, error=str(error))
            return False, "%s failed: %s" % (command, error), ["type: show log"]
        if command not in UNRECORDED:
            self._log.record(self._log.DEBUG, "control.answered", what=command, ok=ok)
        return ok, text, lines

    def _method(self, command):
        """`quarantine show` is answered by `_quarantine_show`."""
        return getattr(self, "_" + command.replace(" ", "_").replace("-", "_"))

    async def _help(self):
        return True, "commands", grammar.help_lines()

    async def _ping(self, host=None, count=None):
        if host is None:
            return True, "", []
        return await network.ping(self._pinger, host, count)

    async def _health(self):
        why = self._health_of_gate.why_not()
        return not why, why, []

    async def _logout(self):
        """The console program takes it, as it takes `terminal`."""
        return False, "that is for the serial line", []

    async def _show_console_users(self):
        names = self._door.names()
        return True, "%d users" % len(names), names

    async def _console_user_add(self, name):
        return self._door.changing("add", name) or (True, door.ASKING + "add " + name, [])

    async def _console_user_password(self, name):
        refused = self._door.changing("password", name)
        return refused or (True, door.ASKING + "password " + name, [])

    async def _console_user_delete(self, who, name):
        return await self._door.delete(name, who)

    async def _show_status(self):
        try:
            screen = await self._screen.status()
        except (OSError, RestanteError) as error:
            screen = error
        settings = self._settings
        lines = [
            status.row("version", VERSION),
            status.row("host name", settings.get("system hostname")),
            status.row("uptime", duration(self._system.uptime())),
            status.clock(self._timekeeper.seconds(), self._timekeeper.trusted()),
            status.screening(settings),
        ]
        lines += status.refused(settings)
        lines += [status.row(name, text) for name, text in self._configuring.waits()]
        lines += status.screen(screen)
        lines += status.self_test(self._selftest, settings)
        lines += status.traffic(self._log.counters, len(self._sessions.snapshot()), settings)
        lines += status.machine(self._system, settings)
        if self._syslog.state():
            lines.append(status.row("syslog", self._syslog.state()))
        lines += status.alarms(self._log.alarms.active())
        return True, "status", lines

    async def _show_sessions(self):
        snapshot = self._sessions.snapshot()
        return True, "%d open sessions" % len(snapshot), status.sessions(snapshot)

    async def _show_version(self):
        lines = [
            status.row("firmware", VERSION),
            status.row("engine level", "%d" % ENGINE_LEVEL),
            status.row("not before", stamp(MADE)),
            status.row("kernel", self._system.kernel()),
        ]
        return True, "Restante " + VERSION, lines

    async def _show_interfaces(self):
        return network.interfaces(self._system)

    async def _show_log(self, number=None):
        return logged.show(self._log.ring, number)

    async def _log_after(self, number, level=None):
        return logged.after(self._log.ring, number, level)

    async def _monitor_log(self, level=None):
        """The console program takes it; here comes who is not at its prompt."""
        return False, "that is for the prompt of the serial line", ["type: show log"]

    async def _show_alarms(self):
        active = self._log.alarms.active()
        lines = status.refused(self._settings) + status.alarms(active)
        return True, "%d alarms" % len(active), lines

    async def _show_accounts(self):
        return people.listing(self._accounts, self._maildrops, self._seen)

    async def _show_account(self, name):
        return await people.show(self._accounts, self._maildrops, name)

    async def _erase_account(self, who, name, yes=None):
        answer = await people.erase(
            self._accounts, self._maildrops, self._collector, name, who, yes is not None
        )
        if yes is not None:
            self._audit("account.erase", answer, who, name)
        return answer

    async def _account_deleted(self, name):
        return await retained.listing(
            self._accounts, self._maildrops, self._screen, self._folder, name
        )

    async def _account_restore(self, who, name, number):
        answer = await retained.restore(self._accounts, self._maildrops, name, number)
        self._audit("account.restore", answer, who, "%s of %s" % (number, name), what=answer[1])
        return answer

    async def _show_configuration(self, json=None):
        return self._configuring.show(json)

    async def _show_configuration_history(self):
        return self._configuring.history()

    async def _configure(self, session, force=None):
        return self._configuring.configure(session, force)

    async def _set(self, session, line):
        return self._configuring.set(session, line)

    async def _delete(self, session, line):
        return self._configuring.delete(session, line)

    async def _compare(self, session):
        return self._configuring.compare(session)

    async def _commit(self, session):
        return await self._configuring.commit(session)

    async def _commit_confirm(self, session, minutes):
        seconds = configuring.seconds_of(minutes)
        if seconds is None:
            return False, "'%s' is no time" % minutes[:40], [configuring.TIMES]
        return self._configuring.try_out(session, seconds)

    async def _rollback(self, session, number):
        if not number.isdigit() or len(number) > 4:
            return False, "'%s' is no number" % number[:40], ["type: show configuration history"]
        return self._configuring.rollback(session, int(number))

    async def _discard(self, session):
        return self._configuring.discard(session)

    async def _save(self):
        return self._configuring.save()

    async def _exit(self, session):
        return self._configuring.leave(session)

    async def _show_profile(self):
        return whose.listing(self._profiles)

    async def _show_signatures(self):
        return await self._updates.show()

    async def _signatures_install(self, who, force=None):
        answer = await self._updates.install(force is not None)
        more = "forced" if force else ""
        self._audit("signatures.install", answer, who, more, what=answer[1])
        return answer

    async def _signatures_rollback(self, who):
        answer = await self._updates.rollback()
        self._audit("signatures.rollback", answer, who, "", what=answer[1])
        return answer

    async def _show_firmware(self):
        return await self._firmware.show()

    async def _firmware_install(self, who, downgrade=None):
        answer = await self._firmware.install(downgrade is not None)
        how = "downgrade" if downgrade else ""
        self._audit("firmware.install", answer, who, how, what=answer[1])
        return answer

    async def _firmware_rollback(self, who):
        answer = await self._firmware.rollback()
        self._audit("firmware.rollback", answer, who, "", what=answer[1])
        return answer

    async def _update_have(self, what):
        return self._updates.have(what)

    async def _update_begin(self, who, sha256, octets):
        answer = await self._updates.begin(sha256, octets)
        self._audit("update.begin", answer, who, sha256, octets=octets)
        return answer

    async def _update_data(self, offset, text, crc):
        return await self._updates.data(offset, text, crc)

    async def _update_end(self, who):
        answer = await self._updates.end()
        self._audit("update.end", answer, who, "", what=answer[1])
        return answer

    async def _update_poll(self, who):
        answer = await self._updates.poll()
        self._audit("update.poll", answer, who, "", what=answer[1])
        return answer

    async def _update_stick(self, who, firmware=None):
        answer = self._updates.look_at_stick(firmware is not None)
        self._audit("update.stick", answer, who, "", what=answer[1])
        return answer

    async def _show_updates(self):
        return self._updates.polls()

    async def _show_quarantine(self):
        return held.listing(self._quarantine)

    async def _quarantine_history(self):
        return held.history(self._quarantine)

    async def _quarantine_list(self):
        return held.listing(self._quarantine)

    async def _quarantine_show(self, id):
        return held.show(self._quarantine, id)

    async def _quarantine_release(self, who, id, force=None):
        answer = await held.release(self._quarantine, id, who, force is not None)
        self._audit("quarantine.release", answer, who, id, what=answer[1])
        return answer

    async def _quarantine_delete(self, who, id):
        answer = await held.delete(self._quarantine, id, who)
        self._audit("quarantine.delete", answer, who, id)
        return answer

    async def _alarm_acknowledge(self):
        n = self._log.alarms.acknowledge()
        self._log.record(self._log.INFO, "alarm.acknowledged", count=n)
        return True, "%d alarms taken down" % n, []

    async def _self_test(self):
        results = await self._selftest.run()
        failed = [name for name, ok, _ in results if not ok]
        lines = ["%-4s %s: %s" % ("ok" if ok else "FAIL", name, why) for name, ok, why in results]
        if not failed:
            return True, "%d checks passed" % len(results), lines
        return False, "%d of %d checks failed" % (len(failed), len(results)), lines

    async def _terminal_json(self, checked=None):
        """The console program takes it; here comes who is not at its line."""
        return False, "that is for the serial line", []

    async def _terminal_speed(self, speed):
        return False, "that is for programs at the serial line", []

    async def _terminal_text(self):
        return True, "the line shows text", []

    async def _reboot(self, who, yes=None):
        refused = self._not_now("reboot", yes)
        if refused:
            return refused
        self._system.request_reboot()
        self._log.record(self._log.WARNING, "reboot.requested", who=who)
        return True, "the box restarts within a few seconds", []

    def _not_now(self, command, yes):
        """Why the box does not restart on this line, or None.

        What confirms is on the same line: no line that was pasted behind it can do so.
        """
        writing = self._updates.writing()
        if writing:
            return False, "not now: " + writing, ["wait for its end; type: show signatures"]
        if yes is None:
            lines = [text for _, text in self._configuring.waits()]
            sessions = len(self._sessions.snapshot())
            return (
                False,
                "%d open sessions would end; mail and settings are durable" % sessions,
                lines + ["if it is really meant, type: %s yes" % command],
            )
        return None

    # `factory-reset` and `factory reset`: both are this method.
    async def _factory_reset(self, who, yes=None):
        if yes is None:
            return (
                False,
                "settings, accounts and all stored and held mail would be lost for good",
                ["type: factory-reset yes"],
            )
        refused = self._not_now("factory-reset", yes)
        if refused:
            return refused
        self._system.request_factory_reset()
        self._log.record(self._log.WARNING, "factory-reset.requested", who=who)
        return True, "the box forgets everything and restarts within a few seconds", []

    async def _support_bundle(self, who):
        bundle = Bundle()
        bundle.section("version", (await self._show_version())[2])
        bundle.section("status", (await self._show_status())[2])
        bundle.section("signatures", (await self._show_signatures())[2])
        bundle.section("interfaces", (await self._show_interfaces())[2])
        bundle.section("filter", self._system.filter())
        bundle.section("memory", self._system.memory_rows())
        bundle.section("alarms", (await self._show_alarms())[2])
        bundle.section("counters", counts(self._log.counters))
        bundle.section("sessions", (await self._show_sessions())[2])
        configuration = without_secrets(self._configuring.show()[2])
        bundle.section("configuration", configuration, CONFIGURATION_OCTETS)
        bundle.section("configurations", self._configuring.history()[2])
        bundle.section("log", self._log.ring.lines(), RECORDS_OCTETS, newest=True)
        self._log.record(self._log.INFO, "support.bundle", who=who)
        return True, "support bundle", bundle.end()

    def _audit(self, event, answer, who, id, **more):
        self._log.record(self._log.INFO, event, ok=answer[0], id=id, who=who, **more)
