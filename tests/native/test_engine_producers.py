"""Mail of ordinary programs is clean: CPython's email, MIME::Lite, MIME-tools, and templates in
the manner of mutt, Outlook, Apple Mail, Thunderbird, mailing lists and bounces. All of it under a
large set of signatures."""

import base64
import email.message
import email.policy
import random
import shutil
import subprocess
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest
from mailmaking import crlf, verdict, wire
from samples import cpython_samples

EACH = 160  # messages of each producer

# CPython's own test messages that are broken on purpose: what the engine says, and why.
BROKEN = {
    "msg_15.txt": ("ambiguous", "a multipart with the boundary of the one around it"),
    "msg_19.txt": ("ambiguous", "the text of a digest, without any header"),
    "msg_25.txt": ("ambiguous", "multipart whose boundary was cut off"),
    "msg_31.txt": ("ambiguous", "delimiters that are not those of the boundary given"),
    "msg_35.txt": ("ambiguous", "a header line that is no field"),
    "msg_36.txt": ("external", "message/external-body"),
    "msg_38.txt": ("ambiguous", "delimiters of outer and unknown multiparts within a text"),
    "msg_39.txt": ("ambiguous", "a multipart with the boundary of the one around it"),
    "msg_40.txt": ("ambiguous", "text/html with a boundary, and its delimiters in the text"),
    "msg_41.txt": ("ambiguous", "multipart without a boundary"),
    "msg_47.txt": ("ambiguous", "parts whose text follows the header without an empty line"),
}


def words(dice, letters="abcdefghij üöä ß — 漢字 €"):
    return "".join(dice.choice(letters) for _ in range(dice.randrange(20, 400)))


def with_cpython(dice, number):
    """EmailMessage under one of the policies, or the old classes."""
    policies = (
        email.policy.default,
        email.policy.SMTP,
        email.policy.compat32,
        email.policy.SMTPUTF8,
    )
    policy = policies[number % 4]
    if policy is email.policy.compat32:
        message = MIMEMultipart("alternative")
        message.attach(MIMEText(words(dice), "plain", "utf-8"))
        message.attach(
            MIMEText(f"<p>{words(dice)}</p>", "html", "iso-8859-1" if number % 8 else "utf-8")
            if number % 8 == 0
            else MIMEText("<p>x</p>", "html")
        )
        message["Subject"] = words(dice)[:60]
        return message.as_bytes()
    message = email.message.EmailMessage(policy)
    message["From"], message["To"] = "a@example.org", "b@example.org"
    message["Subject"] = words(dice)[:90]
    cte = dice.choice(["quoted-printable", "base64", "8bit"])
    message.set_content(words(dice) + "\n.\nFrom here\n" + words(dice), cte=cte)
    if number % 3:
        message.add_alternative(f"<p>{words(dice)}</p>", subtype="html")
    for _ in range(dice.randrange(4)):
        name = dice.choice(["a.bin", "grüße vom Meer.pdf", "漢字" * 30 + ".doc", "x (1).txt"])
        message.add_attachment(
            dice.randbytes(dice.randrange(3000)),
            maintype="application",
            subtype="octet-stream",
            filename=name,
        )
    if number % 5 == 0:
        inner = email.message.EmailMessage(policy)
        inner["Subject"] = "inner"
        inner.set_content("Forwarded.\n")
        message.add_attachment(inner)
    return message.as_bytes()


HEAD = "From: a@example.org\nTo: b@example.org\nSubject: x\nDate: Mon, 3 Feb 2025 08:00:00 +0000\n"

