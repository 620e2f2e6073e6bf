"""Wrong passwords from one network over many names."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sightline.web.accounts.attempts import MOST

PASSWORD = "a-long-and-quiet-word"


def _try(name: str, password: str, address: str) -> int:
    return Client(REMOTE_ADDR=address).post("/sign-in/", {"username": name, "password": password}).status_code


@pytest.mark.parametrize(
    ("addresses", "elsewhere"),
    [
        (["192.0.2.1"], "192.0.2.2"),
        ([f"2001:db8:1:2::{n}" for n in range(1, 9)], "2001:db8:1:3::1"),  # one household
    ],
)
def test_one_password_tried_with_many_names(addresses: list[str], elsewhere: str, person: User) -> None:
    wrong = [_try(f"name{n}", "guess", addresses[n % len(addresses)]) for n in range(MOST)]
    assert wrong == [200] * MOST  # the form again
    assert _try("another", "guess", addresses[0]) == 429
    assert _try("ada", PASSWORD, addresses[-1]) == 429  # also for those who know theirs, for a while
    assert _try("ada", PASSWORD, elsewhere) == 302


def test_a_few_mistakes_close_nothing(person: User) -> None:
    for n in range(4):
        assert _try("ada", f"typo {n}", "192.0.2.9") == 200
    assert _try("ada", PASSWORD, "192.0.2.9") == 302


def test_right_passwords_of_many_do_not_count(person: User) -> None:
    for _ in range(MOST + 5):
        assert _try("ada", PASSWORD, "192.0.2.10") == 302
