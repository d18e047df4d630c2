"""Names that several programs must agree on: numbers, folders, sockets.  Pure.

The rights are given by numbers because the box has no user database to look them up in.
"""

from restante.compat import const

GATE_UID = const(100)
SCREEN_UID = const(101)
CONSOLE_UID = const(102)

# Where redirected connections arrive.  Never a port of a service that the box offers.
GATE_PORT = const(11000)

LAN = "lan"
WAN = "wan"

DATA = "/data"
SETTINGS = "/data/settings"
RUN = "/run/restante"
CONTROL_SOCKET = "/run/restante/control.sock"
SCREEN_SOCKET = "/run/restante/screen.sock"
# Only the gate can write in this folder: a file of this name asks the warden to restart the box.
GATE_RUN = "/run/restante/gate"
REBOOT_REQUEST = "/run/restante/gate/reboot"
RESOLV_CONF = "/run/resolv.conf"
