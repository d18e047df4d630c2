"""Whether the gate does all that it is there for: asked before a new firmware is proven.  Pure."""


class Health:
    """`watch`: screening.Watch; `screens()`: whether any mail is screened; `settings()`: those in
    force; `problems`: what could not be opened at the start, in words.
    """

    def __init__(self, watch, screens, settings, problems):
        self._watch = watch
        self._screens = screens
        self._settings = settings
        self._problems = problems

    def why_not(self):
        """What is wrong, or ""."""
        if self._settings().error:
            return "the settings were refused"
        if self._problems:
            return self._problems[0]
        if self._screens() and not self._watch.passed:
            return "self-test: " + self._watch.text
        return ""
