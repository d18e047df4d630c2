"""What tests of accelerated accounts have in common: first logins, and signs of what happened."""

from talk import Talk

WELCOME = b"+OK"


def mail(n, octets=0):
    """Message number n, with dots to stuff; `octets` more of body."""
    text = b"Subject: message %d\r\n\r\nhello %d\r\n.dot\r\n" % (n, n)
    return text + (b"x" * 70 + b"\r\n") * (octets // 72)


def mails(count):
    return [mail(n) for n in range(1, count + 1)]


def greeted(box):
    talk = Talk(box.port)
    assert talk.line().startswith(b"+OK")
    return talk


def offer(talk, password=b"secret", user=b"fred"):
    """The answer to PASS."""
    assert talk.ask(b"USER " + user).startswith(b"+OK")
    return talk.ask(b"PASS " + password)


def session(box, password=b"secret", user=b"fred"):
    """A session that is logged in."""
    talk = greeted(box)
    line = offer(talk, password, user)
    assert line.startswith(b"+OK"), line
    return talk


def leave(talk):
    assert talk.ask(b"QUIT").startswith(b"+OK")
    assert talk.ended()
    talk.sock.close()


def learn(box, password=b"secret", count=None):
    """The first login teaches; returns when the account is served, and its mail is stored."""
    leave(session(box, password))
    box.until(lambda: "collect.ready" in box.log(), "the first complete listing")
    box.until(lambda: "collect.poll" in box.log(), "the end of the first poll")


def states(box):
    """The states of open sessions, as the console shows them."""
    return "\n".join(box.console("show sessions")[1])


def uidls(talk):
    line, body = talk.fetch(b"UIDL")
    assert line.startswith(b"+OK"), line
    return [row.split()[1] for row in body.split(b"\r\n")[:-1]]


def sizes(talk):
    line, body = talk.fetch(b"LIST")
    assert line.startswith(b"+OK"), line
    return [int(row.split()[1]) for row in body.split(b"\r\n")[:-1]]
