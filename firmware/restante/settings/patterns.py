"""Patterns with stars, for user names.  Pure.

`read` makes of "a*b" the tuple of what stands around its stars; `matches` compares exactly.  Works
on octets and on text alike.
"""


def matches(pattern, user):
    """`pattern`: what stands around each star; `user`: compared as it is."""
    first = pattern[0]
    last = pattern[-1]
    if len(pattern) == 1:
        return user == first
    if len(user) < len(first) + len(last):
        return False
    if not user.startswith(first) or not user.endswith(last):
        return False
    at = len(first)
    end = len(user) - len(last)
    for piece in pattern[1:-1]:
        found = user.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
