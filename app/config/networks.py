"""Which addresses may be connected to: some never, those of private networks where a setting names them."""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

LOOPBACK: tuple[IPNetwork, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

#: Nobody's ERP, whatever a setting says: a machine's own metadata, its neighbours on the wire, all at once.
_NEVER: dict[str, tuple[IPNetwork, ...]] = {
    "a cloud's metadata address": tuple(
        ip_network(each)
        for each in (
            # Of AWS, Google and Azure; AWS by IPv6; Google by IPv6; Alibaba; Azure's wire server; Oracle.
            "169.254.169.254/32 fd00:ec2::254/128 fd20:ce::254/128 100.100.100.200/32 168.63.129.16/32"
            " 192.0.0.192/32"
        ).split()
    ),
    "a link-local address": (ip_network("169.254.0.0/16"), ip_network("fe80::/10")),
    "a multicast address": (ip_network("224.0.0.0/4"), ip_network("ff00::/8")),
    # Linux takes all of 0.0.0.0/8 for itself.
    "an unspecified address": (ip_network("0.0.0.0/8"), ip_network("::/128")),
    "a reserved address": (ip_network("240.0.0.0/4"),),
}
#: In the last 32 bits of these stands an IPv4 address: mapped, compatible, NAT64.
_IPV4_AT_THE_END = tuple(ip_network(each) for each in ("::ffff:0:0/96", "::/96", "64:ff9b::/96"))
#: NAT64 of one's own network: where in it the IPv4 address stands is that network's choice.
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
_LAST_32_BITS = 0xFFFFFFFF


def literal(host: str) -> IPAddress | None:
    """The address that a host is without asking DNS, however it is written: 2130706433, 0177.1, [::1]."""
    host = host.strip("[]")
    with suppress(ValueError):
        return ip_address(host)
    with suppress(OSError, ValueError):
        return ip_address(socket.inet_aton(host))
    return None


def is_loopback(host: str) -> bool:
    """By its name, or as it is written: DNS is not asked."""
    address = literal(host)
    if address is None:
        return host.lower().rstrip(".") == "localhost"
    return address.is_loopback


def never(network: IPNetwork) -> str | None:
    """What it is, if all of it may never be connected to."""
    for what, networks in _NEVER.items():
        for each in networks:
            if each.version == network.version and network.subnet_of(each):  # type: ignore[arg-type]
                return what
    return None


def refusal(address: IPAddress, allowed: tuple[IPNetwork, ...] | None) -> str | None:
    """What it is, if it may not be connected to; `allowed`: private networks that may, None for all."""
    for each in _meant(address):
        what = never(ip_network(each))
        if what is not None:
            return what
        if allowed is None or (each.is_global and each not in _LOCAL_NAT64):
            continue
        if not any(each in network for network in allowed):
            return "a loopback address" if each.is_loopback else "a private address"
    return None


def _meant(address: IPAddress) -> list[IPAddress]:
    """Where a packet to it may end: an IPv6 address can stand for an IPv4 one."""
    if isinstance(address, IPv4Address):
        return [address]
    end = IPv4Address(int(address) & _LAST_32_BITS)
    # ::1 and :: are themselves.
    if any(address in network for network in _IPV4_AT_THE_END) and int(address) > 1:
        return [end]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return [*address.teredo]
    # Without its zone: fe80::1%eth0.
    return [IPv6Address(int(address))]
