"""Generated mail through the box: every clean message identical, every infected one caught."""

from restante_tools.lab import clients, judge

PASSWORD = "password-of-the-load"
SECONDS = 1800.0  # for the whole corpus of 240 MB on a slow machine


def fetched(place, user, folder=None):
    """The report of one session that reads everything."""
    plan = clients.plan(user, PASSWORD, keep=str(folder) if folder else None)
    (report,) = clients.fetch(place, [plan], SECONDS)
    assert "error" not in report
    return report


def test_clean_messages_are_identical(site, clean_samples, figures):
    direct, through = fetched(site.internet, "clean"), fetched(site.office, "clean")
    assert len(through["messages"]) == len(direct["messages"]) == len(clean_samples)
    wrong = [
        (sample.name, there.get("error", there))
        for sample, here, there in zip(
            clean_samples, direct["messages"], through["messages"], strict=True
        )
        if here["sha256"] != there.get("sha256")
    ]
    assert wrong == []
    octets = sum(row["octets"] for row in through["messages"])
    figures.append(
        f"clean: {len(clean_samples)} messages, {octets / 1e6:.0f} MB, all identical, "
        f"{octets / 1e6 / through['seconds']:.1f} MB/s through the box"
    )


def test_infected_messages_are_caught(site, infected_samples, figures, tmp_path):
    direct, through = tmp_path / "direct", tmp_path / "through"
    for folder in (direct, through):
        folder.mkdir()
    fetched(site.internet, "infected", direct)
    fetched(site.office, "infected", through)
    assert judge.faults_of_replacements(infected_samples, direct, through) == []
    figures.append(f"infected: {len(infected_samples)} variants, all caught")
