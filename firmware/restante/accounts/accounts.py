"""The accounts of the box, durable in `accounts/journal`.

Its rule: what learned(), became(), refused() and erase() returned from survives a power cut; a
refusal counts from the moment it is known, before it is durable.  When nothing can be learned (no
device key, a journal that cannot be used) `unusable` says why, and pass-through goes on.  It does
not know POP3.
"""

import asyncio

from restante.accounts import book, names, sealed, state
from restante.accounts.state import Account
from restante.compat import const
from restante.errors import StoreError
from restante.store import journal
from restante.store.entries import NewerVersion
from restante.store.faults import store_error
from restante.store.journalfile import PROBLEMS, JournalFile

FOLDER = "accounts"
JOURNAL = "journal"
# Accounts at most: one takes under 0.5 KiB of the gate's memory, and a branch office has hundreds.
ACCOUNTS = const(2000)
# Superseded journal lines before it is rewritten: under 512 KiB.
SLACK_RECORDS = const(1000)
# Seconds between two records that the origin took an account's password: grace counts hours, and
# each poll confirms.
CONFIRMED_SECONDS = const(900)


class NotLearned(StoreError):
    """This password cannot be kept: why, in words."""


class Accounts:
    """`unusable`: "" or why nothing is learned; `problems`: texts for the operator."""

    def __init__(self, groups, folder, helper, clock, up, sealer):
        """`clock()`: UTC seconds; `up()`: seconds of this boot, never going back."""
        self.unusable = "the journal of the accounts was not read yet"
        self.problems = []
        self._groups = groups
        self._folder = folder
        self._off_loop = folder.off_loop(helper)
        self._clock = clock
        self._up = up
        self._sealer = sealer
        self._book = book.Book(groups)
        self._journal = JournalFile(folder, self._off_loop, FOLDER + "/" + JOURNAL, journal)
        self._lock = asyncio.Lock()
        self._rewrite_at = SLACK_RECORDS
        self._opened = False

    # -- start

    async def start(self):
        """Reads the journal and repairs it; StoreError."""
        try:
            await self._open()
        except StoreError as error:
            self._book = book.Book(self._groups)  # a half-read one would be half the truth
            self.unusable = str(error)
            raise
        self._opened = True
        self.unusable = "" if self._sealer.usable else "the box has no device key"
        self._check_passwords()

    async def _open(self):
        try:
            self._folder.make(FOLDER)
            damaged = self._journal.load(self._book.apply)
            await self._sweep()
            await self._off_loop.fsync_folder("")  # it may just have been made
        except NewerVersion:
            raise StoreError("the accounts were written by a newer firmware")
        except OSError as error:
            raise store_error("opening the accounts folder", error)
        if damaged:
            # A lost record may have been a refusal: no password has grace that nobody confirms.
            for account in self._book.accounts.values():
                account.refuse()
        for text in self._journal.problems:
            self._note(text)
        if not self._journal.broken:
            await self._journal.adopt()
        await self._tidy()

    async def _sweep(self):
        """Removes journals that a rewriting did not come to the end of."""
        for name in self._folder.listdir(FOLDER):
            if name != JOURNAL:
                await self._off_loop.unlink(FOLDER + "/" + name)

    def _check_passwords(self):
        for account in self._book.accounts.values():
            account.written = account.confirmed_at
            account.usable = self.password(account) is not None
            if not account.usable and account.state != state.PASSING:
                account.enter(state.LEARNING, self.unusable or state.UNOPENED)

    def _note(self, text):
        if len(self.problems) < PROBLEMS and text not in self.problems:
            self.problems.append(text)

    def regroup(self):
        """The groups were changed: each account belongs to the group of its name from now on.

        An account whose group is gone keeps the old one, whose rule is `none` by then, until the
        next start: sessions and visits may be under way.
        """
        for account in self._book.accounts.values():
            group = self._groups.named(account.group_name)
            if group is not None:
                account.group = group
                group.remember(*account.place)

    # -- reading

    def find(self, group, user):
        """Account or None."""
        return self._book.accounts.get(names.account_id(group.name, user))

    def all(self):
        """Accounts of the groups that are set, by name."""
        return [a for a in self.everything() if a.group is not None]

    def everything(self):
        """all(), and those whose group is no longer set."""
        return sorted(self._book.accounts.values(), key=lambda account: account.name)

    def named(self, text):
        """Account or None, by its name or its id."""
        for account in self._book.accounts.values():
            if text in (account.name, account.id):
                return account
        return None

    def password(self, account):
        """Octets, or None when there is none that can be opened."""
        return self._sealer.open(account.id, account.sealed)

    def same(self, account, password):
        """Whether this is the sealed password; constant time."""
        return self._sealer.same(self.password(account), password)

    def fresh(self, account):
        return account.is_fresh(self._up())

    def in_grace(self, account):
        return account.is_in_grace(self._now(), self._up())

    def _now(self):
        return max(0, int(self._clock()))

    # -- changing

    async def learned(self, group, user, password, place, how):
        """The origin took this password; the Account.  NotLearned, StoreError."""
        async with self._lock:
            account = self.find(group, user)
            known = (
                account is not None
                and (account.place, account.how) == (place, how)
                and self.same(account, password)
            )
            if not known:
                account = await self._learn(group, user, password, place, how)
        await self.confirmed(account)
        return account

    async def _learn(self, group, user, password, place, how):
        self._check(group, user, password)
        fresh = Account(group.name, group, user)
        fresh.place = place
        fresh.how = how
        fresh.sealed = self._sealer.seal(fresh.id, password)
        fresh.learned_at = fresh.confirmed_at = max(1, self._now())
        records = [book.learned_record(fresh)]
        known = self._book.accounts.get(fresh.id)
        if known is not None and not known.usable and known.state != state.PASSING:
            records.append(book.became_record(fresh, fresh.state, fresh.why))
        await self._change(records)
        account = self._book.accounts[fresh.id]
        account.written = fresh.confirmed_at
        account.usable = True
        return account

    def _check(self, group, user, password):
        if self.unusable:
            raise NotLearned(self.unusable)
        if not names.name(user):
            raise NotLearned("its name is empty or over %d octets" % names.USER_OCTETS)
        if len(password) > sealed.PASSWORD_OCTETS:
            raise NotLearned("its password has over %d octets" % sealed.PASSWORD_OCTETS)
        if self.find(group, user) is None and len(self._book.accounts) >= ACCOUNTS:
            raise NotLearned("the box has %d accounts already, the most it can have" % ACCOUNTS)

    async def confirmed(self, account):
        """The origin took the sealed password now.

        Never raises: without its record the grace only ends earlier after a restart.
        """
        now = self._now()
        account.confirm(now, self._up())
        if account.written and 0 <= now - account.written < CONFIRMED_SECONDS:
            return
        try:
            async with self._lock:
                await self._stand(account)
        except StoreError as error:
            self._note(str(error))

    async def refused(self, account):
        """The origin refused the sealed password; StoreError.

        It counts at once; answer nothing that relies on it before this has returned.
        """
        account.refuse()
        async with self._lock:
            try:
                await self._stand(account)
            except StoreError:
                self._journal.broken = True  # the next change writes it, with all the rest
                raise

    async def _stand(self, account):
        """Writes when the origin last took the password, as it is by now."""
        time = account.confirmed_at
        if self._has(account) and account.written != time:
            await self._append([book.confirmed_record(account, time)])
            account.written = time

    async def became(self, account, number, why=""):
        """LEARNING, READY or PASSING, and why in words; StoreError."""
        async with self._lock:
            if self._has(account) and (account.state, account.why) != (number, why):
                await self._change([book.became_record(account, number, why)])

    async def erase(self, account, who=""):
        """The credential and what is known of the account are gone; StoreError."""
        async with self._lock:
            if self._has(account):
                await self._change([book.erased_record(account, self._now(), who)])
            account.erase()  # for whoever still holds it

    def _has(self, account):
        return self._book.accounts.get(account.id) is account

    async def _change(self, records):
        await self._append(records)
        try:
            for record in records:
                self._book.apply(record)
        except MemoryError:
            self._journal.broken = True  # the next change rewrites it as the book is
            raise

    async def _append(self, records):
        """Durable when it returns.  A cancelled caller leaves the journal to be rewritten."""
        if not self._opened:
            raise StoreError(self.unusable)
        await self._tidy()
        await self._journal.append(records)

    async def _tidy(self):
        if self._journal.broken or self._journal.records > self._rewrite_at:
            await self._journal.rewrite(self._book.records())
            self._rewrite_at = 2 * self._journal.records + SLACK_RECORDS

    async def close(self):
        """After what has begun: closes the journal."""
        async with self._lock:
            self._journal.close()
            self._opened = False
            self.unusable = "the accounts are closed"
