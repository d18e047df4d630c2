"""The tunnel after STLS: octets both ways, unread and not screened, until both sides have ended.

Its rule: nothing is stripped, nothing is looked at.  A side that ends is told to the other one
(half close); silence on both for the idle time, or an error of one, ends the tunnel.
"""

import asyncio

from restante.errors import RestanteError

TUNNEL_OCTETS = 8192
_WHAT = "anything in the tunnel"


async def _pump(source, sink, idle_ms):
    """Octets from one leg to the other until the source ends."""
    buffer = memoryview(bytearray(TUNNEL_OCTETS))
    try:
        while True:
            n = await source.read(buffer)
            if not n:
                sink.end()
                return
            source.renew()
            sink.renew()
            await sink.write(buffer, 0, n)
    except RestanteError:
        # One side is gone: nothing can be said in here, so the other one is told by the close.
        source.shutdown()
        sink.shutdown()


async def run(client, origin, idle_ms):
    """Both ways; returns when both are done."""
    client.each_within(idle_ms, _WHAT)
    origin.each_within(idle_ms, _WHAT)
    back = asyncio.create_task(_pump(origin, client, idle_ms))
    try:
        await _pump(client, origin, idle_ms)
        await back
    except asyncio.CancelledError:
        back.cancel()
        raise
