"""Powderkeg: how much leverage is stacked at which price, what happens if price gets there, and what happened after.

    >>> import powderkeg
    >>> keg = powderkeg.open("data")                         # doctest: +SKIP
    >>> keg.liquidations(window="24h", by="coin").to_pandas()  # doctest: +SKIP

The package's rooms and which may import which are drawn in docs/architecture.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from powderkeg.app.library import Library
    from powderkeg.app.library import open_library as open  # noqa: A004 - the name people expect
    from powderkeg.app.liquidation_maps import maps_of_file as open_bars

__all__ = ["Library", "__version__", "open", "open_bars"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import on first use: `import powderkeg` stays instant, whatever the rooms need."""
    if name == "open":
        from powderkeg.app.library import open_library  # noqa: PLC0415 - late on purpose

        return open_library
    if name == "open_bars":
        from powderkeg.app.liquidation_maps import maps_of_file  # noqa: PLC0415 - late on purpose

        return maps_of_file
    if name == "Library":
        from powderkeg.app.library import Library  # noqa: PLC0415 - late on purpose

        return Library
    raise AttributeError(f"module 'powderkeg' has no attribute {name!r}")
