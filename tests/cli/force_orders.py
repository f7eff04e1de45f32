"""Force orders as a collector prints them, and what they sum to: an oracle that knows nothing of the package.

The sums are exact decimals of fill times average price; the rules for names are written here once more, from what
Binance lists: a contract is quoted in USDT (left out by the collector) or USDC, and may hold 1000 or 1000000 coins.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

NAMES = (
    "BTC", "ETH", "SOL", "SOLUSDC", "1000PEPE", "1000PEPEUSDC", "1000BONKUSDC", "1000000MOG",
    "4", "0G", "2Z", "B2", "1INCH", "LUNA2", "币安人生", "龙虾", "API3",
)  # fmt: skip

JUNK = (
    "",
    "reconnecting ...",
    "ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,17668458",
    "ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,1766845883281,3000ETH,BUY,LIMIT,IOC,1.0,3000,2990,FILLED",
    "ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,1766845883281,30001.0",
    "ETH,HOLD,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,1766845883281,3000",
    "ETH,SELL,LIMIT,IOC,1.0,3000,nan,FILLED,1.0,1.0,1766845883281,3000",
    "ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,-1.0,-1.0,1766845883281,-3000",
    "ETH,SELL,LIMIT,IOC,1.0,3000,2990,FILLED,1.0,1.0,1766845883,3000",
    "\x00\x01 binary ,,,,,,,,,,,",
)
"""Lines that are no row: cut, glued, impossible, of another unit. None of them may count."""


def coin(name: str) -> str:
    """The coin of a collector's name."""
    base = name.removesuffix("USDC") if name != "USDC" else name
    return re.sub(r"^(1000000|1000)(?=[A-Z])", "", base)


def sums(lines: Iterable[str], start_ms: int, end_ms: int) -> dict[str, dict[str, Decimal]]:
    """Coin -> long, short, count in [start, end): a forced sale closes a long. Every line must be a row."""
    found: dict[str, dict[str, Decimal]] = defaultdict(
        lambda: {"long": Decimal(), "short": Decimal(), "count": Decimal()}
    )
    for line in lines:
        name, order_side, _, _, _, _, average, _, _, filled, stamp, *_ = line.strip().split(",")
        if start_ms <= int(stamp) < end_ms:
            of_coin = found[coin(name)]
            of_coin[{"SELL": "long", "BUY": "short"}[order_side]] += Decimal(filled) * Decimal(average)
            of_coin["count"] += 1
    return dict(found)


def row(rng: random.Random, stamp_ms: int, *, wide: bool) -> str:
    """One force order: the price has few digits, the average many, as in real files."""
    digits = rng.choice((1, 2, 4, 6))
    price = Decimal(rng.randint(1, 10**7)).scaleb(-digits)
    average = (price * Decimal(rng.randint(9_800, 10_200)) / 10_000).quantize(Decimal(1).scaleb(-digits - 1))
    average = max(average, Decimal(1).scaleb(-digits - 1))
    qty = Decimal(rng.randint(1, 10**6)).scaleb(-rng.choice((0, 1, 3)))
    filled = qty if rng.random() < 0.7 else (qty / 2).quantize(Decimal("0.0001")) + Decimal("0.0001")
    filled = min(filled, qty)
    cells = [
        rng.choice(NAMES), rng.choice(("SELL", "BUY")), "LIMIT", "IOC", qty, price, average,
        rng.choice(("FILLED", "PARTIALLY_FILLED")), filled, filled, stamp_ms, float(filled) * float(price),
    ]  # fmt: skip
    return ",".join(map(str, cells + ([rng.choice((0, 25, 50, 100))] if wide else [])))


def recording(rng: random.Random, start_ms: int, count: int) -> list[str]:
    """Rows in order of time over about a day and a half, the later ones with a thirteenth column."""
    stamps = sorted(start_ms + rng.randrange(36 * 3_600_000) for _ in range(count))
    return [row(rng, stamp, wide=number > count // 2) for number, stamp in enumerate(stamps)]
