"""File names that mean harm to whoever uses them, before and after decoding."""

import base64

KIND = "39 names"

NAMES = [
    b"../../x",
    b"..\\..\\x",
    b"/etc/passwd",
    b"C:\\a.exe",
    b"a\0b.exe",
    b"a.txt\0.exe",
    "a\u202egpj.exe".encode(),
    b"CON",
    b"nul.txt",
    b"LPT1.",
    b"aux",
    b"a.exe.",
    b"a.exe...",
    b"a.exe   ",
    b"a.txt.exe",
    b"a.pdf" + b" " * 100 + b".exe",
    b"a\r\n b.exe",
    b"a\rb.exe",
    b"$(reboot)",
    b"`x`",
    b"a;rm -rf",
    b"|x",
    b"a'b",
    b"*?<>",
    b"%00%0a%2e%2e",
    b"%s%n%x",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\x1b[2J",
    b"a" * 10240,
    b"a." * 2000,
    b".",
    b"..",
    b"",
    b"{3AEA21DE-0000-0000-C000-000000000046}",
    b"a.exe::$DATA",
    b"a\tb",
    b"\x7f",
    "ａ.ｅｘｅ".encode(),
]


def cases(w, dice):
    plain = w.with_file
    kind = b"Content-Type: application/octet-stream"
    for name in NAMES:
        forms = {
            "as it is": name,
            "as a word, B": b"=?utf-8?b?" + base64.b64encode(name) + b"?=",
            "as a word, Q": b"=?utf-8?q?" + b"".join(b"=%02X" % c for c in name) + b"?=",
        }
        label = repr(name[:24])
        for form, value in forms.items():
            quoted = value.replace(b'"', b"")
            head = kind + b"\r\n" + w.encoding() + w.disposition(quoted)
            yield f"{label} {form}", _headed(w, head), plain
        percent = b"".join(b"%%%02x" % c for c in name)
        field = b"Content-Disposition: attachment; filename*=utf-8''" + percent + b"\r\n"
        yield f"{label} in percent", _headed(w, kind + b"\r\n" + w.encoding() + field), plain


def _headed(w, head):
    return lambda payload: w.with_file(payload, head=head)
