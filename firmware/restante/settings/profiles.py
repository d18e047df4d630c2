"""Screening settings of a group or an account: named profiles over the settings of all.  Pure.

    set profile strict action encrypted quarantine     as `screening action encrypted`
    set group office profile strict                    for all accounts of the group
    set account "anna @ office" profile lenient        for one, or for some: "a* @ office"

An account has the profile of the pattern that fits it most closely, else its group's, else none.
What a profile does not set is as `screening` says.  Closest is a pattern without a star, then the
one with most characters.
"""

from restante.settings.patterns import matches
from restante.settings.tree import (
    ACCOUNT,
    PROFILE,
    SCREENING,
    account_path,
    account_patterns,
    group_path,
    profile_path,
    profiles,
)

# Between user and group in an account's name, as `show accounts` has it.
AT = " @ "


class View:
    """Settings as they are for the accounts of one profile."""

    def __init__(self, settings, name):
        self.name = name  # of the profile
        self._settings = settings
        start = len(profile_path(name, ""))
        self._own = {
            SCREENING + path[start:]: value
            for path, value in settings.explicit.items()
            if path.startswith(profile_path(name, ""))
        }

    def get(self, path):
        """As Settings.get()."""
        if path in self._own:
            return self._own[path]
        return self._settings.get(path)

    def own(self):
        """{path: value} of what the profile itself sets, `screening` in front."""
        return dict(self._own)


class Profiles:
    """`settings`: restante.settings.Settings."""

    def __init__(self, settings):
        self._settings = settings
        explicit = settings.explicit
        self._views = {name: View(settings, name) for name in profiles(explicit)}
        self._groups = {}
        for name in settings.groups():
            profile = explicit.get(group_path(name, PROFILE))
            if profile:
                self._groups[name] = profile
        patterns = sorted(account_patterns(explicit), key=_closeness)
        self._accounts = [
            (pattern.rpartition("@"), explicit[account_path(pattern)]) for pattern in patterns
        ]

    def of(self, account, group=""):
        """The settings for an account by its name, "user @ group" or "user @ address:port".

        `group`: for an account whose name is not known, "".
        """
        name = self.name_of(account, group)
        return self._views[name] if name else self._settings

    def name_of(self, account, group=""):
        """The profile's name, or ""."""
        user, _, place = account.rpartition(AT)
        for (pattern, _, at), profile in self._accounts:
            if place and place == at and matches(tuple(pattern.split("*")), user):
                return profile
        return self._groups.get(place or group, "")

    def views(self):
        """[View], by name."""
        return [self._views[name] for name in sorted(self._views)]

    def users(self, profile):
        """Texts: which groups and accounts have it."""
        out = ["group " + name for name in sorted(self._groups) if self._groups[name] == profile]
        for (user, _, at), name in self._accounts:
            if name == profile:
                out.append("%s %s%s%s" % (ACCOUNT, user, AT, at))
        return out

    def modes(self):
        """The values of `screening mode` that any account may have."""
        views = [self._settings] + self.views()
        return [view.get(SCREENING + "mode") for view in views]

    @property
    def screens(self):
        """Whether any account is screened."""
        return any(mode != "disabled" for mode in self.modes())


def _closeness(pattern):
    return "*" in pattern, -len(pattern), pattern
