"""Records of writes: read as QEMU writes them, and put together up to a request."""

import pytest
from restante_tools.errors import ToolError
from restante_tools.lab import writelog
from restante_tools.lab.gpt import SECTOR


def padded(octets):
    return octets + bytes(-len(octets) % SECTOR)


@pytest.fixture
def record(tmp_path):
    """A write, a flush, a discard, a flush, and a write that no flush covers."""
    rows = [
        (8, 2, 0, b"a" * 1024),
        (0, 0, writelog.FLUSH, b""),
        (8, 1, writelog.DISCARD, b""),
        (0, 0, writelog.FLUSH, b""),
        (9, 1, 0, b"b" * 512),
    ]
    content = padded(writelog.SUPER.pack(writelog.MAGIC, 1, 4, SECTOR))
    for sector, sectors, flags, data in rows:
        content += padded(writelog.HEADER.pack(sector, sectors, flags, len(data))) + data
    path = tmp_path / "writes"
    path.write_bytes(content)
    return path


def test_requests_are_those_up_to_the_last_flush(record):
    found = list(writelog.requests(record))
    assert [request.number for request in found] == [1, 2, 3, 4]
    assert (found[0].offset, found[0].data) == (8 * SECTOR, b"a" * 1024)
    assert (found[2].offset, found[2].data) == (8 * SECTOR, bytes(512))
    assert writelog.flushes(record) == [2, 4]


def test_an_empty_record_has_nothing_and_another_file_is_refused(record, tmp_path):
    (tmp_path / "new").touch()
    assert writelog.complete(tmp_path / "new") == 0
    record.write_bytes(bytes(1024))
    with pytest.raises(ToolError, match="no record"):
        writelog.complete(record)
