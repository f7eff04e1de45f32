"""The exchange's whole numbers against the package's margin arithmetic and against the obvious loops."""

from __future__ import annotations

import numpy as np
import pytest
from exchange_flow import SINGLE, TIERS, RandomFlow, bitcoin
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.cascade.exchange import BINANCE_LIKE, RULES, Exchange, Kind
from powderkeg.cascade.exchange.check_kernels import deficient_kernel, safe_equity
from powderkeg.cascade.exchange.funding import BASE_NS, rate_of
from powderkeg.cascade.exchange.instruments import maintenance_units, tier_units
from powderkeg.cascade.exchange.integers import RATE_ONE, at_rate, at_rate_up, share_of
from powderkeg.cascade.exchange.mark import empty_marks, mark_of, observe
from powderkeg.cascade.exchange.parts import is_deficient, parts_of
from powderkeg.cascade.exchange.rules import MarkRule
from powderkeg.domain.errors import InputError
from powderkeg.margin import liquidation_price
from powderkeg.margin.funding import funding_rate
from powderkeg.margin.mark import average_basis, mark_price


@given(units=st.integers(-(2**61), 2**61), whole=st.integers(1, 2**31 - 1), data=st.data())
def test_shares_and_rates_are_exact_floors(units, whole, data):
    """Split into whole and part they equal the division of big integers."""
    part = data.draw(st.integers(0, whole))
    rate = data.draw(st.integers(0, RATE_ONE))
    assert share_of(units, part, whole) == units * part // whole
    assert at_rate(units, rate) == units * rate // RATE_ONE
    assert at_rate_up(units, rate) == -(-units * rate // RATE_ONE)


@given(notional=st.floats(1.0, 5e6))
def test_maintenance_is_that_of_the_tier_table(notional):
    """To a millionth."""
    ours = maintenance_units(round(notional * 1e6), 0, tier_units([bitcoin()])) / 1e6
    assert ours == pytest.approx(TIERS.maintenance_margin(notional), abs=3e-6)


@pytest.mark.parametrize("name", list(RULES))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_check_finds_whom_the_obvious_loop_finds(name, seed):
    """At marks shaken around every state of a random flow, whole and part by part."""
    flow = RandomFlow(RULES[name], seed=seed)
    state = flow.exchange.state
    found = 0
    for _ in range(150):
        for _ in range(5):
            flow.step()
        kept = state.mark_ticks.copy(), state.previous_ticks.copy()
        for i in (0, 1):
            state.move_mark(i, max(1, int(kept[0][i] * flow.rng.uniform(0.8, 1.25))))
        obvious = [
            account
            for account in range(1, len(state.accounts.wallet))
            if any(is_deficient(state, part) for part in parts_of(state, account))
        ]
        assert state.deficient() == obvious
        found += len(obvious)
        for i in (0, 1):
            state.move_mark(i, int(kept[0][i]))
        state.previous_ticks[:] = kept[1]
    assert found > 100


@given(
    lots=st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=3),
    excess=st.integers(-3, 3),
    tick=st.integers(40_000, 500_000),
)
def test_the_shortcut_never_clears_an_account_that_is_below(lots, excess, tick):
    """Equity set within a few units of maintenance, where a loose bound would show."""
    tiers = tier_units([bitcoin(), bitcoin(SINGLE), bitcoin()])
    worth = np.array([tick * 500, tick * 700, tick * 900], dtype=np.int64)
    held = np.array([[0, 0, 0], lots], dtype=np.int64)
    needed = sum(maintenance_units(abs(n) * int(w), i, tiers) for i, (n, w) in enumerate(zip(lots, worth, strict=True)))
    cost = held * worth
    wallet = np.array([0, needed + excess], dtype=np.int64)
    out = np.zeros(2, dtype=np.int8)
    ledger = (wallet, held, cost, np.zeros_like(held), np.zeros(held.shape, dtype=np.int8))
    deficient_kernel()(ledger, worth, safe_equity(tiers), tuple(tiers), out)
    assert bool(out[1]) == ((any(lots) and excess <= 0) or needed + excess < 0)


@pytest.mark.parametrize("sign", [1, -1], ids=["long", "short"])
@pytest.mark.parametrize("leverage", [5, 20, 50])
def test_a_position_is_liquidated_at_the_tick_its_liquidation_price_says(sign, leverage):
    """Isolated, on a mark that is the last price: safe one tick before, gone at it."""
    one = bitcoin()
    exchange = Exchange([one], LAST, account_count=4)
    entry, lots = one.ticks(100_000), 1_500
    for account, money in ((0, 1e6), (1, 1e6), (2, 1e6), (3, 1e9)):
        exchange.deposit(account, money)
    exchange.set_mode(1, 0, leverage=leverage, isolated=True)
    exchange.update_index([entry])
    buyer, seller = (1, 3) if sign > 0 else (3, 1)
    exchange.block(buyer, seller, 0, lots, entry)
    margin = int(exchange.state.accounts.margin[1, 0]) / 1e6
    side = "long" if sign > 0 else "short"
    price = liquidation_price(side=side, qty=1.5, entry_price=100_000.0, margin=margin, tiers=TIERS)
    touch = int(np.floor(price / 0.5)) if sign > 0 else int(np.ceil(price / 0.5))
    trade_at(exchange, touch + sign)
    assert exchange.log.of(Kind.LIQUIDATION, Kind.TAKEOVER, Kind.ADL) == []
    assert exchange.state.accounts.lots[1, 0] == sign * lots
    trade_at(exchange, touch)
    assert exchange.state.accounts.lots[1, 0] == 0


