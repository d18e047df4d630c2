"""The options of a program's command line: `--name VALUE` pairs over defaults.  Pure."""


def parse(words, defaults):
    """{option: value}; ValueError for an unknown option or a missing value."""
    options = dict(defaults)
    words = list(words)
    while words:
        name = words.pop(0)
        if name not in options or not words:
            raise ValueError("%s: not an option, or without its value" % name)
        options[name] = words.pop(0)
    return options
