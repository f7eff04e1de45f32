"""Every recording beside the checkout: known kinds import, unknown ones are refused with the list of kinds."""

from __future__ import annotations

import gzip

import pytest

UNKNOWN = ("README.md", "margin_vectors.json")
FOLDERS = (
    "daily_2020_2025", "event_2026_01", "frames", "frames/captures", "frames/hyperliquid", "hourly_2024", "ticks",
)  # fmt: skip
CAPTURED = {
    # Recorded with frames of these many events, none refused; instrument lists and acknowledgments are no events.
    "BINANCE_FUTURES.0": 0,
    "BINANCE_FUTURES.ws.1.0": None,
    "BITMEX.ws.1.0": None,
    "BYBIT.ws.26.0": 150,
    "DERIBIT.ws.1.0": None,
    "KRAKEN_FUTURES.ws.1.0": None,
    "OKX.ws.1.0": None,
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_of_a_known_kind_imports(keg, tmp_path, shared_data, folder):
    """One call for a whole folder, exit 0, every file with a kind."""
    files = sorted(path for path in (shared_data / folder).iterdir() if path.is_file())
    answer = keg("import", *files, "--data", tmp_path / "keg", "--json")
    assert answer.code == 0, answer.json["failures"]
    assert [one["file"] for one in answer.json["imports"]] == [str(path) for path in files]
    assert all(one["result"]["format"] for one in answer.json["imports"])
    assert sum(sum(one["result"]["events"].values()) for one in answer.json["imports"]) > 0
    assert keg("doctor", "--data", tmp_path / "keg").code == 0


@pytest.mark.parametrize("name", UNKNOWN)
def test_files_of_no_kind_are_refused(keg, tmp_path, shared_data, name):
    """Exit 2, the kinds are listed, nothing is made."""
    answer = keg("import", shared_data / name, "--data", tmp_path / "keg")
    assert answer.code == 2
    assert "binance-force-orders" in answer.err
    assert not (tmp_path / "keg").exists()


@pytest.mark.parametrize("name", CAPTURED)
def test_recorded_captures_quarantine_nothing(keg, tmp_path, shared_data, name):
    """Real frames of real venues: every one is understood."""
    path = shared_data / "frames" / "captures" / name
    result = keg("import", path, "--data", tmp_path / "keg", "--json").json["imports"][0]["result"]
    assert result["rejects"] == 0
    assert (sum(result["events"].values()) == 0) is (CAPTURED[name] == 0)


def test_a_packed_recording_is_the_same_recording(keg, tmp_path, shared_data):
    """Packed or not, its content is what counts: the second import has nothing to do."""
    source = shared_data / "ticks" / "binance_force_orders_2024-08-17.csv"
    packed = tmp_path / "orders.csv.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    answer = keg("import", source, packed, "--data", tmp_path / "keg", "--json")
    assert [one["result"]["already_imported"] for one in answer.json["imports"]] == [False, True]
