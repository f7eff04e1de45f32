"""Without a collector of its own, a server follows the data directory: what another process commits is told too."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from powderkeg.web import asks
from powderkeg.web.faults import Refused

if TYPE_CHECKING:
    from powderkeg.web.site import Site

LOOK_S: Final = 1.0
TOTALS_S: Final = 5.0
"""The windows move on without new data too; their sums cost more than a look."""

Signature = tuple[tuple[str, int, int], ...]


class Follower:
    """Tells a site's listeners what is new in its data directory.

    Args:
        site: whose.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen: Signature | None = None  # looked at nothing yet
        self._version = 0
        self._after_ns = -1

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        totals_at = 0.0
        while True:
            seen = await asyncio.to_thread(signature, self._site.data_dir)
            if seen != self._seen or loop.time() >= totals_at:
                is_new, self._seen = seen != self._seen, seen
                totals_at = loop.time() + TOTALS_S
                try:
                    await self._tell(is_new=is_new)
                except Refused:
                    self._seen = None  # busy: look again
            await asyncio.sleep(LOOK_S)

    async def _tell(self, *, is_new: bool) -> None:
        site = self._site
        if is_new:
            reply, body = await site.desk.ask("news", asks.News(after_ns=self._after_ns))
            if reply.status == 200:
                news = msgspec.json.decode(body, type=_News)
                self._after_ns = max(self._after_ns, news.newest_ns)
                for row in news.rows:
                    site.hub.publish("liquidation", bytes(row.document), coin=row.coin, notional_usd=row.notional_usd)
                self._version += 1
                told = {"as_of": news.as_of, "version": str(self._version)}
                site.hub.publish("data", msgspec.json.encode(told))
        if site.hub.listeners:
            reply, body = await site.desk.ask("windows", asks.Windows())
            if reply.status == 200:
                site.hub.publish("totals", body)


class _Row(msgspec.Struct, frozen=True):
    coin: str
    notional_usd: float | None
    document: msgspec.Raw


class _News(msgspec.Struct, frozen=True):
    as_of: str
    newest_ns: int
    rows: list[_Row]


def signature(data_dir: Path) -> Signature:
    """What changes when something is committed: sizes and times of journals and manifests."""
    found: list[tuple[str, int, int]] = []
    for folder in (data_dir / "journal", data_dir / "archive" / "manifests"):
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue
        for path in entries:
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((path.name, status.st_size, status.st_mtime_ns))
    return tuple(found)
