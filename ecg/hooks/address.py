"""Which addresses a user's webhook may have: public ones only, checked after resolution."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx

from ecg.kernel.errors import FieldError, RequestInvalid

RESOLUTION = 5.0
"""Seconds that a name has to resolve in."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def parsed(url: str, *, allow_private: bool) -> httpx.URL:
    """Raises ``RequestInvalid`` unless ``url`` is https (or http, where private addresses are
    allowed) with a host and neither user nor fragment."""
    try:
        address = httpx.URL(url)
        port = address.port
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise refused("is not a URL; give one such as https://example.com/hook") from None
    schemes = ("https", "http") if allow_private else ("https",)
    if address.scheme not in schemes or not address.host:
        raise refused("must begin with https:// and name a host")
    if address.userinfo or address.fragment:
        raise refused("must have neither a user name nor a #fragment")
    if port is not None and not 0 < port < 1 << 16:
        raise refused("must have a port from 1 to 65535")
    return address


async def resolved(address: httpx.URL, *, allow_private: bool) -> str:
    """The one address to connect to. Every address that the name has must be allowed, else a
    name with one public and one private address would be a way in. Raises ``RequestInvalid``."""
    loop = asyncio.get_running_loop()
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        async with asyncio.timeout(RESOLUTION):
            host = address.raw_host.decode("ascii")
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise refused("names a host that cannot be resolved") from None
    hosts = [str(entry[4][0]) for entry in found]
    if not hosts:
        raise refused("names a host that has no address")
    if not allow_private and not all(map(is_public, hosts)):
        raise refused("leads to a private, loopback or reserved address; give a public one")
    return hosts[0]


def is_public(host: str) -> bool:
    """Whether an address in text form is one that anyone on the Internet may reach."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(str(address.ipv4_mapped))
        if address.sixtofour or address.teredo or address in _TRANSLATED or address.is_site_local:
            return False  # an IPv4 address in disguise, or one of a site
    return address.is_global and not (address.is_multicast or address.is_reserved)


def refused(why: str) -> RequestInvalid:
    return RequestInvalid(f"$.url: {why}", (FieldError("$.url", why),))
