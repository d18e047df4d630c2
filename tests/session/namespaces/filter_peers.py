"""Small TCP peers for the packet filter's tests: one process serves, one asks.  Plain CPython.

filter_peers.py serve WORD PORT...      greets: WORD, the peer's address, the MSS
filter_peers.py ask ADDRESS PORT        prints the greeting, or why there was none
filter_peers.py hold ADDRESS PORT       keeps a connection; each line typed is sent, the answer
                                        or why there was none is printed
filter_peers.py ping ADDRESS            an ICMP echo: prints "answer" or "silence"
"""

import selectors
import socket
import sys

SILENCE_SECONDS = 1  # what a filter that drops looks like; a refusal comes at once


def serve(word, ports):
    selector = selectors.DefaultSelector()
    for port in ports:
        listener = socket.create_server(("0.0.0.0", port))
        selector.register(listener, selectors.EVENT_READ, greet)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            key.data(selector, key.fileobj, word)


def greet(selector, listener, word):
    connection, (address, _) = listener.accept()
    mss = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    connection.sendall(f"{word} {address} {mss}\n".encode())
    selector.register(connection, selectors.EVENT_READ, echo)


def echo(selector, connection, _):
    try:
        data = connection.recv(1024)
        connection.sendall(data)
    except ConnectionResetError:
        data = b""  # as some of the tests want it
    if not data:
        selector.unregister(connection)
        connection.close()


def connect(address, port):
    return socket.create_connection((address, port), SILENCE_SECONDS)


def line_of(connection):
    data = connection.recv(1024)
    return data.decode().strip() if data else "closed"


def why(error):
    return "silence" if isinstance(error, TimeoutError) else type(error).__name__


def ask(address, port):
    try:
        with connect(address, port) as connection:
            print(line_of(connection))
    except OSError as error:
        print(why(error))


def hold(address, port):
    with connect(address, port) as connection:
        print(line_of(connection), flush=True)
        for line in sys.stdin:
            try:
                connection.sendall(line.encode())
                print(line_of(connection), flush=True)
            except OSError as error:
                print(why(error), flush=True)


# Type 8 (echo request), code 0, checksum of these very octets, identifier and number 0.
ECHO_REQUEST = bytes((8, 0, 0xF7, 0xFF, 0, 0, 0, 0))


def ping(address):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp:
        icmp.settimeout(SILENCE_SECONDS)
        icmp.sendto(ECHO_REQUEST, (address, 0))
        try:
            while icmp.recv(1024)[20] != 0:  # type 0 is the answer; an IPv4 header of 20 octets
                pass
            print("answer")
        except TimeoutError:
            print("silence")


if __name__ == "__main__":
    verb, first, *rest = sys.argv[1:]
    numbers = [int(word) for word in rest]
    if verb == "serve":
        serve(first, numbers)
    elif verb == "ask":
        ask(first, *numbers)
    elif verb == "ping":
        ping(first)
    else:
        hold(first, *numbers)
