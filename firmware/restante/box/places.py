"""Names that several programs must agree on: numbers, folders, sockets.  Pure.

The rights are given by numbers because the box has no user database to look them up in.
"""

from restante.compat import const

GATE_UID = const(100)
SCREEN_UID = const(101)
CONSOLE_UID = const(102)
STICK_UID = const(103)

# Where redirected connections arrive.  Never a port of a service that the box offers.
GATE_PORT = const(11000)

LAN = "lan"
WAN = "wan"

# Defaults of the programs' --data and --run.
DATA = "/data"
RUN = "/run/restante"
# What the image brings, read only: the factory's signature set, the first key set.
IMAGE = "/usr/share/restante"
# Below it: certificates of public CAs (native/tls/roots.h).
ROOTS = "roots"
# What bundles are made for (update/manifest.py).
HARDWARE = "virt"
CHANNEL = "stable"

# GPT partitions of the board.
DATA_PARTITION = "data"
KEY_PARTITION = "keys"

# Below the data folder.
SETTINGS = "settings"
ALARMS = "alarms"
CLOCK = "clock"
# Signature sets.  Only the gate writes there: `new` is what is tried, and becomes `current`.
SIGNATURES = "signatures"
CURRENT_SET = "signatures/current"
PREVIOUS_SET = "signatures/previous"
# Bundles that arrive, and what is remembered of those that were installed.
UPDATES = "updates"

# Below the run folder.
CONTROL_SOCKET = "control.sock"
SCREEN_SOCKET = "screen.sock"
SLOTS_SOCKET = "slots.sock"
STICK_SOCKET = "stick.sock"
# What the packet filter holds, as the warden says it.
FILTER_STATE = "filter"
# The slot that the boot record asked for when the kernel started.
SLOT_ASKED = "slot-asked"
# Only the gate can write in its folder: this file asks the warden to restart the box.
GATE_FOLDER = "gate"
REBOOT_REQUEST = "gate/reboot"
# And this one to destroy the key of the data partition first.
RESET_REQUEST = "gate/factory-reset"
# 32 octets that `unlock` writes at each start, for root only: the gate reads it while it is root.
DEVICE_KEY = "device-key"

# The time service makes this file when the clock is right, and removes it when it may not be.
SYNCHRONISED = "synchronised"

# What the packet filter holds, as the warden put it there last: for people, not for programs.
FILTER = "filter-rules"

RESOLV_CONF = "/run/resolv.conf"
# What the shell's services read: host names, a line each; how the office gets addresses.
TIME_SERVERS = "/run/time-servers"
LEASES = "/run/udhcpd.conf"
