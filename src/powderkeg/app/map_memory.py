"""What maps remember of their calibrations: for this process, and in a data directory for the next one."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from powderkeg import __version__
from powderkeg.liqmap.bars import FloatArray
from powderkeg.liqmap.estimate import MapSettings
from powderkeg.store.calibrations import KeptCalibrations


class _Kept(msgspec.Struct, frozen=True):
    """One calibration as it is written: settings, or numbers with their shape."""

    settings: MapSettings | None = None
    shape: tuple[int, ...] = ()
    numbers: bytes = b""


class MapMemory(MutableMapping[tuple[object, ...], Any]):
    """Settings and arrays by what they depend on.

    Args:
        data_dir: where they outlive the process.
    """

    def __init__(self, data_dir: Path) -> None:
        self._held: dict[tuple[object, ...], Any] = {}
        self._kept = KeptCalibrations(data_dir)

    def __getitem__(self, key: tuple[object, ...]) -> Any:
        if key not in self._held:
            body = self._kept.read(_bytes_of(key))
            if body is None:
                raise KeyError(key)
            try:
                self._held[key] = _read(body)
            except (msgspec.DecodeError, ValueError):
                raise KeyError(key) from None
        return self._held[key]

    def __setitem__(self, key: tuple[object, ...], made: Any) -> None:
        self._held[key] = made
        self._kept.write(_bytes_of(key), _written(made))

    def __delitem__(self, key: tuple[object, ...]) -> None:
        """Forget it here; the directory keeps it."""
        del self._held[key]

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


def _bytes_of(key: tuple[object, ...]) -> bytes:
    """Another version computes anew: it may know better."""
    return repr((__version__, key)).encode()


def _written(made: MapSettings | FloatArray) -> bytes:
    if isinstance(made, MapSettings):
        return msgspec.msgpack.encode(_Kept(settings=made))
    return msgspec.msgpack.encode(_Kept(shape=made.shape, numbers=made.astype("<f8").tobytes()))


def _read(body: bytes) -> MapSettings | FloatArray:
    kept = msgspec.msgpack.decode(body, type=_Kept)
    if kept.settings is not None:
        return kept.settings
    return np.frombuffer(kept.numbers, "<f8").reshape(kept.shape).astype(np.float64)
