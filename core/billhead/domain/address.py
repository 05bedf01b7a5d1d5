"""Addresses of the internet: read as proxies and panels write them, and cut to what one household has."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

__all__ = ["address_of", "network_of", "parse_address"]


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address. A zone is passed over, and IPv4 that is written within IPv6 is IPv4."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def address_of(ip: str) -> str:
    """What one subscriber of a provider has: an address of IPv4, a /64 of IPv6. "" for what is no address."""
    return _cut(ip, 32, 64).removesuffix("/32")


def network_of(ip: str) -> str:
    """The /24 or /48 that an address is in: what one household or phone moves about in, and what neighbours share.
    "" for what is no address."""
    return _cut(ip, 24, 48)


def _cut(ip: str, v4: int, v6: int) -> str:
    address = parse_address(ip)
    if address is None:
        return ""
    return str(ip_network((address, v4 if address.version == 4 else v6), strict=False))
