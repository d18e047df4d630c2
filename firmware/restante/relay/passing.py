"""Messages while screening is disabled: RETR and TOP go through as they come.

Its rule: nothing is stored, nothing is judged, and the session says so in its note.
"""

from restante.pop3 import commands as c


class Passing:
    def __init__(self, session):
        self._session = session

    def handlers(self):
        return {c.RETR: self.body, c.TOP: self.body, c.DELE: self.dele}

    async def dele(self):
        session = self._session
        if await session.origin.ask(session.engine.outgoing):
            session.deleted += 1
        await session.answer(session.origin.engine.ok, session.origin.engine.line)

    async def body(self):
        session = self._session
        await session.origin.send(session.engine.outgoing, c.BODY)
        await session.origin.event()
        if not session.origin.engine.ok:
            await session.answer(False, session.origin.engine.line)
            return
        await session.relay_body()
        if session.engine.command == c.RETR:
            session.messages += 1
        session.engine.replied(True)

    def close(self):
        """Nothing is held."""
