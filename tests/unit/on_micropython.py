"""Runs the test functions of plain test files on MicroPython: no pytest there.

Arguments: test files.  Prints one line per failure; the exit code is 1 if there was any.
"""

import sys


def run(path):
    folder, _, name = path.rpartition("/")
    sys.path.insert(0, folder)
    module = __import__(name[:-3])
    failed = 0
    count = 0
    for test in sorted(dir(module)):
        if test.startswith("test_"):
            count += 1
            try:
                getattr(module, test)()
            except Exception as error:  # noqa: BLE001 - a failing test may raise anything
                failed += 1
                print("FAILED %s %s" % (name, test))
                sys.print_exception(error)
    print("%s: %d run, %d failed" % (name, count, failed))
    return failed if count else 1


if sum([run(path) for path in sys.argv[1:]]):
    sys.exit(1)
