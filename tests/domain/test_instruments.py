"""What a quantity is worth, against exact decimals; what is not known stays None."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain import instruments
from powderkeg.domain.instruments import Instrument, InstrumentMap

positive = st.decimals("0.0001", "1000000", places=4)
sizes = st.sampled_from([Decimal("0.0001"), Decimal("0.001"), Decimal(1), Decimal(10), Decimal(100)])


def instrument(contract="linear", qty_unit="base", *, quote="USDT", contract_size=None, venue_symbol="BTCUSDT"):
    settle = {"linear": quote, "inverse": "BTC", "quanto": "ETH"}[contract]
    return Instrument(
        venue="gate",
        venue_symbol=venue_symbol,
        symbol=f"BTC/{quote}:{settle}",
        base="BTC",
        quote=quote,
        settle=settle,
        contract=contract,
        qty_unit=qty_unit,
        contract_size=contract_size,
    )


def close(found, exact):
    return found == pytest.approx(float(exact), rel=1e-12)


@given(positive, positive, sizes)
def test_linear(qty, price, size):
    """Base units times price; contracts are base units; quote and dollars are the notional itself."""
    base, usd = instrument().sized(float(qty), float(price))
    assert close(base, qty)
    assert close(usd, qty * price)
    base, usd = instrument(qty_unit="contracts", contract_size=float(size)).sized(float(qty), float(price))
    assert close(base, qty * size)
    assert close(usd, qty * size * price)
    for unit in ("quote", "usd"):
        base, usd = instrument(qty_unit=unit).sized(float(qty), float(price))
        assert close(base, qty / price)
        assert close(usd, qty)


@given(positive, positive, sizes)
def test_inverse(qty, price, size):
    """A contract is a number of dollars, whatever the price; the base quantity is dollars over price."""
    made = instrument("inverse", "contracts", quote="USD", contract_size=float(size))
    base, usd = made.sized(float(qty), float(price))
    assert close(usd, qty * size)
    assert close(base, qty * size / price)
    base, usd = made.sized_as("usd", float(qty), float(price))
    assert close(usd, qty)
    assert close(base, qty / price)


@given(positive, positive, sizes)
def test_base_and_notional_agree_wherever_both_are_known(qty, price, size):
    """Notional is base times price for every contract and unit."""
    for contract in ("linear", "inverse"):
        for unit in ("base", "contracts", "quote", "usd"):
            made = instrument(contract, unit, quote="USD", contract_size=float(size))
            base, usd = made.sized(float(qty), float(price))
            assert usd == pytest.approx(base * float(price), rel=1e-12)


@pytest.mark.parametrize("unit", ["base", "contracts", "quote", "usd"])
def test_quanto_contracts_have_no_dollar_value_here(unit):
    assert instrument("quanto", unit, quote="USD", contract_size=1.0).sized(5.0, 2.0) == (None, None)


def test_unknown_stays_none():
    """No contract size: nothing; a quote that is no dollar: the base quantity at most, and dollars as dollars."""
    assert instrument(qty_unit="contracts").sized(5.0, 2.0) == (None, None)
    assert instrument(quote="EUR").sized(5.0, 2.0) == (5.0, None)
    assert instrument(quote="EUR", qty_unit="quote").sized(5.0, 2.0) == (2.5, None)
    assert instrument(quote="EUR", qty_unit="usd").sized(5.0, 2.0) == (None, 5.0)
    assert instrument(quote="EUR", qty_unit="contracts", contract_size=2.0).sized(5.0, 2.0) == (10.0, None)


def test_plain_means_quantity_times_price_and_nothing_else():
    assert instrument().is_plain
    assert not instrument(quote="EUR").is_plain
    assert not instrument(qty_unit="contracts", contract_size=1.0).is_plain
    assert not instrument("inverse", "base", quote="USD").is_plain


def infer(venue, venue_symbol):
    if not venue_symbol.endswith("USDT"):
        raise ValueError(f"{venue_symbol} is not a name of {venue}")
    return instrument(venue_symbol=venue_symbol)


def test_listed_instruments_win_over_inferred_ones():
    """A name is inferred once, a listing replaces it, and a name that cannot be read is not kept."""
    listed = instrument(venue_symbol="ETHUSDT", contract_size=7.0)
    names = InstrumentMap(infer, [listed])
    assert names.of("gate")["ETHUSDT"] is listed
    inferred = names.of("gate")["BTCUSDT"]
    assert names.of("gate")["BTCUSDT"] is inferred
    replacement = instrument(contract_size=3.0)
    names.add([replacement])
    assert names.of("gate")["BTCUSDT"] is replacement
    with pytest.raises(ValueError, match="not a name"):
        names.of("gate")["nonsense"]
    assert {made.venue_symbol for made in names} == {"BTCUSDT", "ETHUSDT"}


def test_a_feed_that_invents_names_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(instruments, "MAX_INFERRED", 3)
    names = InstrumentMap(infer).of("gate")
    for number in range(10):
        assert names[f"{number}USDT"].venue_symbol == f"{number}USDT"
    assert len(names) == 3
