"""Messages that only the box has, of an account that is in pass-through.

The origin lost them after we had fetched them, or the operator brought them back.

Its rule: they are delivered like released originals, behind the origin's messages; one is deleted
for good only after DELE, QUIT and the origin's +OK to it.
"""


class Kept:
    """One of them; see store.quarantine.Released."""

    def __init__(self, drop, slot):
        self.id = "%s/%d" % (drop.id, slot)
        self.uidl = drop.uidl(slot).decode()
        self.octets = drop.octets(slot)
        self.size = drop.size(slot)
        self.slot = slot
        self._drop = drop

    async def open(self):
        """A read-only descriptor of the wire form; the caller closes it.  StoreError."""
        return await self._drop.open(self.slot)


class KeptMail:
    """All of them, of a maildrop that was opened for this session."""

    def __init__(self, maildrops, drop):
        self._maildrops = maildrops
        self._drop = drop

    def messages(self):
        """[Kept], oldest first."""
        drop = self._drop
        return [Kept(drop, slot) for slot in drop.slots() if drop.is_box_owned(slot)]

    async def delete(self, messages):
        """StoreError."""
        await self._drop.delete([message.slot for message in messages])

    def close(self):
        self._maildrops.release(self._drop)
