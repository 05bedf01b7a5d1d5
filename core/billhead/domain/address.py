"""Addresses of the internet and of mail, read as proxies, panels and people write them, and cut to whose they are."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

__all__ = ["address_of", "canonical_mail", "is_public_host", "network_of", "parse_address"]

_OUR_OWN = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_GMAIL = {"gmail.com", "googlemail.com"}


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address. A zone is passed over, and IPv4 that is written within IPv6 is IPv4."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_public_host(host: str) -> bool:
    """False for what only machines of our own network answer to: private addresses, localhost, names without a dot."""
    address = parse_address(host.strip("[]"))
    if address is not None:
        return address.is_global
    name = host.rstrip(".").lower()
    last = name.rpartition(".")[2]  # of no name does it begin with a digit, as in 127.1 or 0x7f.0.0.1
    return "." in name and not name.endswith(_OUR_OWN) and not last[:1].isdigit()


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


def canonical_mail(email: str) -> str:
    """The one spelling of all addresses that lead to the same mailbox; "" for what is no address.

    ada.lovelace+tv@googlemail.com → adalovelace@gmail.com; elsewhere dots count, and only the +alias goes.
    """
    local, at, domain = email.strip().lower().rpartition("@")
    local, domain = local.partition("+")[0], domain.rstrip(".")
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}" if local and at and domain else ""
