"""The first user, signing in, the people of the site, and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from sightline.web.access import may_found, people_only, staff_only
from sightline.web.accounts import attempts
from sightline.web.accounts.models import Token
from sightline.web.replies import Refused, refusal

if TYPE_CHECKING:
    _PersonForm = UserCreationForm[User]
else:
    _PersonForm = UserCreationForm


class PersonForm(_PersonForm):
    """Name and password, twice; checked by Django's validators."""

    class Meta:
        model = User
        fields = ("username",)


def _reviewer(data: Any = None) -> PersonForm:
    """The form on the account page; it must not draw the view down to itself as a page's only form may."""
    form = PersonForm(data)
    form.fields["username"].widget.attrs.pop("autofocus", None)
    return form


class TokenForm(forms.Form):
    """What the token is for."""

    name = forms.CharField(max_length=80, label="What is it for?")


class SignIn(LoginView):
    """Sign in; leads to the first-run page while there is nobody who could."""

    template_name = "accounts/sign_in.html"
    authentication_form = AuthenticationForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if may_found(request) and not User.objects.exists():
            return redirect("welcome")
        if request.method == "POST" and attempts.too_many(request):
            return _closed(request, "from here")
        return super().dispatch(request, *args, **kwargs)


@never_cache
def welcome(request: HttpRequest) -> HttpResponse:
    """The first-run page: makes the first user, on this machine only, once."""
    if not may_found(request) or User.objects.exists():
        raise Refused(404, "There is nothing here. Someone looks after this site already; ask them to add you.")
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            if User.objects.select_for_update().exists():
                raise Refused(404, "Someone was quicker: the first user has been made.")
            user = form.save(commit=False)
            user.is_staff = user.is_superuser = True
            user.save()
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[-1])
        return redirect("review")
    return render(request, "accounts/welcome.html", {"form": form})


def locked_out(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """After five wrong passwords for one name."""
    return _closed(request, "under this name from here")


def _closed(request: HttpRequest, what: str) -> HttpResponse:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    reason = f"Too many wrong passwords. Signing in {what} is closed for {minutes} minutes."
    return refusal(request, Refused(429, reason, settings.AXES_COOLOFF_TIME.total_seconds()))


@people_only
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """A person's tokens; for staff also the people of the site."""
    assert isinstance(request.user, User)
    form = TokenForm(request.POST or None)
    fresh = None
    if request.method == "POST" and form.is_valid():
        _, fresh = Token.issue(request.user, form.cleaned_data["name"])
        form = TokenForm()
    people = User.objects.order_by("username") if request.user.is_staff else None
    context = {
        "form": form,
        "fresh": fresh,
        "tokens": request.user.tokens.all(),
        "people": people,
        "person": _reviewer(),
    }
    return render(request, "accounts/account.html", context)


@people_only
@require_POST
def revoke(request: HttpRequest, token: int) -> HttpResponse:
    """Take a token of one's own back."""
    Token.objects.filter(pk=token, user_id=request.user.pk or 0).delete()
    messages.success(request, "The token is revoked.")
    return redirect("account")


@staff_only
@require_POST
def add_person(request: HttpRequest) -> HttpResponse:
    """Staff add a reviewer."""
    assert isinstance(request.user, User)
    form = _reviewer(request.POST)
    if form.is_valid():
        user = form.save()
        messages.success(request, f"{user.get_username()} can now sign in and review.")
        return redirect("account")
    context = {"form": TokenForm(), "tokens": request.user.tokens.all(), "people": User.objects.order_by("username")}
    return render(request, "accounts/account.html", context | {"person": form}, status=422)


@staff_only
@require_POST
def switch_person(request: HttpRequest, person: int) -> HttpResponse:
    """Staff close or reopen somebody's access. Decisions stay, with their names."""
    with transaction.atomic():
        user = User.objects.select_for_update().filter(pk=person).exclude(pk=request.user.pk or 0).first()
        if user is not None:
            user.is_active = not user.is_active
            user.save(update_fields=["is_active"])
            messages.success(
                request, f"{user.get_username()} {'can sign in again' if user.is_active else 'can no longer sign in'}."
            )
    return redirect("account")


def create_admin(name: str, password: str) -> User:
    """The first user, for `sightline serve --create-admin`; a user of this name gets the new password.

    Raises:
        ValidationError: the password is too weak.
    """
    from django.contrib.auth.password_validation import validate_password

    user = User.objects.filter(username=name).first() or User(username=name)
    validate_password(password, user)
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.save()
    return user
