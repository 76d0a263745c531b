"""Who may see a page that this machine serves: this machine alone, or whoever has its token.

A page that another site shows under a name of its own (DNS rebinding) is refused by the name that
the browser asks for.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

_NAMES_OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def new_token() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(24)


def is_token(given: str, token: str) -> bool:
    """Whether a request's token is the page's; takes as long for a near miss as for any other."""
    return hmac.compare_digest(given.encode(), token.encode())


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own, which no other machine can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def asks_this_machine(host: str) -> bool:
    """Whether a ``Host`` header names this machine, with or without a port.

    Raises:
        ValueError: no address, as "[" is none.
    """
    return urlsplit(f"//{host}").hostname in _NAMES_OF_THIS_MACHINE
