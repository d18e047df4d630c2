"""The difference of two sets of values, as lines `- set ...` and `+ set ...`.  Pure."""

from restante.settings import text


def differences(old, new):
    """Lines in the canonical order; a value that changed has both."""
    both = dict(old)
    both.update(new)
    out = []
    for path, kind in text.rows(both):
        if path in old and (path not in new or old[path] != new[path]):
            out.append("- " + text.line(path, kind, old[path]))
        if path in new and (path not in old or old[path] != new[path]):
            out.append("+ " + text.line(path, kind, new[path]))
    return out


def changed(old, new):
    """The paths that differ, as they are typed."""
    return [text.written(p) for p in sorted(set(old) | set(new)) if old.get(p) != new.get(p)]
