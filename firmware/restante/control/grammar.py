"""The commands of the console: words, arguments, help.  Pure: no I/O here.

`parse` turns one line into (command name, arguments) or raises CommandError, which says what is
wrong and what may be typed instead.  It does not know what a command does.
"""

from restante.compat import plain_to
from restante.errors import RestanteError
from restante.limits import CONTROL_LINE_OCTETS

# Octets of a wrong word that an error shows.
SHOWN_OCTETS = 40


class CommandError(RestanteError):
    """A command line is wrong: what, and the next step."""

    transient = False

    def __init__(self, text, hint):
        super().__init__(text)
        self.text = text
        self.hint = hint


# words, arguments, help; None: not shown by `help`.  "?" after an argument: it may be left out; in
# small letters it is that very word.  "..." after the first: one word or several, as one text.
COMMANDS = (
    ("help", (), "this list"),
    ("show status", (), "what the box does, alarms, memory"),
    ("show sessions", (), "open POP3 sessions"),
    ("show log", ("NUMBER?",), "the last records, or so many of them"),
    ("show alarms", (), "what somebody must see"),
    ("monitor log", ("LEVEL?",), "records as they come; any key ends it"),
    ("log after", ("NUMBER", "LEVEL?"), None),
    ("show version", (), "what this firmware is, and its kernel"),
    ("show interfaces", (), "addresses, state and counts of the sides"),
    ("show accounts", (), "who is accelerated, who is not, and why"),
    ("show account", ("NAME...",), "one account, by name or id"),
    ("erase account", ("NAME...", "yes?"), "remove its password and its cached mail"),
    ("account deleted", ("NAME...",), "its deleted mail that is still kept"),
    ("account restore", ("NAME...", "NUMBER"), "deliver a deleted message again"),
    ("show configuration", ("json?",), "the settings in force, as lines of set"),
    ("show configuration history", (), "the last configurations"),
    ("configure", ("force?",), "change settings, in a candidate"),
    ("set", ("PATH...", "VALUE"), "set a value in the candidate; set ? shows the paths"),
    ("delete", ("PATH...",), "back to the default, in the candidate"),
    ("compare", (), "the candidate beside what is in force"),
    ("commit", (), "the candidate is in force and durable"),
    ("commit confirm", ("MINUTES",), "in force; goes back by itself without a further commit"),
    ("rollback", ("NUMBER",), "an earlier configuration becomes the candidate"),
    ("discard", (), "the candidate is as what is in force"),
    ("save", (), "commit does it already"),
    ("exit", (), "leave the candidate; without one: log out"),
    ("logout", (), "end the login"),
    ("show profile", (), "screening profiles, and who has them"),
    ("show signatures", (), "the signature set in use, its age, who signed it"),
    ("signatures install", ("force?",), "install the bundle that has arrived"),
    ("signatures rollback", (), "the previous signature set is used again"),
    ("show firmware", (), "both slots: version, proven, which runs"),
    ("firmware install", ("downgrade?",), "install the firmware that has arrived; then: reboot"),
    ("firmware rollback", (), "the other slot's firmware is started next; then: reboot"),
    ("update have", ("set|keys|box",), "what a bundle must fit, in few words, for programs"),
    ("update begin", ("SHA256", "OCTETS"), "send a bundle: what it will be; from where to go on"),
    ("update data", ("OFFSET", "BASE64", "CRC32"), "a piece of it, at most 3072 octets"),
    ("update end", (), "all of it was sent"),
    ("update poll", (), "ask the server of bundles now"),
    ("update stick", ("firmware?",), "look at the USB stick again; or copy the firmware on it"),
    ("show updates", (), "server and stick: what was found, what is under way"),
    ("show quarantine", (), "held mail, newest first"),
    ("quarantine list", (), "the same"),
    ("quarantine show", ("ID",), "one held message"),
    ("quarantine history", (), "who released and deleted what"),
    ("quarantine release", ("ID", "force?"), "deliver the original at the next session"),
    ("quarantine delete", ("ID",), "remove a held message for good"),
    ("alarm acknowledge", (), "take the alarms down"),
    ("show console users", (), "who may log in here"),
    ("console user add", ("NAME",), "one more who may log in; the password is asked for"),
    ("console user password", ("NAME",), "another password; it is asked for"),
    ("console user delete", ("NAME",), "one fewer"),
    ("self-test", (), "screen test mail, check the store"),
    ("terminal json", ("checked?",), "one line of JSON an answer, for programs"),
    ("terminal speed", ("N",), "another speed of the line, for programs"),
    ("terminal text", (), "back to what a hand types"),
    ("ping", ("HOST?", "COUNT?"), "ICMP echo from the box; without HOST: of the gate itself"),
    ("support bundle", (), "all that support asks for, without secrets, with a SHA-256"),
    ("reboot", ("yes?",), "restart the box"),
    ("factory-reset", ("yes?",), "destroy the key of all stored mail, begin anew"),
    ("health", (), None),
    ("factory reset", ("yes?",), "the same"),
)


