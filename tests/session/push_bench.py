"""A box that installs bundles, on a line that is as fast as both of its ends say."""

from field import Field
from paced_line import PacedLine
from test_installing import bundle


class Bench(Field):
    """A box that installs, and the publisher's bundles."""

    def _joined(self, **line):
        return PacedLine(self.console.master, self.console.name, **line)

    def bundle(self, name, *words, **parts):
        path = self.folder / name
        path.write_bytes(bundle(*words, **parts))
        return str(path)

    def push(self, *words, **options):
        return self.tool("signatures", "push", *words, **options)
