"""Which addresses may be reached: public ones, and what is listed."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powderkeg.domain.errors import ConfigError
from powderkeg.notify import addresses
from powderkeg.notify.addresses import Allowed, check_host, parse_allowed, refusal

REFUSED = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:db8::1",
    "localhost",
    "/run/docker.sock",
    "",
]


@pytest.mark.parametrize("host", REFUSED)
def test_what_is_not_public_is_refused(host):
    assert refusal(host, Allowed()) is not None


@pytest.mark.parametrize(
    "host", ["1.1.1.1", "149.154.167.220", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_what_is_public_may_be_reached(host):
    assert refusal(host, Allowed()) is None


@given(st.ip_addresses(v=4))
def test_an_address_inside_an_address_is_judged_like_itself(address):
    """Mapped, NAT64 and 6to4 forms of an IPv4 address change nothing about it."""
    plain = refusal(str(address), Allowed()) is None
    number = int(address)
    forms = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
    ]
    assert {refusal(str(form), Allowed()) is None for form in forms} == {plain}


def test_listed_networks_and_addresses_are_allowed_and_nothing_beside_them():
    allowed = parse_allowed("10.0.0.5, 192.168.1.0/24,hooks.lan")
    assert refusal("10.0.0.5", allowed) is None
    assert refusal("::ffff:10.0.0.5", allowed) is None
    assert refusal("192.168.1.77", allowed) is None
    assert refusal("10.0.0.6", allowed) is not None
    assert allowed.hosts == {"hooks.lan"}
    with pytest.raises(ConfigError, match="no network"):
        parse_allowed("10.0.0.0/99")


def test_a_name_is_refused_for_any_of_its_addresses(monkeypatch):
    """One public address beside a private one is the trick, not the excuse."""
    monkeypatch.setattr(addresses, "resolve", lambda _: ("1.1.1.1", "10.0.0.1"))
    with pytest.raises(ConfigError, match=r"hooks\.example.*not a public address.*alerts\.allow"):
        check_host("hooks.example", Allowed())
    allowed = check_host("hooks.lan", parse_allowed("hooks.lan"))
    assert refusal("10.0.0.1", allowed) is None
    assert refusal("10.0.0.2", allowed) is not None


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "[::1]", "LOCALHOST", "localhost."])
def test_spellings_of_this_machine_are_refused(host):
    """Whatever the resolver understands as loopback; what it does not understand is refused when connecting."""
    if addresses.resolve(host):
        with pytest.raises(ConfigError, match="not a public address"):
            check_host(host, Allowed())
    else:
        assert refusal(host, Allowed()) is not None
