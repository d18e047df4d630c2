"""Which configuration the box starts with.  Pure: reading comes in.

Its rule: never without a policy.  A file that is damaged or wrong, or gone although configurations
were kept, gives the newest sound one of those; without any, the defaults.
"""

from restante.errors import SettingsError
from restante.settings import kept

ENOENT = 2


def newest(read, listed, shown=kept.CURRENT):
    """(values, error or None, kept.Entry or None).

    `read(name)`: octets of a file; `listed(folder)`: its names; both raise OSError.  `error`: why
    it is not the file, whose name for people is `shown`.
    """
    numbers = _numbers(listed)
    try:
        data = read(kept.CURRENT)
        if numbers and kept.is_cut(data):
            raise SettingsError(1, "it is cut off")
        entry, values = kept.opened(data)
        return values, None, entry
    except SettingsError as error:
        why = error
    except OSError as error:
        if error.args[0] == ENOENT and not numbers:
            return {}, None, None
        why = SettingsError(0, "%s cannot be read: %s" % (shown, error))
    for number in numbers:
        try:
            entry, values = kept.opened(read("%s/%d" % (kept.FOLDER, number)))
        except (SettingsError, OSError):
            continue
        return values, why, entry
    return {}, why, None


def _numbers(listed):
    try:
        return kept.numbers(listed(kept.FOLDER))
    except OSError:
        return []
