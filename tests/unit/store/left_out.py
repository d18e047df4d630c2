"""What a medium or its driver may leave out: a sync that does nothing, a step that fails.

Rule: a test that takes these away from a run must find losses, or its judge is blind.
"""


def _named(name, test):
    test.__name__ = name  # pytest shows it
    return test


def message_sync(operation, target):
    return operation == "fsync" and target.startswith("spool/")


def folder_sync_for_message(operation, target):
    return operation == "fsync_folder" and target.endswith(".eml")


def root_sync(operation, target):
    return operation == "fsync_folder" and target == " after "


def journal_syncs(room):
    """(of the journal, of one that takes its place, of their folder) below a folder."""
    journal = room + "/journal"
    return (
        _named(
            "journal_sync", lambda operation, target: (operation, target) == ("fsync", journal)
        ),
        _named(
            "new_journal_sync",
            lambda operation, target: operation == "fsync" and target.startswith(journal + ".new"),
        ),
        _named(
            "folder_sync_for_journal",
            lambda operation, target: (
                operation == "fsync_folder" and target == f"{room} after {journal}"
            ),
        ),
    )


class OneFault:
    """Fails one step with an errno; number 0: with a MemoryError."""

    def __init__(self, step, number):
        self.at = step
        self.number = number
        self.failed = ""

    def __call__(self, step, operation, target):
        if step == self.at:
            self.fail(operation, target)

    def fail(self, operation, target):
        self.failed = operation + " " + target
        raise OSError(self.number) if self.number else MemoryError()


class WatchedFault(OneFault):
    """Also notes, before each step from there: name, what the disk holds, what was promised."""

    def __init__(self, disk, story, step, number):
        super().__init__(step, number)
        self.disk = disk
        self.story = story
        self.moments = []

    def __call__(self, step, operation, target):
        if step >= self.at:
            self.note(operation + " " + target)
        super().__call__(step, operation, target)

    def note(self, what):
        name = "%s; failed: %s" % (what, self.failed)
        self.moments.append((name, self.disk.snapshot(), self.story.copy()))
