"""Settings as JSON, for programs: {"format": 1, "settings": {PATH: VALUE}}.  Pure.

A number is a number, a list an array of texts, all else a text as `set` takes it.  The keys are in
the canonical order.  What is read must be what could have been set by lines; the text form and
JSON hold the same.
"""

import json

from restante.errors import SettingsError
from restante.settings import text
from restante.settings.kinds import Integer
from restante.settings.tree import find

FORMAT = 1


def write(values):
    """JSON text; MicroPython's own dicts have no order, so the object is written by hand."""
    rows = [
        "    %s: %s" % (json.dumps(path), json.dumps(_plain(kind, values[path])))
        for path, kind in text.rows(values)
    ]
    body = "{\n%s\n  }" % ",\n".join(rows) if rows else "{}"
    return '{\n  "format": %d,\n  "settings": %s\n}\n' % (FORMAT, body)


def _plain(kind, value):
    if isinstance(kind, Integer):
        return value
    written = kind.write(value)
    return written.split(",") if kind.many else written


def read(data):
    """{path: typed value} of octets or a text; SettingsError names the path."""
    try:
        whole = json.loads(data)
    except ValueError as error:
        raise SettingsError(0, "it is no JSON: %s" % error)
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise SettingsError(0, 'it must be {"format": %d, "settings": {...}}' % FORMAT)
    rows = whole.get("settings")
    if not isinstance(rows, dict) or len(whole) != 2:
        raise SettingsError(0, 'it must have "format" and "settings", and nothing else')
    values = {}
    for path in sorted(rows):
        values[path] = _value(path, rows[path])
    wrong = text.together(values)
    if wrong:
        raise SettingsError(0, "'%s': %s" % wrong)
    return values


def _value(path, given):
    setting = find(path)
    if setting is None:
        raise SettingsError(0, "no setting '%s'" % text.shown(path))
    try:
        value = setting.kind.read(_written(setting.kind, given))
        if len(text.line(path, setting.kind, value)) > text.LINE_OCTETS:
            raise ValueError(path)
        return value
    except ValueError:
        raise SettingsError(
            0,
            "'%s' cannot be '%s'; allowed: %s"
            % (path, text.shown(str(given)), setting.kind.allowed),
        )


def _written(kind, given):
    if isinstance(kind, Integer):
        if isinstance(given, bool) or not isinstance(given, int):
            raise ValueError(given)
        return "%d" % given
    if kind.many:
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            raise ValueError(given)
        if any("," in item for item in given):
            raise ValueError(given)
        given = ",".join(given)
    # What a line could not hold is no value either.
    if not isinstance(given, str) or any(not 32 < ord(c) < 127 or c in '#"' for c in given):
        raise ValueError(given)
    return given
