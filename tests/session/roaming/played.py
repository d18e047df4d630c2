"""Which sequences were played in this run: test -> (their seeds, how many went wrong)."""

PLAYED = {}
