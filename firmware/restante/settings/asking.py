"""What may follow the words of a settings line, with a line of help each: `?` and Tab.  Pure.

All of it comes from the tree.  It does not know who asks.
"""

from restante.settings.tree import (
    ACCOUNT,
    ACCOUNT_HELP,
    BRANCHES,
    GROUP,
    GROUP_SETTINGS,
    HOSTNAME,
    PROFILE,
    SCREENING,
    SETTINGS,
    Setting,
    account_patterns,
    find,
    groups,
    is_account,
    is_group_name,
    profiles,
)

NAME = "NAME"
USER = '"USER @ GROUP"'
VALUE = "VALUE"
# Words that stand for something else: they are shown and never completed.
PLACEHOLDERS = (NAME, USER, VALUE)
# Values that are worth a line each; a longer list of words is in the line of VALUE.
CHOICES = 12


def help(words, explicit=()):
    """[(word, help)] of what may follow `set` and these words; [] when nothing may.

    `explicit`: the paths that are set; the names of groups, profiles and accounts are in them.
    """
    out = []
    for pattern, setting in _patterns():
        if len(pattern) < len(words) or not _fits(pattern, words):
            continue
        if len(pattern) == len(words):
            return _values(setting, explicit)
        for row in _next(pattern, setting, len(words), explicit):
            if row not in out:
                out.append(row)
    return out


def complete(words, partial, explicit=()):
    """The words that begin with `partial` and may follow."""
    return [
        word
        for word, _ in help(words, explicit)
        if word not in PLACEHOLDERS and word.startswith(partial)
    ]


def below(words, explicit):
    """[(word, help)] as help(), of what is set: for `delete`."""
    start = "".join(word + " " for word in words)
    taken = {path[len(start) :].split(" ")[0] for path in explicit if path.startswith(start)}
    return [row for row in help(words, explicit) if row[0] in taken]


def _patterns():
    """(words of a path with placeholders, Setting), in the order of the tree."""
    for setting in SETTINGS:
        yield setting.path.split(" "), setting
    for setting in GROUP_SETTINGS:
        yield [GROUP, NAME, setting.path], setting
    for setting in SETTINGS:
        if setting.path.startswith(SCREENING):
            own = Setting(setting.path, setting.kind, None, setting.help)
            yield [PROFILE, NAME] + setting.path[len(SCREENING) :].split(" "), own
    yield [ACCOUNT, USER, PROFILE], find("account a@a profile")


def _fits(pattern, words):
    for i in range(len(words)):
        if pattern[i] == NAME:
            if not is_group_name(words[i]):
                return False
        elif pattern[i] == USER:
            if not is_account(words[i]):
                return False
        elif pattern[i] != words[i]:
            return False
    return True


def _next(pattern, setting, at, explicit):
    word = pattern[at]
    about = BRANCHES[pattern[0]]
    if word == NAME:
        names = groups(explicit) if pattern[0] == GROUP else profiles(explicit)
        return [(name, about) for name in names] + [(NAME, "a new one: " + HOSTNAME.allowed)]
    if word == USER:
        set_already = [_quoted(account) for account in account_patterns(explicit)]
        return [(name, about) for name in set_already] + [(USER, ACCOUNT_HELP)]
    if at == len(pattern) - 1:
        return [(word, setting.help)]
    path = pattern[: at + 1]
    if pattern[0] == PROFILE and at > 1:
        path = [SCREENING.strip()] + path[2:]
    return [(word, BRANCHES[" ".join(path)])]


def _quoted(account):
    user, _, place = account.rpartition("@")
    return '"%s @ %s"' % (user, place)


def _values(setting, explicit):
    words = getattr(setting.kind, "words", ())
    if setting.kind is HOSTNAME:  # the name of a profile, not of the box
        words = profiles(explicit)
    out = [(word, _of_word(setting, word)) for word in words[:CHOICES]]
    return out + [(VALUE, about(setting))]


def _of_word(setting, word):
    return "the default" if word == setting.default else ""


def about(setting):
    """Range, default and what a change of it needs, in one line."""
    text = setting.kind.allowed
    if setting.default is not None:
        text += "; default " + setting.kind.write(setting.default)
    return text + "; needs a restart" if setting.restart else text
