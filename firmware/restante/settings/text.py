"""The text form of settings: one `set PATH VALUE` a line, `#` begins a comment.  Pure.

`read` gives the values that the text sets, or raises SettingsError for the first line that is
wrong: a text with an error is refused as a whole, but for lines of another firmware (kept.py).
`write` gives the canonical text.
"""

from restante.errors import SettingsError
from restante.settings.kinds import HOSTNAME
from restante.settings.tree import (
    ACCOUNT,
    GROUP,
    GROUP_SETTINGS,
    PROFILE,
    SCREENING,
    SETTINGS,
    check,
    defaults,
    find,
    is_group_name,
)

# The whole tree set by hand is under 3 KiB, a group with a list of users 4 KiB.
FILE_OCTETS = 65536
# A list of a hundred users (kinds.USERS) has 40 octets for each.
LINE_OCTETS = 4096
# The line in front of a file that the box wrote (kept.py).
HEAD_OCTETS = 256
# Octets of a wrong word that an error shows.
SHOWN_OCTETS = 40
# Words of the longest path: below `profile NAME` they have one more than below `screening`.
PATH_WORDS = 1 + max(len(setting.path.split()) for setting in SETTINGS)


def read(data, passed=None):
    """`data`: bytes of the file.  Gives {path: typed value} of what it sets.

    `passed`: a list that takes what lines which this firmware does not know set, instead of an
    error.
    """
    if len(data) > FILE_OCTETS:
        raise SettingsError(0, "the file is over %d octets" % FILE_OCTETS)
    values = {}
    lines = {"": 0}  # where each path was set; the file as a whole is line 0
    for n, line in enumerate(bytes(data).split(b"\n"), 1):
        words = _words(n, line)
        if not words:
            continue
        try:
            setting, value = _set(n, words)
        except SettingsError:
            if passed is None:
                raise
            passed.append(" ".join(words[:-1]))  # a value may be a secret
            continue
        if setting.path in lines:
            raise SettingsError(
                n, "'%s' is set twice, first in line %d" % (setting.path, lines[setting.path])
            )
        values[setting.path] = value
        lines[setting.path] = n
    _check(values, lines)
    return values


def write(values):
    """Canonical text of {path: typed value}: the tree, then groups, profiles, accounts by name."""
    return "".join([line(path, kind, values[path]) + "\n" for path, kind in rows(values)])


def rows(values):
    """(path, kind) of each value, in the canonical order."""
    # By a sort of what is set: going through all that could be set takes seconds on the box.
    for _, path in sorted([(_place(path), path) for path in values]):
        yield path, find(path).kind


_ORDER = {SETTINGS[i].path: i for i in range(len(SETTINGS))}
_GROUP_ORDER = {GROUP_SETTINGS[i].path: i for i in range(len(GROUP_SETTINGS))}


def _place(path):
    """Where a path stands: the tree, then groups, profiles and accounts, by name."""
    words = path.split(" ")
    if words[0] == GROUP:
        return 1, words[1], _GROUP_ORDER[words[2]]
    if words[0] == PROFILE:
        return 2, words[1], _ORDER[SCREENING + " ".join(words[2:])]
    if words[0] == ACCOUNT:
        return 3, words[1], 0
    return 0, "", _ORDER[path]


def line(path, kind, value):
    """The line that sets it, without a line end."""
    return "set %s %s" % (written(path), kind.write(value))


def written(path):
    """The path as it is typed: an account's name has blanks, so it stands in quotes."""
    words = path.split(" ")
    if words[0] != ACCOUNT:
        return path
    user, _, place = words[1].rpartition("@")
    return '%s "%s @ %s" %s' % (ACCOUNT, user, place, PROFILE)


def one(data):
    """(path, typed value) of one line `set PATH VALUE`; SettingsError of line 0."""
    setting, value = _set(0, words_of(data))
    return setting.path, value


def words_of(data):
    """Words of one line in octets; what stands in quotes is one.  SettingsError of line 0."""
    return _words(0, data)


