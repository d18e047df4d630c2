"""REFERENCE.md, made from the tree.  Pure.  `restante settings reference --write` writes it."""

from restante.settings.tree import (
    ACCOUNT_HELP,
    BRANCHES,
    GROUP_SETTINGS,
    HOSTNAME,
    PROFILES,
    SETTINGS,
)

HEAD = """# Settings

Made from `tree.py` by `restante settings reference --write`; do not edit. *Restart*: the box goes
on with the old value until it restarts; all else counts from the commit on, for new sessions.
"""

FOOT = """
## profile NAME

%s. At most %d. Below a name stands what stands
below `screening`, without a default: what a profile does not set is as `screening` says.

## account "USER @ GROUP" profile

%s: %s.
"""


def page():
    """The page as text."""
    out = [HEAD]
    branch = None
    for setting in SETTINGS:
        first = setting.path.split(" ")[0]
        if first != branch:
            branch = first
            out.append(_heading(first, BRANCHES[first]))
        out.append(_row(setting, setting.path))
    out.append(_heading("group NAME", BRANCHES["group"]))
    out += [_row(setting, setting.path) for setting in GROUP_SETTINGS]
    out.append(
        FOOT
        % (_sentence(BRANCHES["profile"]), PROFILES, _sentence(ACCOUNT_HELP), HOSTNAME.allowed)
    )
    return "".join(out)


def _heading(name, about):
    return (
        "\n## %s\n\n%s.\n\n| path | default | allowed | what | restart |\n|---|---|---|---|---|\n"
        % (name, _sentence(about))
    )


def _row(setting, path):
    default = "none" if setting.default is None else "`%s`" % setting.kind.write(setting.default)
    cells = (
        "`%s`" % path,
        default,
        _cell(setting.kind.allowed),
        _cell(setting.help),
        "yes" if setting.restart else "",
    )
    return "| %s | %s | %s | %s | %s |\n" % cells


def _cell(text):
    return text.replace("|", "\\|").replace("*", "\\*")


def _sentence(text):
    return text[0].upper() + text[1:]
