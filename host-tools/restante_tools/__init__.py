"""Host side of Restante: from sources to a bootable image, and what is done with it.

Each room (a sub-package) brings its verbs in its own `commands` module; see README.md.
"""
