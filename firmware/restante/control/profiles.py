"""`show profile`: what each profile sets, and who has it.  Pure."""

from restante.settings.tree import SCREENING, find


def listing(profiles):
    """(ok, text, lines)"""
    views = profiles.views()
    lines = []
    for view in views:
        lines.append("profile " + view.name)
        own = view.own()
        for path in sorted(own):
            lines.append("  %s %s" % (path[len(SCREENING) :], find(path).kind.write(own[path])))
        users = profiles.users(view.name)
        lines += ["  for " + user for user in users] or ["  for nobody"]
    if not views:
        lines.append("all accounts are screened by the settings 'screening ...'")
    return True, "%d profiles" % len(views), lines
