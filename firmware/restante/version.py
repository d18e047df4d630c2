"""The version of this firmware, as `show status` and the greeting of the console name it."""

VERSION = "0.1.0"