def _words(n, line):
    if len(line) > LINE_OCTETS:
        raise SettingsError(n, "the line is over %d octets" % LINE_OCTETS)
    if line.endswith(b"\r"):
        line = line[:-1]
    hash_at = line.find(b"#")
    if hash_at >= 0:
        line = line[:hash_at]
    for octet in line:
        if octet != 9 and not 32 <= octet < 127:
            raise SettingsError(n, "octet 0x%02x; printable ASCII is allowed" % octet)
    return _split(n, line.decode())


def _split(n, line):
    """The words; what stands in quotes is one, without the blanks in it."""
    pieces = line.split('"')
    if len(pieces) == 1:
        return line.split()
    if len(pieces) != 3 or pieces[0][-1:] not in " \t" or pieces[2][:1] not in " \t":
        raise SettingsError(n, 'quotes are for one name: set account "USER @ GROUP" profile NAME')
    return pieces[0].split() + ["".join(pieces[1].split())] + pieces[2].split()


def _set(n, words):
    if words[0] != "set":
        raise SettingsError(n, "'%s'; a line is: set PATH VALUE" % shown(words[0]))
    for count in range(PATH_WORDS, 0, -1):
        setting = find(" ".join(words[1 : 1 + count]))
        if setting is not None:
            break
    else:
        raise SettingsError(n, _unknown(words[1:]))
    rest = words[1 + count :]
    try:
        if len(rest) != 1:
            raise ValueError(rest)
        return setting, setting.kind.read(rest[0])
    except ValueError:
        raise SettingsError(
            n,
            "'%s' cannot be '%s'; allowed: %s"
            % (setting.path, shown(" ".join(rest)), setting.kind.allowed),
        )


def _unknown(words):
    """Names the settings that begin alike: the longest prefix of the words that any has."""
    if words[:1] == [GROUP]:
        return _unknown_of_group(words)
    if words[:1] == [PROFILE]:
        return _unknown_of_profile(words)
    if words[:1] == [ACCOUNT]:
        return _after(words, ACCOUNT, '"USER @ GROUP" profile NAME; * stands for anything')
    for count in range(len(words), -1, -1):
        start = "".join(word + " " for word in words[:count])
        below = []
        for setting in SETTINGS:
            if setting.path.startswith(start):
                word = setting.path[len(start) :].split()[0]
                if word not in below:
                    below.append(word)
        if below:
            break
    if not start:
        below += [GROUP, PROFILE, ACCOUNT]
    return _after(words, start, " ".join(below))


def _unknown_of_group(words):
    if len(words) < 2 or not is_group_name(words[1]):
        return _after(words, GROUP, "NAME (%s)" % HOSTNAME.allowed)
    below = " ".join(setting.path for setting in GROUP_SETTINGS)
    return _after(words, GROUP + " " + words[1], below)


def _unknown_of_profile(words):
    if len(words) < 2 or not is_group_name(words[1]):
        return _after(words, PROFILE, "NAME (%s)" % HOSTNAME.allowed)
    below = []
    for setting in SETTINGS:
        if setting.path.startswith(SCREENING):
            word = setting.path[len(SCREENING) :].split()[0]
            if word not in below:
                below.append(word)
    return _after(words, PROFILE + " " + words[1], " ".join(below))


def _after(words, start, below):
    return "no setting '%s'; after '%s' allowed: %s" % (
        shown(" ".join(words)),
        shown("set " + start.strip()).strip(),
        below,
    )


def together(values):
    """What does not fit together: (path, text), or None."""
    whole = defaults()
    whole.update(values)
    return check(whole)


def _check(values, lines):
    wrong = together(values)
    if wrong:
        path, text = wrong
        # The named path may be at its default; then the error belongs to the last line set.
        n = lines.get(path) or max(lines.values())
        raise SettingsError(n, "'%s': %s" % (path, text))


def shown(text):
    return text if len(text) <= SHOWN_OCTETS else text[:SHOWN_OCTETS] + "..."
