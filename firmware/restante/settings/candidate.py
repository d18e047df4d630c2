"""The candidate: a set of values that somebody changes line by line.  Pure.

Its rule: each line is checked by itself when it comes; what must fit together is checked by
`check`, because lines that come one after the other cannot fit together all the time.
"""

from restante.errors import SettingsError
from restante.settings import text

# Values that are set at most; a file of FILE_OCTETS holds fewer.
VALUES = 4000


class Candidate:
    def __init__(self, values):
        self.values = dict(values)

    def set(self, line):
        """`line`: octets of `set PATH VALUE`.  Gives the path; SettingsError."""
        path, value = text.one(line)
        if path not in self.values and len(self.values) >= VALUES:
            raise SettingsError(
                0, "that is one value more than %d, the most there can be" % VALUES
            )
        self.values[path] = value
        return path

    def delete(self, line):
        """`line`: octets of `delete PATH`, or of the first words of some.  Gives how many went."""
        words = text.words_of(line)[1:]
        if not words:
            raise SettingsError(0, "a line is: delete PATH")
        path = " ".join(words)
        gone = [p for p in self.values if p == path or p.startswith(path + " ")]
        if not gone:
            raise SettingsError(0, "'%s' is not set here; nothing to delete" % text.shown(path))
        for each in gone:
            del self.values[each]
        return len(gone)

    def check(self):
        """SettingsError if the values do not fit together; it names the line and what is wrong."""
        wrong = text.together(self.values)
        if wrong:
            path, why = wrong
            raise SettingsError(0, "'%s': %s" % (text.written(path), why))
        if len(text.write(self.values)) > text.FILE_OCTETS - text.HEAD_OCTETS:
            raise SettingsError(0, "all settings take over %d octets" % text.FILE_OCTETS)
