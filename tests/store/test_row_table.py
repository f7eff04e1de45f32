"""The memory of rows against a dictionary, with digests that crowd the same places of the index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.store import row_table
from powderkeg.store.row_table import DIGEST_BYTES, Row, RowTable

MANY = 7


def digest(number):
    """Three homes at the end of the index for all, so that probing wraps around and holes have to be closed."""
    return (0xFFFD + number % 3).to_bytes(2, "big") + number.to_bytes(DIGEST_BYTES - 2, "big")


actions = st.lists(
    st.tuples(
        st.sampled_from(["add", "replace", "drop"]),
        st.integers(0, 30),
        st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=3, unique_by=lambda pair: pair[0]),
    ),
    max_size=60,
)


@pytest.fixture(scope="module", autouse=True)
def few_rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_table, "MAX_ROWS", MANY)
        yield


@given(actions=actions)
def test_it_holds_what_a_dictionary_would(actions):
    """After every action: the same rows in the same order, whatever was added, exchanged, dropped or pushed out."""
    table, model = RowTable(), {}
    for at_ns, (verb, number, sightings) in enumerate(actions):
        name, row = digest(number), Row(at_ns, 1 + number % 2, tuple(sightings))
        if verb == "drop":
            table.drop_before(at_ns - number)
            model = {key: kept for key, kept in model.items() if kept.first_received_ns >= at_ns - number}
        elif name in model:
            row = row._replace(first_received_ns=model[name].first_received_ns)
            table.replace(name, row)
            model[name] = row
        elif verb == "add":
            table.add(name, row)
            model = dict([*model.items(), (name, row)][-MANY:])
        assert list(table.items()) == list(model.items())
        assert len(table) == len(model)
        assert [table.get(digest(one)) for one in range(31)] == [model.get(digest(one)) for one in range(31)]
