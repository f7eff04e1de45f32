"""Tier tables from files of one's own, in the forms venues and other tools give them."""

from __future__ import annotations

import json

import pytest

from powderkeg.domain.errors import InputError
from powderkeg.margin import load_tier_table

# (floor, cap, rate, amount, leverage): the one table every file here holds
ROWS = [(0, 1_000, 0.01, 0, 75), (1_000, 9_000, 0.02, 10, 50)]


def bybit(percent):
    unit = 100 if percent else 1
    rows = [
        {
            "symbol": "DOGEUSDT",
            "riskLimitValue": str(cap),
            "maintenanceMargin": str(rate * unit),
            "initialMargin": str(unit / leverage),
            "maxLeverage": str(leverage),
            "mmDeduction": str(amount) if amount else "",
        }
        for _, cap, rate, amount, leverage in reversed(ROWS)
    ]
    return {"retCode": 0, "result": {"category": "linear", "list": rows}}


def named(*names):
    return [dict(zip(names, row, strict=True)) for row in ROWS]


CCXT = [
    {**row, "tier": number, "info": {"cum": str(row.pop("cum"))}}
    for number, row in enumerate(
        named("minNotional", "maxNotional", "maintenanceMarginRate", "cum", "maxLeverage"), start=1
    )
]
BINANCE = named("notionalFloor", "notionalCap", "maintMarginRatio", "cum", "initialLeverage")
PLAIN = named("floor", "cap", "mmr", "maintenance_amount", "max_leverage")
FORMS = {
    "binance.json": [{"symbol": "DOGEUSDT", "brackets": BINANCE}],
    "binance-one.json": {"symbol": "DOGEUSDT", "brackets": BINANCE},
    "ccxt.json": {"DOGE/USDT:USDT": CCXT},
    "bybit.json": bybit(percent=False),
    "bybit-percent.json": bybit(percent=True),
    "plain.json": PLAIN,
    "own.toml": """
        [[table]]
        symbol = "DOGE/USDT:USDT"
        unit = "USDT"
        date = "2026-01-01"
        source = "mine"
        cap = 9000
        rows = [[0, 0.01, 75], [1000, 0.02, 50]]
    """,
}


def write(folder, name, content):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize("name", FORMS)
def test_files_of_all_forms_give_the_same_table(tmp_path, name):
    """Binance's, ccxt's, Bybit's (fractions or percent), plain rows and our TOML."""
    table = load_tier_table(write(tmp_path, name, FORMS[name]), None if name == "plain.json" else "DOGEUSDT")
    columns = ("floor", "cap", "mmr", "maintenance_amount", "max_leverage")
    assert [tuple(getattr(tier, name) for name in columns) for tier in table.tiers] == ROWS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", "3", "expected a list of rows"),
        ("a.json", "[3]", "row 1 is not an object"),
        ("a.json", "[]", "no tier rows"),
        ("a.json", '[{"brackets": []}]', "symbol"),
        ("a.json", '{"result": {"list": [{"symbol": "X"}]}}', "lacks"),
        ("a.json", '{"list": [{"symbol": "X", "riskLimitValue": "a", "maintenanceMargin": "1"}]}', "not a tier table"),
        ("a.toml", "[[table]]\nsymbol = 1", "not a tier table"),
        ("a.toml", "[[table", "not a tier table"),
        ("a.toml", "table = []", "holds 0 contracts"),
        (
            "a.toml",
            '[[table]]\nsymbol="X"\nunit="U"\ndate="2026"\nsource=""\nrows=[[0,0.1,1]]',
            r"table 1 \(X\): date is '2026'",
        ),
    ],
)
def test_unreadable_files_are_refused_by_name(tmp_path, name, content, message):
    """The message begins with the file, whatever is wrong with it."""
    path = write(tmp_path, name, content)
    with pytest.raises(InputError, match=message) as error:
        load_tier_table(path)
    assert str(error.value).startswith(str(path))


def test_missing_file_and_missing_contract(tmp_path):
    """No such file; a contract the file does not hold; several and none named."""
    with pytest.raises(InputError, match="cannot be read"):
        load_tier_table(tmp_path / "absent.toml")
    both = {"DOGE/USDT:USDT": PLAIN, "PEPE/USDT:USDT": PLAIN}
    path = write(tmp_path, "both.json", both)
    with pytest.raises(InputError, match="name one of DOGE/USDT:USDT, PEPE/USDT:USDT"):
        load_tier_table(path)
    with pytest.raises(InputError, match="no contract BTCUSDT in it"):
        load_tier_table(path, "BTCUSDT")
