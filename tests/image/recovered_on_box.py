"""Runs on the box's own interpreter: what the store finds in a data folder after a power cut.

    recovered_on_box.py FOLDER RUN PASSWORD

`RUN` holds the device key.  Prints one line for each thing found; recovery.py reads them.
"""

import asyncio
import sys
import time
from binascii import hexlify

import _crypto
import _sys
from restante import settings
from restante.accounts import devicekey
from restante.accounts.accounts import Accounts
from restante.accounts.groups import Groups
from restante.accounts.sealed import Sealer
from restante.accounts.state import STATE_NAMES
from restante.loop import Helper
from restante.store.folder import Folder
from restante.store.maildrops import Maildrops
from restante.store.quarantine import Quarantine
from restante.store.spool import Spool

MIB = 1048576


async def sha(helper, fd):
    try:
        return str(hexlify(await helper.sha256(fd)), "utf-8")
    finally:
        _sys.close(fd)


async def show_accounts(accounts, password):
    await accounts.start()
    for account in accounts.everything():
        same = accounts.same(account, password)
        print("account", account.id, STATE_NAMES[account.state], "opened" if same else "SHUT")
    for text in accounts.problems:
        print("problem", text)


async def show_maildrops(drops, helper, ids):
    await drops.start()
    for id in ids:
        drop = await drops.open(id)
        for slot in drop.slots():
            content = "-"
            if drop.is_stored(slot):
                content = await sha(helper, await drop.open(slot))
            print("message", id, str(drop.uidl(slot), "utf-8"), content)
    for text in drops.problems:
        print("problem", text)


async def show_quarantine(quarantine, helper):
    await quarantine.start()
    for entry in quarantine.entries():
        content = await sha(helper, quarantine.open(entry))
        print("held", entry.record.uidl, entry.state, content)
    for text in quarantine.problems:
        print("problem", text)


async def main(path, run, password):
    folder = Folder(path)
    helper = Helper()
    tree = settings.load(path + "/settings")
    key, why = devicekey.read(run)
    assert key, why
    groups = Groups(tree)
    accounts = Accounts(groups, folder, helper, time.time, time.time, Sealer(_crypto, key))
    spool = Spool(folder, 48 * MIB)
    await show_accounts(accounts, password.encode())
    ids = [account.id for account in accounts.everything()]
    await show_maildrops(Maildrops(folder, helper, time.time, spool, 1024 * MIB), helper, ids)
    await show_quarantine(Quarantine(folder, helper, time.time, 64 * MIB), helper)
    print("end")


asyncio.run(main(*sys.argv[1:]))
