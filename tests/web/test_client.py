"""Whose address is believed, and what counts as one client."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings
from django.test import RequestFactory

from sightline.web.client import client_address, client_network


def _with(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, **changes))  # type: ignore[arg-type]


def test_only_our_own_proxies_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    request = RequestFactory().get(
        "/", headers={"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3"}, REMOTE_ADDR="10.0.0.1"
    )
    for proxies, expected in ((0, "10.0.0.1"), (1, "3.3.3.3"), (2, "2.2.2.2"), (4, "10.0.0.1")):
        _with(monkeypatch, trusted_proxies=proxies)
        assert client_address(request) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("'; drop table", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("9" * 500, "10.0.0.1"),
    ],
)
def test_what_a_proxy_may_write(told: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, trusted_proxies=1)
    request = RequestFactory().get("/", headers={"X-Forwarded-For": told}, REMOTE_ADDR="10.0.0.1")
    assert client_address(request) == expected


def test_behind_a_unix_socket_there_is_no_address() -> None:
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
    ],
)
def test_a_household_is_one_client(one: str, other: str, same: bool) -> None:
    networks = {client_network(RequestFactory().get("/", REMOTE_ADDR=address)) for address in (one, other)}
    assert (len(networks) == 1) is same
