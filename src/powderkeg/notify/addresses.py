"""Which addresses a message may be sent to: public ones, and those the settings list.

A webhook address is chosen by a person and resolved by others; it must not become a way into the machine or its
network. So loopback, private, link-local, multicast and reserved addresses are refused, also inside IPv6 forms that
carry an IPv4 address. Source: IANA special-purpose address registries (RFC 6890), RFC 6052 (64:ff9b::/96), RFC 3056
(6to4), RFC 4380 (Teredo), read 2026-11.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Final

import msgspec

from powderkeg.domain.errors import ConfigError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")


class Allowed(msgspec.Struct, frozen=True):
    """What the settings list beyond public addresses: networks, and host names whatever they resolve to."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()


def parse_allowed(text: str) -> Allowed:
    """From `10.0.0.5, 192.168.1.0/24, hooks.lan`.

    Raises:
        ConfigError: a network cannot be read.
    """
    networks: list[Network] = []
    hosts: set[str] = set()
    for word in (part.strip() for part in text.split(",")):
        if not word:
            continue
        if "/" in word or _literal(word) is not None:
            try:
                networks.append(ipaddress.ip_network(word.strip("[]")))
            except ValueError as error:
                raise ConfigError(f"alerts.allow: {word!r} is no network: {error}") from error
        else:
            hosts.add(word.lower().rstrip("."))
    return Allowed(tuple(networks), frozenset(hosts))


def refusal(host: str, allowed: Allowed) -> str | None:
    """Why an address is refused, None where it may be reached. What is no address is refused."""
    address = _literal(host)
    if address is None:
        return f"{host} is no address"
    real = embedded(address)
    if any(candidate in network for network in allowed.networks for candidate in (address, real)):
        return None
    if real.is_global and not real.is_multicast:
        return None
    return f"{address} is not a public address"


def embedded(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that carries one; else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 0xFFFF):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def resolve(host: str) -> tuple[str, ...]:
    """Every address a name has now; none where it cannot be resolved."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(entry[4][0]) for entry in found}))


def check_host(host: str, allowed: Allowed) -> Allowed:
    """What may be reached while sending to a host: see `Allowed`; a listed name allows its addresses of now.

    Raises:
        ConfigError: one of its addresses is refused.
    """
    addresses = resolve(host)
    if host.lower().rstrip(".") in allowed.hosts:
        return msgspec.structs.replace(allowed, networks=(*allowed.networks, *_networks(addresses)))
    for address in addresses:
        reason = refusal(address, allowed)
        if reason is not None:
            raise ConfigError(f"messages must not go to {host}: {reason}; if it is meant, list it in alerts.allow")
    return allowed


def _networks(addresses: Iterable[str]) -> list[Network]:
    return [ipaddress.ip_network(address.partition("%")[0]) for address in addresses]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
