"""Patterns with wildcards: `*` any text, `?` one character, case of ASCII letters ignored.  Pure.

The same as rst_glob (native/engine/rules.c).
"""


def fits(pattern, text):
    """Both are octets, UTF-8.  At most len(pattern) * len(text) steps."""
    pattern = pattern.lower()  # of bytes: ASCII only, on both Pythons
    text = text.lower()
    p = i = 0
    star = -1
    tried = 0
    while i < len(text):
        wanted = pattern[p] if p < len(pattern) else -1
        if wanted == 42:  # *
            p += 1
            star = p
            tried = i
        elif wanted == 63:  # ?
            p += 1
            i = _behind(text, i)
        elif wanted == text[i]:
            p += 1
            i += 1
        elif star >= 0:
            p = star
            tried += 1
            i = tried
        else:
            return False
    while p < len(pattern) and pattern[p] == 42:
        p += 1
    return p == len(pattern)


def _behind(text, i):
    i += 1
    while i < len(text) and text[i] & 0xC0 == 0x80:
        i += 1
    return i
