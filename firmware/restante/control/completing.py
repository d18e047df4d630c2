"""`?` and Tab: what may follow a half-typed line.  Pure.

Commands come from the grammar, what follows `set` and `delete` from the tree of settings.
"""

from restante.control import grammar
from restante.errors import SettingsError
from restante.settings import asking, text


def following(line, names):
    """[(word, help)] that may stand where the line ends; a half-typed word chooses among them.

    `line`: octets; `names`: paths whose names of groups, profiles and accounts are known.
    """
    try:
        words = text.words_of(line)
    except SettingsError:
        return []  # an open quote, or what cannot be typed
    partial = ""
    if words and line[-1:] not in b" \t":
        partial = words.pop()
    return [
        (word, help)
        for word, help in _rows(words, names)
        if word.startswith(partial) or (partial and word in asking.PLACEHOLDERS)
    ]


def _rows(words, names):
    if words[:1] == ["set"]:
        return asking.help(words[1:], names)
    if words[:1] == ["delete"]:
        return asking.below(words[1:], names)
    out = []
    for command, arguments, help in grammar.COMMANDS:
        parts = command.split()
        if not help or parts[: len(words)] != words:
            out += _arguments(parts, arguments, words) if help else []
        elif len(parts) > len(words):
            last = len(parts) == len(words) + 1
            row = (parts[len(words)], help if last else "...")
            if row[0] not in [word for word, _ in out]:
                out.append(row)
        else:
            out += _arguments(parts, arguments, words)
    return out


def _arguments(parts, arguments, words):
    """The next argument of a command that is typed already."""
    at = len(words) - len(parts)
    if words[: len(parts)] != parts or not 0 <= at < len(arguments):
        return []
    name = arguments[at]
    return [(name[:-1], "may be left out")] if name.endswith("?") else [(name.rstrip("."), "")]
