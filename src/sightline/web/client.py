"""Who is asking: the client's address, as far as it can be believed, and the network that counts as one client."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

_HOUSEHOLD = 64  # bits of an IPv6 address that a provider gives to one customer, who chooses the rest at will


def client_address(request: HttpRequest) -> str:
    """The address of the client, as far as it can be trusted; "" where there is none, as behind a Unix socket.

    X-Forwarded-For is believed only as far as our own proxies wrote it: with n proxies, the n-th entry from the right.
    """
    direct = _parsed(str(request.META.get("REMOTE_ADDR") or ""))
    proxies = settings.SIGHTLINE.trusted_proxies
    chain = [part for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    told = _parsed(chain[-proxies]) if proxies and len(chain) >= proxies else None
    return str(told or direct or "")


def client_network(request: HttpRequest) -> str:
    """What quotas and attempts are counted for: an IPv4 address, or the /64 of an IPv6 address.

    It is written as an address (the first one of the network), since django-axes keeps it in a column for addresses.
    """
    return household(client_address(request))


def household(text: str) -> str:
    """The network that counts as one client, as `client_network`, of an address; "" of what is none."""
    address = _parsed(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _HOUSEHOLD), strict=False).network_address)
    return str(address or "")


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address, also one with a port or a zone; an IPv4 address that was mapped into IPv6 is itself again."""
    text = text.strip()[:80]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
