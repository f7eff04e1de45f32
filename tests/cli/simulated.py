"""The simulated squeeze, as a capture a feed handler would have written."""

from __future__ import annotations

import numpy as np

from powderkeg.testing.exchange_squeeze import simulate_exchange_squeeze
from powderkeg.testing.recording import record
from powderkeg.testing.squeeze import START_NS

HOSTS = {
    "binance-usdm": "wss://fstream.binance.com/stream",
    "bybit": "wss://stream.bybit.com/v5/public/linear",
    "okx": "wss://ws.okx.com:8443/ws/v5/public",
    "bitget": "wss://ws.bitget.com/v2/ws/public",
}


def simulated(seed, duration_s=600):
    """What happened, and the frames that told of it."""
    rng = np.random.default_rng(seed)
    squeeze = simulate_exchange_squeeze(rng, duration_s=duration_s)
    return squeeze, record(squeeze, rng)


def write_capture(path, frames, venues=tuple(HOSTS)):
    """One connection a venue, one after the other."""
    with path.open("wb") as out:
        for venue in venues:
            out.write(f"{HOSTS[venue]} <-> {START_NS / 1e9:.6f}\n".encode())
            for frame in frames:
                if frame.venue == venue:
                    seconds, rest = divmod(frame.ts_received_ns, 10**9)
                    out.write(f"{seconds}.{rest:09d}: ".encode() + frame.payload + b"\n")
    return path
