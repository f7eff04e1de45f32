"""Requests that several venues want in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

T = TypeVar("T")


def chunks_of(items: Sequence[T], most: int) -> Iterable[Sequence[T]]:
    """The items in their order, at most so many at a time."""
    return (items[start : start + most] for start in range(0, len(items), most))


def subscribe_ops(args: Sequence[object], most: int) -> tuple[str, ...]:
    """`{"op": "subscribe", "args": [...]}`, at most so many arguments each."""
    return tuple(msgspec.json.encode({"op": "subscribe", "args": chunk}).decode() for chunk in chunks_of(args, most))
