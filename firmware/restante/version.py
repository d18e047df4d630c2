"""The version of this firmware, as `show status` and the greeting of the console name it."""

VERSION = "0.1.0"
# 2026-01-01, seconds since 1970: this firmware was made later, so a clock before it was never set.
MADE = 1767225600
# What its screening engine understands, for bundles that need more: raised with each new sort of
# table or rule that an older engine would misread.
ENGINE_LEVEL = 1