TEMPLATES = {
    "mutt": HEAD + 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{b}"\n'
    "Content-Disposition: inline\nUser-Agent: Mutt/2.2.9 (2022-11-12)\n\n\n--{b}\n"
    "Content-Type: text/plain; charset=us-ascii\nContent-Disposition: inline\n\n{t}\n\n--{b}\n"
    'Content-Type: application/pdf\nContent-Disposition: attachment; filename="a.pdf"\n'
    "Content-Transfer-Encoding: base64\n\n{f}\n--{b}--\n",
    "outlook": HEAD + 'Content-Type: multipart/mixed;\n\tboundary="{b}"\nMIME-Version: 1.0\n'
    "X-Mailer: Microsoft Outlook 16.0\nContent-Language: en-us\n\n"
    "This is a multipart message in MIME format.\n\n--{b}\nContent-Type: multipart/alternative;\n"
    '\tboundary="{b}_1"\n\n\n--{b}_1\nContent-Type: text/plain;\n\tcharset="utf-8"\n'
    "Content-Transfer-Encoding: quoted-printable\n\n{q}\n\n--{b}_1\nContent-Type: text/html;\n"
    '\tcharset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n<p>{q}</p>=20\n\n'
    '--{b}_1--\n\n--{b}\nContent-Type: application/octet-stream;\n\tname="x.bin"\n'
    'Content-Transfer-Encoding: base64\nContent-Disposition: attachment;\n\tfilename="x.bin"\n\n'
    "{f}\n--{b}--\n\n",
    "apple": HEAD + 'Content-Type: multipart/alternative;\n boundary="Apple-Mail-1"\n'
    "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3731.400.51.1.1\\))\n\n\n--Apple-Mail-1\n"
    "Content-Transfer-Encoding: 7bit\nContent-Type: text/plain;\n\tcharset=us-ascii\n\n{t}\n"
    '--Apple-Mail-1\nContent-Type: multipart/mixed;\n\tboundary="Apple-Mail-12"\n\n\n'
    "--Apple-Mail-12\nContent-Type: text/html;\n\tcharset=us-ascii\n\n<p>{t}</p>\n"
    "--Apple-Mail-12\nContent-Disposition: inline;\n\tfilename*=utf-8''gr%C3%BCn.bin\n"
    'Content-Type: application/x-a;\n\tx-unix-mode=0644;\n\tname="=?utf-8?Q?gr=C3=BCn=2Ebin?="\n'
    "Content-Transfer-Encoding: base64\n\n{f}\n--Apple-Mail-12--\n\n--Apple-Mail-1--\n",
    "thunderbird": HEAD + 'Content-Type: multipart/mixed; boundary="------------{b}"\n'
    "MIME-Version: 1.0\n\nThis is a multi-part message in MIME format.\n--------------{b}\n"
    "Content-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit\n\n"
    '{t}\n--------------{b}\nContent-Type: application/zip; name="x.dat"\n'
    'Content-Disposition: attachment; filename*0="a very long name that is cut in";\n'
    ' filename*1=" two.dat"\nContent-Transfer-Encoding: base64\n\n{f}\n--------------{b}--\n',
    "list": HEAD + "List-Id: <l.example.org>\nContent-Type: multipart/digest; boundary={b}\n\n"
    "Digest of today\n--{b}\n\nSubject: one\nContent-Type: text/plain\n\n{t}\n--{b}\n\n"
    "Subject: two\n\n{t}\n--{b}--\n\nEnd of digest\n",
    "footer": HEAD + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n"
    "\n{f}\n\n_______________________________________________\nlist mailing list\n",
    "bounce": HEAD
    + 'Content-Type: multipart/report; report-type=delivery-status; boundary="{b}"\n'
    "MIME-Version: 1.0\n\nThis is a MIME-encapsulated message.\n\n--{b}\n"
    "Content-Description: Notification\n\n{t}\n\n--{b}\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; h.example\n\nFinal-Recipient: rfc822; b@example.org\nAction: failed\n\n"
    "--{b}\nContent-Type: text/rfc822-headers\n\nSubject: x\nContent-Type: multipart/mixed;\n"
    ' boundary="other"\nMIME-Version: 1.0\n\n--{b}--\n',
    "bounce, whole": HEAD + 'Content-Type: multipart/report; boundary="{b}"\n\n--{b}\n\n{t}\n'
    "--{b}\nContent-Type: message/rfc822\n\nReceived: from x\nSubject: y\n"
    'Content-Type: multipart/mixed; boundary="{b}_2"\n\n--{b}_2\n\n{t}\n--{b}_2\n'
    "Content-Transfer-Encoding: base64\nContent-Type: image/png\n\n{f}\n--{b}_2--\n\n--{b}--\n",
    "receipt": HEAD + "Content-Type: multipart/report; report-type=disposition-notification;\n"
    ' boundary="{b}"\n\n--{b}\n\n{t}\n--{b}\nContent-Type: message/disposition-notification\n\n'
    "Reporting-UA: x; y\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--{b}--\n",
    "signed": HEAD + 'Content-Type: multipart/signed; micalg=pgp-sha256; boundary="{b}";\n'
    ' protocol="application/pgp-signature"\n\nThis is an OpenPGP/MIME signed message\n--{b}\n'
    "Content-Type: text/plain\n\n{t}\n--{b}\n"
    "Content-Type: application/pgp-signature; name=a.asc\n\n"
    "-----BEGIN PGP SIGNATURE-----\n\n{f}\n-----END PGP SIGNATURE-----\n\n--{b}--\n",
    "clear signed": HEAD + "\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{t}\n- --x\n"
    "-----BEGIN PGP SIGNATURE-----\n\n{f}\n-----END PGP SIGNATURE-----\n",
    "web form": HEAD + 'Content-Type: text/html; charset="utf-8"; boundary="{b}"\n\n<p>{t}</p>\n',
    "cron": HEAD + "Content-Type: text/plain; charset=UTF-8\nX-Cron-Env: <SHELL=/bin/sh>\n\n{t}\n",
    "plain": "Return-Path: <a@example.org>\nReceived: by x\n\tid 1; Mon\n" + HEAD + "\n{t}\n",
    "mailbox line": "From a@example.org Mon Feb  3 08:00:00 2025\n" + HEAD + "\n{t}\n>From b\n",
    "calendar": HEAD
    + 'Content-Type: multipart/alternative; boundary="{b}"\n\n--{b}\n\n{t}\n--{b}\n'
    "Content-Type: text/calendar; charset=utf-8; method=REQUEST; name=i.ics\n\nBEGIN:VCALENDAR\n"
    "BEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n--{b}--\n",
    "prose": HEAD + "\nbegin with the end\nBEGIN 100 things\nbegin  now\nAND GO ON\n{t}\nend\n",
    "source": HEAD
    + "\n=head1 NAME\n\n=yes\n(This file is text)\n--\n----\n-- \n\x0c\nbegin\n  x;\nend\n",
}


