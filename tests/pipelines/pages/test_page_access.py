"""Only this machine's own names, and only the very token, open a page."""

from __future__ import annotations

import pytest

from pipelines.pages.page_access import asks_this_machine, is_loopback, is_token, new_token


def test_loopback_addresses_are_this_machine_s_own():
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("camera.local")


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost:8080", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("[::1]:8080", True),
        ("evil.example:8080", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("", False),
    ],
)
def test_a_request_is_known_by_the_name_it_asks_for(host, own):
    assert asks_this_machine(host) is own


def test_what_is_no_address_is_an_error():
    with pytest.raises(ValueError, match="IPv6"):
        asks_this_machine("[")


def test_tokens_are_long_differ_and_match_whole():
    token = new_token()
    assert len(token) >= 32 and token != new_token()
    assert is_token(token, token)
    assert not is_token(token[:-1], token) and not is_token("", token) and not is_token("ü", token)
