"""Stands in the place of the gate or the screen process for the warden's tests.  Plain CPython.

    warden_peer.py SOCKET gate|screen restante.programs.NAME

Answers every question as the real one does.  The last word is what the warden looks for in a
command line.
"""

import os
import socket
import struct
import sys

path, role, _ = sys.argv[1:]
kind = socket.SOCK_STREAM if role == "gate" else socket.SOCK_SEQPACKET
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX, kind)
listener.bind(path)
listener.listen(8)
print(f"peer: {role} {os.getpid()}", flush=True)
while True:
    peer, _ = listener.accept()
    with peer:
        try:
            asked = peer.recv(1024)
            if role == "gate" and asked == b"ping\n":
                peer.sendall(b"+OK\r\n.\r\n")
            elif role == "screen" and len(asked) == 68 and asked[:8] == b"RSQ2\x02\0\0\0":
                peer.sendall(b"RSS2" + struct.pack("<QQQIIBIIQB", 0, 1, 0, 0, 0, 0, 0, 0, 0, 0))
            else:
                print("peer: wrong question", asked, flush=True)
        except BrokenPipeError:
            print("peer: the warden did not wait", flush=True)
