"""Runs on the box's own interpreter: the real gate, and one who hands it signature sets.

A shipped gate takes a set only from a signed bundle; this is the tests' way, and no part of it.
`signatures/offered` in the data folder is taken as a set; one line of the log says what became of
it.  Options: the gate's.
"""

import asyncio

from restante.errors import SetRefused
from restante.programs import gate
from restante.update.sets import NEW_SET

OFFERED = "signatures/offered"
LOOK_MS = 20

serve = gate.serve


async def take_sets(services):
    folder = services.spool.folder
    calls = folder.off_loop(services.helper)
    while True:
        await asyncio.sleep_ms(LOOK_MS)
        try:
            await calls.rename(OFFERED, NEW_SET)
        except OSError:
            continue  # there is none
        try:
            print("updating: used", await services.signatures.use())
        except SetRefused as error:
            print("updating: refused", error)


async def serve_and_take(services, *rest):
    task = asyncio.create_task(take_sets(services))
    await serve(services, *rest)
    task.cancel()


gate.serve = serve_and_take
gate.main()
