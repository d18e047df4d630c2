"""Settings on the developer's machine: the firmware's own tree, text form and JSON."""
