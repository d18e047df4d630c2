"""A small syslog receiver: UDP, and TCP with octet counting; what it does not understand fails.

It may be stopped, stop reading, and come back on the same port.
"""

import re
import socket
import threading

SECONDS = 60.0
MESSAGE = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<time>-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?P<host>[!-~]{1,255}) "
    rb"restante gate (?P<id>[!-~]{1,32}) - (?P<text>[ -~]+)"
)


class SyslogServer:
    def __init__(self, kind, port=0, reads=True, address="127.0.0.1"):
        """`kind`: "udp" or "tcp"; `reads` False: takes connections and never reads."""
        self.kind = kind
        self.messages = []  # (priority, event, text)
        self.wrong = []
        self.connections = 0
        self._reads = reads
        self._ends = False
        self._open = []
        self._news = threading.Condition()
        stream = kind == "tcp"
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not reads:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._socket.bind((address, port))
        self.port = self._socket.getsockname()[1]
        if stream:
            self._socket.listen(4)
        self._socket.settimeout(0.05)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._ends:
            try:
                if self.kind == "udp":
                    self._message(self._socket.recv(65536))
                else:
                    self._connection(self._socket.accept()[0])
            except TimeoutError:
                continue

    def _connection(self, peer):
        self.connections += 1
        self._open.append(peer)
        if not self._reads:
            return
        peer.settimeout(0.05)
        data = b""
        while not self._ends:
            try:
                piece = peer.recv(65536)
            except TimeoutError:
                continue
            if not piece:
                break
            data = self._frames(data + piece)
        if data:
            self.wrong.append(data)

    def _frames(self, data):
        """RFC 6587 section 3.4.1; gives what is not whole yet."""
        while data:
            head = re.match(rb"([1-9]\d{0,4}) ", data)
            if not head:
                if len(data) > 6 or b" " in data:
                    self.wrong.append(data)
                    return b""
                return data
            end = head.end() + int(head[1])
            if len(data) < end:
                return data
            self._message(data[head.end() : end])
            data = data[end:]
        return data

    def _message(self, data):
        found = MESSAGE.fullmatch(data)
        if found is None:
            self.wrong.append(data)
        else:
            row = int(found["pri"]), found["id"].decode(), found["text"].decode()
            with self._news:
                self.messages.append(row)
                self._news.notify_all()

    def having(self, text):
        return [row for row in self.messages if text in row[2]]

    def until(self, text, count=1):
        """Waits until so many messages have this text; gives them."""
        with self._news:
            there = self._news.wait_for(lambda: len(self.having(text)) >= count, SECONDS)
        assert there, (text, self.messages[-5:], self.wrong)
        return self.having(text)

    def stop(self):
        self._ends = True
        self._thread.join()
        for peer in self._open:
            peer.close()
        self._socket.close()