def test_an_order_needs_its_initial_margin_and_a_reducing_one_does_not():
    """10x on 1,000 buys 10,000 of notional and not a lot more; closing is always allowed."""
    one = bitcoin(fee_ratios=(0.0, 0.0))
    exchange = Exchange([one], BINANCE_LIKE, account_count=3)
    exchange.deposit(1, 1_000.0)
    exchange.deposit(2, 1_000_000.0)
    exchange.set_mode(1, 0, leverage=10)
    tick = one.ticks(100_000)
    exchange.update_index([tick])
    exchange.order(2, 0, -10_000, tick)
    assert exchange.order(1, 0, 101).refused
    assert exchange.order(1, 0, 100).left_lots == 0
    assert exchange.order(1, 0, 1).refused
    exchange.order(2, 0, 100, tick - 100)
    assert exchange.order(1, 0, -100).left_lots == 0


@given(premium=st.integers(-(10**8), 10**8), hours=st.sampled_from([1, 4, 8]))
def test_the_funding_rate_is_that_of_the_package(premium, hours):
    """To a billionth."""
    ours = rate_of(premium, BASE_NS * hours // 8) / RATE_ONE
    assert ours == pytest.approx(
        funding_rate(premium / RATE_ONE, interval_hours=hours, cap=0.02, floor=-0.02), abs=2e-9
    )


@given(
    basis=st.lists(st.integers(-50, 50), min_size=1, max_size=40),
    last=st.integers(-300, 300),
    rate=st.integers(-(10**6), 10**6),
)
def test_the_mark_is_that_of_the_package(basis, last, rate):
    """Median of carried index, average basis over the last 30 samples and last price, to a tick."""
    index, memory = 200_000, empty_marks(1)[0]
    for n, each in enumerate(basis):
        quote = (index + each, index + each, index + last)
        observe(memory, quote=quote, index_tick=index, now_ns=n * 10**9)
    ours = mark_of(MarkRule.AVERAGE_BASIS, memory, quote=quote, index_tick=index, carry=rate)
    recent = [float(index + each) for each in basis[-30:]]
    theirs = mark_price(
        index_price=index,
        contract_price=index + last,
        average_basis=average_basis(recent, [float(index)] * len(recent)),
        last_funding_rate=rate / RATE_ONE,
        hours_to_funding=8.0,
    )
    assert ours == pytest.approx(theirs, abs=1.0)


def test_a_smoothed_mark_follows_the_book_slowly():
    """The book jumps 1,000 ticks off the index: the mark stays between, and comes nearer."""
    index, memory, marks = 100_000, empty_marks(1)[0], []
    for second in range(200):
        away = 0 if second < 60 else 1_000
        quote = (index + away - 1, index + away + 1, index + away)
        observe(memory, quote=quote, index_tick=index, now_ns=second * 10**9)
        marks.append(mark_of(MarkRule.SMOOTHED_BASIS, memory, quote=quote, index_tick=index, carry=0))
    assert marks[59] == index
    assert index < marks[61] < index + 100
    assert marks[60:] == sorted(marks[60:])
    assert index + 500 < marks[-1] <= index + 1_000


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (lambda ex: ex.deposit(1, 0.0), "deposit"),
        (lambda ex: ex.deposit(9, 1.0), "account 9"),
        (lambda ex: ex.order(1, 0, 0), "0 lots"),
        (lambda ex: ex.order(0, 0, 5), "fund"),
        (lambda ex: ex.order(1, 0, 5, 1), "tick is 1"),
        (lambda ex: ex.order(1, 3, 5), "instrument 3"),
        (lambda ex: ex.set_mode(1, 0, leverage=101), "leverage is 101"),
        (lambda ex: ex.block(1, 1, 0, 5, 200_000), "block"),
        (lambda ex: ex.update_index([]), "0 index prices"),
        (lambda ex: ex.update_index([7]), "index tick is 7"),
        (lambda ex: ex.advance(-1), "does not go back"),
    ],
    ids=["nothing", "nobody", "no-lots", "fund", "tick", "instrument", "leverage", "self", "no-index", "index", "time"],
)
def test_what_cannot_be_is_refused_and_changes_nothing(request_, said):
    """Bad requests raise, and neither log nor state has seen them."""
    exchange = Exchange([bitcoin()], BINANCE_LIKE, account_count=3)
    exchange.update_index([200_000])
    before = exchange.state_hash(), len(exchange.log.events)
    with pytest.raises(InputError, match=said):
        request_(exchange)
    assert (exchange.state_hash(), len(exchange.log.events)) == before


def test_no_order_before_the_first_mark():
    """Without a mark there is no margin to ask for."""
    exchange = Exchange([bitcoin()], BINANCE_LIKE, account_count=3)
    with pytest.raises(InputError, match="no mark yet"):
        exchange.order(1, 0, 5, 200_000)


LAST = BINANCE_LIKE.__class__(
    name="last-price",
    steps=BINANCE_LIKE.steps,
    ranking=BINANCE_LIKE.ranking,
    mark=MarkRule.LAST,
    source="for the test",
    assumptions=(),
)


def trade_at(exchange, tick):
    """Two rich accounts trade a lot at a tick, so that it is the last price; then marks follow."""
    exchange.order(3, 0, -1, tick)
    exchange.order(2, 0, 1, tick)
    exchange.cancel_all(3, 0)
    exchange.update_index([tick])
