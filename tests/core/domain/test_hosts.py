"""Names by which the portal may be asked for."""

from __future__ import annotations

import pytest

from core.domain.hosts import LOOPBACK, allowed, name_of


@pytest.mark.parametrize(
    ("named", "public_url", "is_demo", "found"),
    [
        ((), "", False, LOOPBACK),
        ((), "", True, LOOPBACK),
        ((), "https://Refund.Example:8443/", False, {"refund.example"}),
        ((), "https://refund.example", True, {"refund.example", *LOOPBACK}),
        (("10.0.0.7",), "https://refund.example", False, {"refund.example", "10.0.0.7"}),
        (("Portal.Internal",), "", False, {"portal.internal"}),
        ((), "https://user@refund.example", False, {"refund.example"}),
    ],
)
def test_which_names_are_ours(
    named: tuple[str, ...], public_url: str, is_demo: bool, found: set[str]
) -> None:
    assert allowed(named, public_url, is_demo=is_demo) == found


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("refund.example", "refund.example"),
        ("Refund.EXAMPLE:8501", "refund.example"),
        ("refund.example.", "refund.example"),
        ("refund.example.:443", "refund.example"),
        ("[::1]:8501", "[::1]"),
        ("127.0.0.1:8501", "127.0.0.1"),
        ("refund.example@evil.example", ""),
        ("refund.example/evil", ""),
        ("evil.example#refund.example", ""),
        ("refund.example evil.example", ""),
        ("refund.example:80:80", ""),
        ("refund.example\n", ""),
        ("", ""),
        (".", ""),
        ("réfund.example", ""),
    ],
)
def test_the_name_in_a_header(header: str, name: str) -> None:
    assert name_of(header) == name
