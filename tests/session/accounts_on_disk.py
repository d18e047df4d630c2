"""Runs on the box's own interpreter: accounts, their journal and the device key on a real disk.

    accounts_on_disk.py COMMAND FOLDER [ARGUMENTS]

Prints one line for each fact; test_accounts.py reads them.
"""

import asyncio
import gc
import sys
import time

import _crypto
from restante import log
from restante.accounts import accounts as room
from restante.accounts import devicekey
from restante.accounts.accounts import Accounts
from restante.accounts.groups import Groups
from restante.accounts.sealed import Sealer
from restante.accounts.state import LOGIN_PLAIN, LOGIN_USER, READY
from restante.box.system import System
from restante.loop import Helper
from restante.settings import text
from restante.settings.values import Settings
from restante.store.folder import Folder

GROUPS = Groups(
    Settings(text.read(b"set group acme servers 192.0.2.0/24\nset group acme rule all"))
)
ACME = GROUPS.all()[0]
PLACE = ("192.0.2.1", 110)
HELPER = Helper()


def opened(path, key):
    sealer = Sealer(_crypto, key)
    return Accounts(GROUPS, Folder(path), HELPER, time.time, System(path, path).uptime, sealer)


async def learn(path, key, password):
    """Three passwords of two accounts, one of them replaced; nothing of them is printed."""
    accounts = opened(path, key)
    await accounts.start()
    secret = password.encode()
    await accounts.learned(ACME, b"anna", secret, PLACE, LOGIN_USER)
    await accounts.learned(ACME, b"bert", secret + b"-2", PLACE, LOGIN_PLAIN)
    anna = await accounts.learned(ACME, b"anna", secret + b"-3", PLACE, LOGIN_USER)
    await accounts.became(anna, READY)
    await accounts.refused(accounts.find(ACME, b"bert"))
    # What an operator or a developer might look at.
    log.start(log.DEBUG, time.time)
    log.record(log.INFO, "test.account", account=anna, sealer=accounts, name=anna.name)
    for shown in (anna, accounts, accounts.all(), anna.name, anna.why, log.ring.lines()):
        print("shown", shown)
    try:
        await accounts.learned(ACME, b"carl", secret * 100, PLACE, LOGIN_USER)
    except room.NotLearned as error:
        sys.print_exception(error, sys.stdout)
    await accounts.close()


async def look(path, key, password):
    accounts = opened(path, key)
    await accounts.start()
    secret = password.encode()
    for account in accounts.all():
        right = [accounts.same(account, secret + end) for end in (b"", b"-2", b"-3")]
        print("account", account.name, account.state, right, accounts.in_grace(account))
    print("fresh", any(accounts.fresh(account) for account in accounts.all()))
    print("problems", accounts.problems, accounts.unusable)


async def fill(path, key, count):
    """So many accounts, a hundred with one sync."""
    count = int(count)
    accounts = opened(path, key)
    await accounts.start()
    records = []
    for n in range(count):
        one = room.Account("acme", ACME, b"somebody%04d@example.org" % n)
        one.place = PLACE
        one.sealed = accounts._sealer.seal(one.id, b"a password of 20 oct")
        records.append(room.book.learned_record(one))
        if len(records) == 100:
            await accounts._change(records)
            records = []
    await accounts.close()


async def crowd(path, key, count):
    """Octets of the heap that each of so many accounts takes, and ms that the start takes."""
    count = int(count)
    gc.threshold(524288)  # as the gate has it
    gc.collect()
    before = gc.mem_alloc()
    begin = time.ticks_ms()
    accounts = opened(path, key)
    await accounts.start()
    ms = time.ticks_diff(time.ticks_ms(), begin)
    gc.collect()
    print("crowd", len(accounts.all()), (gc.mem_alloc() - before) // count, ms)
    try:
        await accounts.learned(ACME, b"one more", b"x", PLACE, LOGIN_USER)
        print("learned")
    except room.NotLearned as error:
        print("refused", error)


def key_of(run):
    key, why = devicekey.read(run)
    print("key", key is not None and len(key), why)


command, path = sys.argv[1:3]
if command == "key":
    key_of(path)
else:
    key = bytes([int(sys.argv[3])] * 32)
    asyncio.run(
        {"learn": learn, "look": look, "fill": fill, "crowd": crowd}[command](
            path, key, sys.argv[4]
        )
    )
