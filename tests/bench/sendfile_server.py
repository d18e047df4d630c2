"""The least that a POP3 server could do: the same octets by sendfile(2), nothing looked at.

Run as `python sendfile_server.py PORT FILE...`, a file for each message in wire form. It believes
every name and knows the commands of `rates.py` only; a thread for each connection.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

MORE = socket.MSG_MORE  # what follows goes into the same segment


class Message:
    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDONLY)
        self.octets = os.fstat(self.descriptor).st_size

    def send(self, line: socket.socket) -> None:
        line.sendall(b"+OK\r\n", MORE)
        sent = 0
        while sent < self.octets:
            sent += os.sendfile(line.fileno(), self.descriptor, sent, self.octets - sent)
        line.sendall(b".\r\n")


def serve(line: socket.socket, messages: list[Message]) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with line, line.makefile("rb") as commands:
        line.sendall(b"+OK\r\n")
        for command in commands:
            words = command.split()
            if words[0] == b"RETR":
                messages[int(words[1]) - 1].send(line)
            else:
                line.sendall(b"+OK\r\n")
            if words[0] == b"QUIT":
                return


def main() -> None:
    messages = [Message(path) for path in sys.argv[2:]]
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
    while True:
        line, _ = listener.accept()
        threading.Thread(target=serve, args=(line, messages), daemon=True).start()


if __name__ == "__main__":
    main()