def with_template(dice, number):
    names = list(TEMPLATES)
    text = "".join(words(dice, "abcdefgh .,=-\n") for _ in range(3))
    quoted = "=C3=A4 and =\n" + words(dice, "abcdef ").strip()
    content = base64.encodebytes(dice.randbytes(dice.randrange(1, 2000))).decode().strip()
    boundary = "=_%08x.%d" % (dice.getrandbits(32), number)
    template = TEMPLATES[names[number % len(names)]]
    octets = template.format(b=boundary, t=text, q=quoted, f=content).encode()
    return octets


@pytest.mark.parametrize("producer", [with_cpython, with_template])
def test_mail_of_python_and_of_templates_is_clean(screen_large, producer, soak, figures):
    made = []
    for number in range(EACH * (10 if soak else 2)):
        made.append(crlf(producer(random.Random(f"{producer.__name__} {number}"), number)))
    reports = screen_large([wire(octets) for octets in made])
    figures.append("mails of %s: %d" % (producer.__name__, len(made)))
    held = [
        (number, report["findings"])
        for number, report in enumerate(reports)
        if verdict(report) != "clean"
    ]
    assert held == []


def test_mail_of_perl_is_clean(screen_large, tmp_path, soak, figures):
    perl = shutil.which("perl")
    script = Path(__file__).with_name("producers.pl")
    count = EACH * (10 if soak else 2)
    assert perl is not None
    subprocess.run([perl, str(script), str(tmp_path), str(count)], check=True)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2 * count
    reports = screen_large([wire(crlf(file.read_bytes())) for file in files])
    figures.append("mails of MIME::Lite and MIME-tools: %d" % len(files))
    pairs = zip(files, reports, strict=True)
    held = [(f.name, r["findings"]) for f, r in pairs if verdict(r) != "clean"]
    assert held == []


def test_sample_messages_of_cpython(screen_large):
    files = cpython_samples()
    assert files
    reports = screen_large([wire(crlf(file.read_bytes())) for file in files])
    said = {f.name: (verdict(r), r["findings"]) for f, r in zip(files, reports, strict=True)}
    wrong = {
        name: found for name, found in said.items() if found[0] != BROKEN.get(name, ("clean",))[0]
    }
    assert wrong == {}
