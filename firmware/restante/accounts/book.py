"""What the accounts' journal tells, record by record.  Pure.

The same `apply` serves reading the journal at start and each new record afterwards, so that both
can never differ.  It does not know files, nor how a password is sealed.
"""

import binascii

from restante.accounts import names, state
from restante.accounts.state import Account
from restante.compat import const
from restante.store.entries import NewerVersion, bounded

VERSION = const(1)


class Book:
    """`accounts`: {id: Account}."""

    def __init__(self, groups):
        self.accounts = {}
        self._groups = groups

    def apply(self, record):
        """ValueError if the record makes no sense here; NewerVersion."""
        operation = record.get("op")
        if operation == "begin":
            if _get(record, "version", int) > VERSION:
                raise NewerVersion()
        elif operation == "learned":
            self._learned(record)
        elif operation == "erased":
            # In a rewritten journal the account is gone already.
            self.accounts.pop(_get(record, "id", str), None)
        elif operation == "became":
            number = _get(record, "state", int)
            if not 0 < number < len(state.STATE_NAMES):
                raise ValueError("unknown state %d" % number)
            self._account(record).enter(number, _get(record, "why", str))
        elif operation == "confirmed":
            self._account(record).confirmed_at = _get(record, "time", int)
        else:
            raise ValueError("unknown operation %r" % operation)

    def _learned(self, record):
        name = _get(record, "group", str)
        user = names.octets(_get(record, "user", str))
        how = _get(record, "how", int)
        if not 0 < how < len(state.HOW_NAMES):
            raise ValueError("unknown way to log in %d" % how)
        place = (_get(record, "address", str), _get(record, "port", int))
        sealed = binascii.a2b_base64(_get(record, "sealed", str))
        account = self.accounts.get(names.account_id(name, user))
        if account is None:
            account = Account(name, self._groups.named(name), user)
            self.accounts[account.id] = account
        account.sealed = sealed
        account.place = place
        account.how = how
        account.learned_at = _get(record, "time", int)
        account.confirmed_at = _get(record, "confirmed", int)
        if account.group is not None:
            account.group.remember(*place)

    def _account(self, record):
        account = self.accounts.get(_get(record, "id", str))
        if account is None:
            raise ValueError("%s of an unknown account" % record["op"])
        return account

    def count(self):
        """Records of the shortest journal."""
        return 1 + 2 * len(self.accounts)

    def records(self):
        """The shortest journal that gives this state."""
        yield {"op": "begin", "version": VERSION}
        for account in self.accounts.values():
            yield learned_record(account)
            yield became_record(account, account.state, account.why)


def _get(record, key, kind):
    value = record.get(key)
    if not isinstance(value, kind) or (kind is int and value < 0):
        raise ValueError("%s has no valid %s" % (record.get("op"), key))
    return value


def learned_record(account):
    """`sealed` is written as it is: what opens it is not on the data partition."""
    return {
        "op": "learned",
        "group": account.group_name,
        "user": names.name(account.user),
        "address": account.place[0],
        "port": account.place[1],
        "how": account.how,
        "sealed": binascii.b2a_base64(account.sealed).decode().strip(),
        "time": account.learned_at,
        "confirmed": account.confirmed_at,
    }


def became_record(account, number, why):
    return {"op": "became", "id": account.id, "state": number, "why": bounded(why)}


def confirmed_record(account, time):
    """`time` 0: the origin refused the password."""
    return {"op": "confirmed", "id": account.id, "time": time}


def erased_record(account, time, who):
    return {"op": "erased", "id": account.id, "time": time, "who": who}
