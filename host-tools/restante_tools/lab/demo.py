"""The demonstration: a real client in the office fetches a real maildrop through the box.

Rule: nothing is printed and nothing guessed here. What the box screened is what the box says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from restante_tools.errors import VERIFICATION_FAILED, ToolError
from restante_tools.lab import boxconsole, clients
from restante_tools.lab.boxconsole import Ask, Held, Status
from restante_tools.lab.dovecot import Account
from restante_tools.lab.judge import Judgement, judge
from restante_tools.lab.maildrop import Mail
from restante_tools.lab.namespaces import Namespace
from restante_tools.lab.site import Site

USER, PASSWORD = "anna@example.net", "correct horse"


@dataclass(frozen=True)
class Fetched:
    """One way of reading the maildrop: what each client delivered, and the octets as they came."""

    mpop: list[bytes]
    fetchmail: list[bytes]
    sessions: list[dict[str, Any]]  # reports of fetch.py, one row per message

    def uidls(self) -> list[str]:
        return [str(row["uidl"]) for row in self.sessions]


@dataclass(frozen=True)
class Row:
    """One message of the table."""

    title: str
    verdict: str
    judgement: Judgement
    seconds_direct: float
    seconds_through: float


@dataclass(frozen=True)
class Outcome:
    """All that the demonstration found."""

    rows: list[Row]
    status: Status
    same_uidls: bool
    clients_agree: bool

    def right(self) -> bool:
        rows = all(row.judgement.right for row in self.rows)
        return rows and self.same_uidls and self.clients_agree


def account(mails: list[Mail]) -> Account:
    """The demonstration's maildrop."""
    return Account(USER, PASSWORD, [mail.stored for mail in mails])


def read_maildrop(site: Site, place: Namespace, name: str) -> Fetched:
    """Fetch everything from one place with all three clients."""
    folder = site.folder(name)
    return Fetched(
        clients.mpop(place, USER, PASSWORD, folder),
        clients.fetchmail(place, USER, PASSWORD, folder),
        one_by_one(place, name),
    )


def one_by_one(place: Namespace, name: str) -> list[dict[str, Any]]:
    (report,) = clients.fetch(place, [clients.plan(USER, PASSWORD)])
    failed = [row["error"] for row in report["messages"] if "error" in row]
    if "error" in report or failed:
        raise ToolError(
            f"fetching {name} failed: {report.get('error') or failed[0]}",
            "the server or the box refused",
            "read the logs of the run",
            VERIFICATION_FAILED,
        )
    messages: list[dict[str, Any]] = report["messages"]
    return messages


def compare(mails: list[Mail], direct: Fetched, through: Fetched, ask: Ask) -> Outcome:
    """What became of each message on its way through the box."""
    status = boxconsole.status(ask)
    entries = boxconsole.quarantine(ask, USER) if status.screened else []
    held = {entry.uidl: entry for entry in entries}
    complete = len(mails) == len(direct.mpop) == len(through.mpop) == len(through.sessions)
    if not complete:
        raise ToolError(
            f"{len(through.mpop)} messages through the box, {len(direct.mpop)} directly, "
            f"{len(mails)} in the maildrop",
            "the listing was changed on its way",
            "read the logs of the run",
            VERIFICATION_FAILED,
        )
    rows = [
        row(mail, direct, through, index, status.screened, held)
        for index, mail in enumerate(mails)
    ]
    return Outcome(
        rows,
        status,
        direct.uidls() == through.uidls(),
        agree(mails, direct, through, status.screened),
    )


def row(
    mail: Mail,
    direct: Fetched,
    through: Fetched,
    index: int,
    screened: bool,
    held: dict[str, Held],
) -> Row:
    """Judge one message by what mpop delivered, and time it by the octet-keeping client."""
    one, other = direct.sessions[index], through.sessions[index]
    judgement = judge(mail, direct.mpop[index], through.mpop[index], screened)
    if judgement.received == "identical" and one["sha256"] != other["sha256"]:
        judgement = Judgement("identical to mpop, but other octets on the wire", False)
    verdict = verdict_of(held.get(str(other["uidl"])), screened)
    if mail.infected and screened and not verdict.startswith("infected"):
        judgement = Judgement(judgement.received + "; its original is not in quarantine", False)
    return Row(mail.title, verdict, judgement, float(one["seconds"]), float(other["seconds"]))


def verdict_of(entry: Held | None, screened: bool) -> str:
    if not screened:
        return "not screened"
    if entry is None:
        return "clean"
    return f"{entry.verdict}: {entry.signature}" if entry.signature else entry.verdict


def agree(mails: list[Mail], direct: Fetched, through: Fetched, screened: bool) -> bool:
    """Whether fetchmail got the right thing too, message by message."""
    triples = zip(mails, direct.fetchmail, through.fetchmail, strict=True)
    return all(judge(mail, one, other, screened).right for mail, one, other in triples)
