"""What the tricks are made with: a mail of ordinary structure, whose pieces can be given."""

import base64

from mailmaking import EICAR, crlf

HARMLESS = b"A harmless file, of the very same length as the one that is not. ok."
assert len(HARMLESS) == len(EICAR)

WORDS = ["meeting", "report", "draft", "budget", "holiday", "invoice", "minutes", "garden"]
WORDS += ["lunch", "photo", "train"]


def lines_of(content, width=76):
    """Base64 in lines with CRLF, the last with its line end too."""
    text = base64.b64encode(content)
    return b"".join(text[i : i + width] + b"\r\n" for i in range(0, len(text), width))


class Writer:
    """Writes mail in one disguise: subject, text, boundary and file name are chosen once."""

    def __init__(self, dice):
        self.boundary = dice.choice(
            [
                b"----=_Part_%d_%d" % (dice.randrange(99), dice.randrange(10**9)),
                b"=_%032x" % dice.getrandbits(128),
                b"Apple-Mail-%d" % dice.randrange(10**6),
            ]
        )
        self.subject = " ".join(dice.sample(WORDS, 2)).encode()
        self.text = crlf("".join(" ".join(dice.sample(WORDS, 6)) + ".\n" for _ in range(4)))
        self.file = dice.choice(WORDS).encode() + b".com"

    def header(self, more=b""):
        return b"From: a@example.org\r\nTo: b@example.org\r\nSubject: %s\r\n%s" % (
            self.subject,
            more,
        )

    def type(self, boundary=None, subtype=b"mixed"):
        """The Content-Type field of the message."""
        boundary = self.boundary if boundary is None else boundary
        return b'Content-Type: multipart/%s; boundary="%s"\r\n' % (subtype, boundary)

    def text_part(self):
        return b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + self.text

    def file_part(self, payload, head=None, body=None):
        """An attachment; `head` are its header lines without the blank one."""
        if head is None:
            head = b"Content-Type: application/octet-stream\r\n" + self.encoding()
            head += self.disposition()
        return head + b"\r\n" + (lines_of(payload) if body is None else body)

    def encoding(self, value=b"base64"):
        return b"Content-Transfer-Encoding: %s\r\n" % value

    def disposition(self, name=None):
        return b'Content-Disposition: attachment; filename="%s"\r\n' % (
            self.file if name is None else name
        )

    def body(self, *parts, boundary=None, eol=b"\r\n"):
        """The parts between their delimiters."""
        mark = b"--" + (self.boundary if boundary is None else boundary)
        return b"".join(mark + eol + part + b"\r\n" for part in parts) + mark + b"--\r\n"

    def mail(self, *parts, type=None, version=b"MIME-Version: 1.0\r\n", body=None):
        """A multipart message of parts."""
        head = self.header(version + (self.type() if type is None else type))
        return head + b"\r\n" + (self.body(*parts) if body is None else body)

    def with_file(self, payload, **changes):
        """The ordinary mail: a text and a file."""
        return self.mail(self.text_part(), self.file_part(payload, **changes))

    def single(self, payload, head=None, body=None):
        """A mail that is nothing but a file."""
        return self.header(b"MIME-Version: 1.0\r\n") + self.file_part(payload, head, body)

    def plain_text(self, body, more=b""):
        """A mail that is nothing but text."""
        return self.header(b"MIME-Version: 1.0\r\n" + more) + b"\r\n" + self.text + body
