"""The engine on the lab's mail: what is clean is clean, what is bad is found, to the octet."""

import email
import email.policy
import random

import pytest
from mailmaking import PART, verdict, wire
from restante_tools.lab.corpus import clean, infected

SAMPLE_OCTETS = 20_000_000
NOTICE = b"Content-Type: text/plain; charset=utf-8\r\n\r\nSomething was removed.\r\n"


def in_wire(octets, offset):
    """Where an octet of the message lies when it is dot-stuffed."""
    return len(wire(octets[:offset] + b"x")) - 1


@pytest.fixture(scope="module")
def variants():
    return infected()


@pytest.fixture(scope="module")
def reports(screen, variants):
    return screen([wire(variant.octets) for variant in variants])


def test_each_infected_variant_is_found_once_at_its_place(variants, reports):
    for variant, report in zip(variants, reports, strict=True):
        assert verdict(report) == "infected", variant.name
        assert report["found"] == 1, variant.name
        (finding,) = report["findings"]
        assert finding["edit"] == PART, variant.name
        start, end = (in_wire(variant.octets, offset) for offset in variant.bad)
        assert (finding["start"], finding["end"]) == (start, end), variant.name
        assert variant.signature.lower() in finding["signature"].lower()


@pytest.mark.parametrize("feed", [1, 7, 4095, 16385])
def test_feeds_make_no_difference(screen, variants, reports, feed):
    fed = screen([wire(variant.octets) for variant in variants], "--feed", str(feed))
    assert [dict(report, seconds=0) for report in fed] == [
        dict(report, seconds=0) for report in reports
    ]


@pytest.mark.parametrize("block", [1, 2, 3, 61, 4096])
def test_block_boundaries_make_no_difference(screen, variants, reports, block):
    blocks = screen([wire(variant.octets) for variant in variants], "--block", str(block))
    assert [dict(report, seconds=0) for report in blocks] == [
        dict(report, seconds=0) for report in reports
    ]


def parts_of(octets):
    """All leaves as (type, name, content), as CPython reads them."""
    message = email.message_from_bytes(octets, policy=email.policy.compat32)
    return [
        (part.get_content_type(), part.get_filename(), part.get_payload(decode=True))
        for part in message.walk()
        if not part.is_multipart()
    ]


def test_replacing_the_range_leaves_the_other_parts_as_they_are(variants, reports):
    for variant, report in zip(variants, reports, strict=True):
        (finding,) = report["findings"]
        octets = wire(variant.octets)
        cleaned = octets[: finding["start"]] + NOTICE + octets[finding["end"] :]
        before, after = parts_of(variant.octets), parts_of(cleaned)
        assert len(before) == len(after), variant.name
        changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
        assert len(changed) == 1, variant.name
        assert changed[0][1][2].strip() == b"Something was removed.", variant.name


def test_cleaned_messages_are_clean(screen, variants, reports):
    cleaned = []
    for variant, report in zip(variants, reports, strict=True):
        (finding,) = report["findings"]
        octets = wire(variant.octets)
        cleaned.append(octets[: finding["start"]] + NOTICE + octets[finding["end"] :])
    assert [verdict(report) for report in screen(cleaned)] == ["clean"] * len(cleaned)


def test_clean_mail_is_clean(screen_large, soak, figures):
    samples = clean(None if soak else SAMPLE_OCTETS)
    assert len(samples) > 50
    figures.append("mails of the lab: %d" % len(samples))
    for sample in samples:
        (report,) = screen_large([wire(sample.octets)])
        assert verdict(report) == "clean", (sample.number, report["findings"])


def test_random_cuts_of_clean_mail(screen, soak):
    dice = random.Random(20)
    samples = [wire(sample.octets) for sample in clean(2_000_000)]
    whole = screen(samples, fast=True)
    for _ in range(20 if soak else 3):
        size = str(dice.randrange(1, 5000))
        other = screen(samples, "--block", size, "--feed", size, fast=True)
        assert [dict(report, seconds=0) for report in other] == [
            dict(report, seconds=0) for report in whole
        ], size
