"""Messages for session tests, as an origin stores them (LF), and what is bad about them."""

import base64
from email.message import EmailMessage

# In two pieces, so that no scanner stops at this file.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def plain(subject, text="hello\n.dot\n..two\n"):
    mail = EmailMessage()
    mail["From"] = "sender@example.net"
    mail["To"] = "fred@example.com"
    mail["Subject"] = subject
    mail.set_content(text)
    return mail


def clean(subject="clean", text="hello\n.dot\n..two\n"):
    return bytes(plain(subject, text))


def infected(subject="infected"):
    mail = plain(subject)
    mail.add_attachment(EICAR, maintype="application", subtype="octet-stream", filename="x.com")
    return bytes(mail)


def raw_infected(subject="raw"):
    """No MIME: only the whole message can be replaced."""
    return b"Subject: " + subject.encode() + b"\n\n" + EICAR + b"\n"


def big(octets, subject="big"):
    """An attachment that screening takes a while for."""
    mail = plain(subject)
    data = b"".join(n.to_bytes(4, "big") for n in range(octets // 4))
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename="big.bin")
    return bytes(mail)


def wire(message):
    """The message as RETR sends it, without the final line."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return (b"\n" + lines).replace(b"\n.", b"\n..")[1:]


def shows(octets):
    """True if the virus can be got out of these octets without effort."""
    body = b"".join(octets.split())
    return EICAR in octets or base64.b64encode(EICAR)[:40] in body
