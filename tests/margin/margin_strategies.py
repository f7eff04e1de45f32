"""Positions and tier tables as hypothesis draws them: any size a market has, tables of one to twelve tiers."""

from __future__ import annotations

from hypothesis import strategies as st

from powderkeg.margin import TierTable

sides = st.sampled_from(["long", "short"])
contracts = st.sampled_from(["linear", "inverse"])
bases = st.sampled_from(["mark", "entry"])
prices = st.floats(1e-6, 1e6)
leverages = st.floats(1.05, 125)
fees = st.sampled_from([0.0, 0.0006, 0.001])


@st.composite
def tier_tables(draw, unit=1.0, most=12):
    """A continuous table; `unit` scales the floors."""
    count = draw(st.integers(1, most))
    steps = draw(st.lists(st.floats(1.2, 8), min_size=count, max_size=count))
    rises = draw(st.lists(st.floats(1.0, 2.0), min_size=count, max_size=count))
    rows, floor, rate = [], 0.0, round(draw(st.floats(0.002, 0.02)), 6)
    for number in range(count):
        rows.append({"floor": floor, "mmr": rate})
        floor = round(max(floor, 1e3 * unit) * steps[number], 6)
        rate = min(0.5, round(rate * rises[number], 6))
    return TierTable.from_rows(rows, unit="USDT", date="2024-10-24", source="drawn")


@st.composite
def positions(draw, contract=None):
    """Keyword arguments of a position whose margin is its notional over a leverage."""
    kind = draw(contracts) if contract is None else contract
    entry = draw(prices)
    notional = draw(st.floats(10, 1e9))
    qty = notional / entry if kind == "linear" else notional
    worth = notional if kind == "linear" else notional / entry
    return {
        "side": draw(sides),
        "qty": qty,
        "entry_price": entry,
        "margin": worth / draw(leverages),
        "contract": kind,
        "taker_fee": draw(fees),
    }