# Lines of settings: what follows is the tree's.
SETTING_LINES = ("set", "delete")
# Commands that are told which console session asks.
OF_A_SESSION = (
    "configure",
    "set",
    "delete",
    "compare",
    "commit",
    "commit confirm",
    "rollback",
    "discard",
    "exit",
)
# Commands that are told whose login asks: they are recorded.
OF_A_USER = (
    "erase account",
    "account restore",
    "signatures install",
    "signatures rollback",
    "firmware install",
    "firmware rollback",
    "update begin",
    "update end",
    "update poll",
    "update stick",
    "quarantine release",
    "quarantine delete",
    "console user delete",
    "support bundle",
    "reboot",
    "factory-reset",
    "factory reset",
)
# Characters of a session's name in front of a line, and of the key of its login.
_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_NAME_OCTETS = 32


def session_of(line):
    """(name of the console session, key of its login, rest of the line) of `@NAME:KEY rest`.

    Without them, or with anything else in front, both are "".
    """
    end = line.find(b" ")
    if end < 0 or not line.startswith(b"@"):
        return "", "", line
    name, _, key = "".join([chr(octet) for octet in line[1:end]]).partition(":")
    for part in (name, key):
        if len(part) > _NAME_OCTETS or any(c not in _NAME_CHARACTERS for c in part):
            return "", "", line
    return name, key, line[end + 1 :]


def parse(line):
    """`line`: bytes without the line end.  Gives (words of the command, list of arguments)."""
    if len(line) > CONTROL_LINE_OCTETS:
        raise CommandError("the line is over %d octets" % CONTROL_LINE_OCTETS, "shorten it")
    odd = plain_to(line, 0, len(line))
    if odd < len(line):
        raise CommandError("octet 0x%02x in the command" % line[odd], "use printable ASCII")
    words = bytes(line).decode().split()
    if words == ["?"]:
        words = ["help"]
    best = None
    for command, arguments, _ in COMMANDS:
        start = command.split()
        if words[: len(start)] == start and (best is None or len(start) > len(best[2])):
            best = command, arguments, start
    if best is not None:
        command, arguments, start = best
        if command in SETTING_LINES:  # the tree's own grammar reads them, quotes and all
            return command, [bytes(line).strip()]
        return command, _arguments(command, arguments, words[len(start) :])
    raise CommandError("no command '%s'" % _shown(" ".join(words)), _nearest(words))


def usage(command, arguments):
    out = command
    for name in arguments:
        out += " [%s]" % name[:-1] if name.endswith("?") else " " + name.rstrip(".")
    return out


def help_lines():
    return [
        "%-34s %s" % (usage(command, arguments), text)
        for command, arguments, text in COMMANDS
        if text
    ]


def _arguments(command, arguments, given):
    needed = [name for name in arguments if not name.endswith("?")]
    # An optional argument in small letters is the word itself, such as `force`.
    optional = [name[:-1] for name in arguments if name.endswith("?")]
    if arguments and arguments[0].endswith("..."):
        given = _joined(given, len(needed) - 1, optional)
    extra = given[len(needed) :]
    if len(given) < len(needed) or not _may_follow(extra, optional):
        raise CommandError(
            "'%s' does not go with '%s'" % (_shown(" ".join(given)), command),
            "type: " + usage(command, arguments),
        )
    return given


def _may_follow(extra, optional):
    if len(extra) > len(optional):
        return False
    return all(optional[i] in (extra[i], optional[i].upper()) for i in range(len(extra)))


def _joined(given, more, optional):
    """All words as one argument, but for `more` at the end, and the optional ones behind those."""
    count = len(given)
    if count > len(optional) and given[count - len(optional) :] == optional:
        count -= len(optional)
    count = max(0, count - more)
    return ([" ".join(given[:count])] if count else []) + given[count:]


def _nearest(words):
    """The next words of the commands that begin with the longest start of `words`."""
    for count in range(len(words), -1, -1):
        below = []
        for command, _, text in COMMANDS:
            parts = command.split()
            if text and len(parts) > count and parts[:count] == words[:count]:
                if parts[count] not in below:
                    below.append(parts[count])
        if below:
            start = " ".join(words[:count])
            return "type: " + (start + " " if start else "") + "|".join(below)
    return "type: help"


def _shown(text):
    return text if len(text) <= SHOWN_OCTETS else text[:SHOWN_OCTETS] + "..."
