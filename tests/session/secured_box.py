"""A box that fetches bundles by HTTPS; its list of public CAs is a test's."""

from polling import PollingBox


class SecuredBox(PollingBox):
    """`roots`: octets of the image's list of CAs; it reads them at each look."""

    def __init__(self, roots, *rest):
        self._roots = roots
        super().__init__(*rest)

    def _child(self, name, *options):
        if name == "gate":
            image = self.folder / "image"
            image.mkdir(exist_ok=True)
            self.set_roots(self._roots)
        return super()._child(name, *options)

    def set_roots(self, roots):
        (self.folder / "image/roots").write_bytes(roots)

    def clock_is_set(self, right=True):
        """As the time service says it."""
        mark = self.run / "synchronised"
        mark.touch() if right else mark.unlink(missing_ok=True)
