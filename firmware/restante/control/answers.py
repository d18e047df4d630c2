"""What each console command answers.  Pure but for what the providers do: no I/O here.

`Control.answer(line)` gives (ok, text, lines) for every line, never an exception of its own: a
provider that fails makes `-ERR` with the reason.  The grammar is in grammar.py.
"""

from restante.control import accounts as people
from restante.control import completing, configuring, grammar, held, retained, status
from restante.control import profiles as whose
from restante.control.tables import duration
from restante.control.wire import EDITING
from restante.errors import RestanteError
from restante.version import VERSION

COMPLETE = b"complete "
# Who released or deleted, in the audit record: there is no login yet.
WHO = "console"


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
    firmware    firmware.FirmwareCommands
    health      health.Health
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
        firmware,
        health,
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
        self._firmware = firmware
        self._health_of_gate = health

    def takes(self, settings, profiles):
        """Other settings are in force."""
        self._settings = settings
        self._profiles = profiles

    async def answer(self, line):
        """`line`: bytes without the line end, perhaps with the session's name in front."""
        name, line = grammar.session_of(line)
        if line.startswith(COMPLETE):
            rows = completing.following(line[len(COMPLETE) :], self._configuring.names)
            return True, "", ["%s  %s" % row for row in rows]
        ok, text, lines = await self._run(name or WHO, line)
        if name and self._configuring.edits(name):
            text = EDITING + text
        return ok, text, lines

    async def _run(self, session, line):
        try:
            command, arguments = grammar.parse(line)
            if command in grammar.OF_A_SESSION:
                arguments = [session] + arguments
        except grammar.CommandError as error:
            return False, error.text, [error.hint]
        try:
            ok, text, lines = await self._method(command)(*arguments)
        except (OSError, RestanteError) as error:
            self._log.record(self._log.ERROR, "control.failed", what=command, error=str(error))
            return False, "%s failed: %s" % (command, error), ["type: show log"]
        if command not in ("ping", "health"):
            self._log.record(self._log.DEBUG, "control.answered", what=command, ok=ok)
        return ok, text, lines

    def _method(self, command):
        """`quarantine show` is answered by `_quarantine_show`."""
        return getattr(self, "_" + command.replace(" ", "_").replace("-", "_"))

    async def _help(self):
        return True, "commands", grammar.help_lines()

    async def _ping(self):
        return True, "", []

    async def _health(self):
        why = self._health_of_gate.why_not()
        return not why, why, []

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
            status.screening(settings),
        ]
        lines += status.refused(settings)
        lines += [status.row(name, text) for name, text in self._configuring.waits()]
        lines += status.screen(screen)
        lines += status.self_test(self._selftest, settings)
        lines += status.traffic(self._log.counters, len(self._sessions.snapshot()), settings)
        lines += status.machine(self._system, settings)
        lines += status.alarms(self._log.alarms.active())
        return True, "status", lines

    async def _show_sessions(self):
        snapshot = self._sessions.snapshot()
        return True, "%d open sessions" % len(snapshot), status.sessions(snapshot)

    async def _show_log(self):
        ring = self._log.ring
        lines = ring.lines()
        if ring.lost:
            lines.insert(0, "(%d older records are no longer kept)" % ring.lost)
        return True, "%d records" % ring.total, lines

    async def _show_alarms(self):
        active = self._log.alarms.active()
        lines = status.refused(self._settings) + status.alarms(active)
        return True, "%d alarms" % len(active), lines

    async def _show_accounts(self):
        return people.listing(self._accounts, self._maildrops, self._seen)

    async def _show_account(self, name):
        return await people.show(self._accounts, self._maildrops, name)

    async def _erase_account(self, name, yes=None):
        answer = await people.erase(
            self._accounts, self._maildrops, self._collector, name, WHO, yes is not None
        )
        if yes is not None:
            self._audit("account.erase", answer, name)
        return answer

    async def _account_deleted(self, name):
        return await retained.listing(
            self._accounts, self._maildrops, self._screen, self._folder, name
        )

    async def _account_restore(self, name, number):
        answer = await retained.restore(self._accounts, self._maildrops, name, number)
        self._audit("account.restore", answer, "%s of %s" % (number, name), what=answer[1])
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

    async def _signatures_install(self, force=None):
        answer = await self._updates.install(force is not None)
        self._audit("signatures.install", answer, "forced" if force else "", what=answer[1])
        return answer

    async def _signatures_rollback(self):
        answer = await self._updates.rollback()
        self._audit("signatures.rollback", answer, "", what=answer[1])
        return answer

    async def _show_firmware(self):
        return await self._firmware.show()

    async def _firmware_install(self, downgrade=None):
        answer = await self._firmware.install(downgrade is not None)
        how = "downgrade" if downgrade else ""
        self._audit("firmware.install", answer, how, what=answer[1])
        return answer

    async def _firmware_rollback(self):
        answer = await self._firmware.rollback()
        self._audit("firmware.rollback", answer, "", what=answer[1])
        return answer

    async def _update_begin(self, sha256, octets):
        answer = await self._updates.begin(sha256, octets)
        self._audit("update.begin", answer, sha256, octets=octets)
        return answer

    async def _update_data(self, offset, text, crc):
        return await self._updates.data(offset, text, crc)

    async def _update_end(self):
        answer = await self._updates.end()
        self._audit("update.end", answer, "", what=answer[1])
        return answer

    async def _show_quarantine(self):
        return held.listing(self._quarantine)

    async def _quarantine_history(self):
        return held.history(self._quarantine)

    async def _quarantine_list(self):
        return held.listing(self._quarantine)

    async def _quarantine_show(self, id):
        return held.show(self._quarantine, id)

    async def _quarantine_release(self, id, force=None):
        answer = await held.release(self._quarantine, id, WHO, force is not None)
        self._audit("quarantine.release", answer, id, what=answer[1])
        return answer

    async def _quarantine_delete(self, id):
        answer = await held.delete(self._quarantine, id, WHO)
        self._audit("quarantine.delete", answer, id)
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

    async def _terminal_text(self):
        return True, "the line shows text", []

    async def _reboot(self):
        self._system.request_reboot()
        self._log.record(self._log.WARNING, "reboot.requested", who=WHO)
        return True, "the box restarts within a few seconds", []

    async def _factory_reset(self, yes=None):
        if yes is None:
            return (
                False,
                "settings, accounts and all stored and held mail would be lost for good",
                ["type: factory-reset yes"],
            )
        self._system.request_factory_reset()
        self._log.record(self._log.WARNING, "factory-reset.requested", who=WHO)
        return True, "the box forgets everything and restarts within a few seconds", []

    def _audit(self, event, answer, id, **more):
        self._log.record(self._log.INFO, event, ok=answer[0], id=id, who=WHO, **more)
