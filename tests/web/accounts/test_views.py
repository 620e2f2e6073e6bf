"""Signing in: the first user, lock-out, CSRF, people and their tokens."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from sightline.web.accounts.models import Token
from sightline.web.accounts.views import create_admin

PASSWORD = "a-long-and-quiet-word"


def test_review_leads_to_the_first_run_page_while_there_is_nobody(visitor: Client) -> None:
    assert visitor.get("/review/").url == "/welcome/"
    assert visitor.get("/sign-in/").url == "/welcome/"


def test_the_first_user_is_made_once(visitor: Client) -> None:
    form = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}
    assert visitor.post("/welcome/", form).status_code == 302
    user = User.objects.get()
    assert user.is_staff and user.check_password(PASSWORD)
    assert visitor.get("/account/").status_code == 200  # and is signed in
    assert Client().get("/welcome/").status_code == 404
    assert Client().post("/welcome/", form | {"username": "eve"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}])
def test_nobody_makes_the_first_user_through_a_proxy(visitor: Client, headers: dict[str, str]) -> None:
    assert visitor.get("/welcome/", headers=headers).status_code == 404


def test_nobody_makes_the_first_user_from_another_machine(visitor: Client) -> None:
    assert visitor.get("/welcome/", REMOTE_ADDR="192.0.2.7").status_code == 404


def test_a_weak_password_is_refused(visitor: Client) -> None:
    page = visitor.post("/welcome/", {"username": "ada", "password1": "12345678", "password2": "12345678"})
    assert page.status_code == 200 and b"too common" in page.content
    with pytest.raises(ValidationError):
        create_admin("ada", "12345678")
    assert not User.objects.exists()


def test_lock_out_after_five_wrong_passwords(person: User) -> None:
    client = Client()
    for _ in range(4):
        assert client.post("/sign-in/", {"username": "ada", "password": "wrong"}).status_code == 200
    locked = client.post("/sign-in/", {"username": "ada", "password": "wrong"})
    assert locked.status_code == 429 and b"Too many wrong passwords" in locked.content
    # Not even the right one opens it now; another person still gets in.
    assert client.post("/sign-in/", {"username": "ada", "password": PASSWORD}).status_code == 429
    User.objects.create_user("bo", password=PASSWORD)
    assert client.post("/sign-in/", {"username": "bo", "password": PASSWORD}).status_code == 302


def test_forms_need_their_token(person: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.post("/sign-in/", {"username": "ada", "password": PASSWORD})
    assert page.status_code == 403 and b"Reload it" in page.content


def test_sign_in_does_not_lead_elsewhere(person: User) -> None:
    answer = Client().post("/sign-in/", {"username": "ada", "password": PASSWORD, "next": "https://elsewhere.example/"})
    assert answer.url == "/review/"


def test_a_token_is_shown_once_and_kept_as_a_hash(reviewer: Client, person: User) -> None:
    page = reviewer.post("/account/", {"name": "nightly script"})
    shown = re.search(r"sightline_[\w-]{40,}", page.content.decode())
    assert shown is not None
    text = shown.group()
    assert text.encode() not in reviewer.get("/account/").content
    token = Token.objects.get()
    assert text not in (token.digest, token.name) and Token.holder(text) == person
    assert Token.holder(text + "x") is None
    reviewer.post(f"/account/tokens/{token.pk}/revoke")
    assert Token.holder(text) is None


def test_nobody_revokes_anothers_token(reviewer: Client) -> None:
    other = User.objects.create_user("bo")
    token, _ = Token.issue(other, "theirs")
    reviewer.post(f"/account/tokens/{token.pk}/revoke")
    assert Token.objects.filter(pk=token.pk).exists()


def test_only_staff_add_and_close_people(reviewer: Client, person: User) -> None:
    form = {"username": "cy", "password1": PASSWORD, "password2": PASSWORD}
    assert reviewer.post("/account/people/", form).status_code == 403
    person.is_staff = True
    person.save()
    assert reviewer.post("/account/people/", form).status_code == 302
    cy = User.objects.get(username="cy")
    assert not cy.is_staff
    _, text = Token.issue(cy, "script")
    reviewer.post(f"/account/people/{cy.pk}/switch")
    cy.refresh_from_db()
    assert not cy.is_active and Token.holder(text) is None
    reviewer.post(f"/account/people/{person.pk}/switch")  # nobody locks themselves out
    person.refresh_from_db()
    assert person.is_active
