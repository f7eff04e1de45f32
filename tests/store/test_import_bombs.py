"""S11: documents made to blow up in whoever reads them are refused early and leave nothing."""

from __future__ import annotations

import gzip
import time

import pytest

from powderkeg.domain.errors import InputError
from powderkeg.store.importers.run import import_file

ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{ENTITIES}]><rss><title>&l9;</title></rss>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><title>&x;</title></rss>'
FEED = '<?xml version="1.0"?><rss version="2.0"><channel><title>a feed</title></channel></rss>'
GIGABYTE, BLOCK = 1 << 30, 1 << 20


@pytest.fixture(scope="module")
def squeezed():
    """A gigabyte of a feed, packed: gzip members one after the other are one file."""
    member = gzip.compress(b" " * BLOCK)
    return gzip.compress(FEED.encode()) + member * (GIGABYTE // BLOCK)


@pytest.mark.parametrize("text", [LAUGHS, OUTSIDE, FEED], ids=["entities", "outside entity", "plain feed"])
def test_xml_is_no_recording(text, tmp_path):
    """No entity is ever resolved: nothing here reads XML."""
    assert refused(tmp_path, "feed.xml", text.encode()) < 0.2


def test_a_packed_gigabyte_is_no_recording(squeezed, tmp_path):
    """Told by its first bytes; the rest is never unpacked."""
    assert refused(tmp_path, "feed.xml.gz", squeezed) < 0.2


def refused(folder, name, content):
    """Seconds of processor until it was refused, by its name, and nothing was left of it."""
    path, data = folder / name, folder / "data"
    path.write_bytes(content)
    begin = time.process_time()
    with pytest.raises(InputError, match=r"feed\.xml"):
        import_file(data, path)
    assert not [left for left in data.rglob("*") if left.is_file() and left.suffix in (".sqlite", ".parquet")]
    return time.process_time() - begin
