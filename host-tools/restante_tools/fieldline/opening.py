"""How verbs name a line: options, the environment, and opening what they name."""

from __future__ import annotations

import click

from restante_tools.errors import USAGE, ToolError
from restante_tools.fieldline import ports

PORT = "RESTANTE_PORT"

port_option = click.option(
    "--port",
    envvar=PORT,
    help=f"Device, socket://, rfc2217:// or unix:PATH; or in the environment as {PORT}.",
)
baud_option = click.option(
    "--baud", default=ports.BAUD, show_default=True, type=click.IntRange(300), help="Its speed."
)


def opened(port: str | None, baud: int) -> ports.Port:
    """The line, or what is wrong with it."""
    if not port:
        raise ToolError(
            "no port was named",
            "",
            f"--port /dev/ttyUSB0, or export {PORT}=/dev/ttyUSB0",
            USAGE,
        )
    return ports.open_port(port, baud)
