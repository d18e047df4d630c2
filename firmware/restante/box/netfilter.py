"""Sends a batch of nf_tables messages to the kernel and waits for its answer.  Input and output.

What the messages say is ruleset.py's.
"""

import socket

from restante.box import netlink

AF_NETLINK = 16
SOCK_RAW = 3
NETLINK_NETFILTER = 12
# The kernel answers within the call that sends; a wait means that something is badly wrong.
ANSWER_SECONDS = 5
# The kernel returns at most the failing message, each below 1 KiB.
ANSWER_OCTETS = 8192


def apply(batch):
    """`batch`: (bytes, last number) of Batch.finish().  OSError: nothing was changed."""
    data, last = batch
    s = socket.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)
    try:
        s.settimeout(ANSWER_SECONDS)
        s.send(data)
        done = False
        while not done:
            for number, error in netlink.errors(s.recv(ANSWER_OCTETS)):
                if error:
                    raise OSError(error, "nf_tables refused message %d" % number)
                done = done or number == last
    finally:
        s.close()
