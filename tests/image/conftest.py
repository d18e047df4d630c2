"""The ARM image in QEMU between two namespaces: one boot for all modules that ask for `site`.

Needs root. Settings differ from the factory's in one thing only: the waiting lines start later
than the slowest message takes, so that clean messages can be compared octet by octet.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "session"))

from restante_tools.lab import (
    boxconsole,
    certificate,
    corpus,
    demo,
    leaks,
    maildrop,
    planted,
    preflight,
)
from restante_tools.lab.dovecot import Account
from restante_tools.lab.site import ImageSite, Wanted
from restante_tools.places import Places

SETTINGS = ("set delivery keep-alive 60",)
CLEAN_OCTETS = 60_000_000  # through the guest when the long tests run as a sample
PASSWORD = "password-of-the-load"
LOAD_CLIENTS, LOAD_MESSAGES, LOAD_OCTETS = 20, 20, 75_000
BUILD_SECONDS = 3600  # the kernel, on a busy machine


def restante_build(*words):
    """`restante build WORDS`; it waits for a build that is going on in the background."""
    return subprocess.run(
        [sys.executable, "-m", "restante_tools", "build", *words],
        cwd=Places().repository,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
    )


@pytest.fixture(scope="session")
def build():
    return restante_build


@pytest.fixture(scope="session", autouse=True)
def output(watched_sites):
    """The folder of the finished image: nothing here runs before it is made."""
    done = restante_build("image")
    assert done.returncode == 0, done.stderr
    return Places().output("virt")


@pytest.fixture(scope="session", autouse=True)
def watched_sites(figures):
    """Each site that is taken down is searched for each secret of the run (lab/leaks.py).

    Begun before all other fixtures, so that it ends after them: then no test of the run may have
    leaked one.
    """
    made = leaks.WATCH = leaks.Watch()
    made.add("the console's password", boxconsole.PASSWORD)
    made.add("the planted password", planted.PASSWORD)
    made.add_mail("the planted mail", planted.SENTENCE)
    yield made
    leaks.WATCH = None
    figures.append(
        f"sites searched for secrets: {made.octets / 1e6:.0f} MB, {len(made.leaks)} found"
    )
    assert made.leaks == [], "\n".join(str(leak) for leak in made.leaks)


@pytest.fixture(scope="session")
def mails():
    return maildrop.demonstration()


@pytest.fixture(scope="session")
def clean_samples(soak):
    return corpus.clean(None if soak else CLEAN_OCTETS)


@pytest.fixture(scope="session")
def infected_samples():
    return corpus.infected()


@pytest.fixture(scope="session")
def load_accounts():
    return make_load_accounts(LOAD_CLIENTS)


def make_load_accounts(count):
    """Maildrops of 20 messages of 75 KB, no two alike."""
    accounts = []
    for number in range(count):
        generator = random.Random(f"load {number}")
        messages = []
        for message in range(LOAD_MESSAGES):
            head = f"Subject: load {number}/{message}\n\n".encode()
            lines = [generator.randbytes(36).hex().encode() for _ in range(LOAD_OCTETS // 74)]
            messages.append(head + b"\n".join(lines) + b"\n")
        accounts.append(Account(f"load{number}", PASSWORD, messages))
    return accounts


@pytest.fixture(scope="session")
def origin_certificate(tmp_path_factory):
    return certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def site(mails, clean_samples, infected_samples, load_accounts, origin_certificate, figures):
    """The booted box, with all maildrops of this run at the origin."""
    preflight.check(image=True)
    accounts = [
        demo.account(mails),
        Account("clean", PASSWORD, [sample.stored for sample in clean_samples]),
        Account("infected", PASSWORD, [sample.stored for sample in infected_samples]),
        *load_accounts,
    ]
    wanted = Wanted(accounts, origin_certificate, settings=SETTINGS)
    with ImageSite(Places(), wanted) as built:
        built.boot_seconds = built.boot()
        figures.append(f"64 MB: power-on to first banner {built.boot_seconds:.1f} s")
        yield built


@pytest.fixture(scope="session")
def serial_line(site):
    """The box's serial line, which has one user at a time."""
    line = site.box.serial(site.deadline(boxconsole.ANSWER_SECONDS))
    yield line
    line.close()


@pytest.fixture(scope="session")
def ask(site, serial_line):
    """The console of the box, over its serial line."""
    return boxconsole.over_serial(serial_line, lambda: site.deadline(boxconsole.ANSWER_SECONDS))
