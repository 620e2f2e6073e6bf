"""Wrong passwords counted for a network, whatever the names: whoever tries one password with many names is stopped too.

For one name django-axes does it (`AXES_FAILURE_LIMIT`); this reads what it writes down.
"""

from __future__ import annotations

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest
from django.utils import timezone

from sightline.web.client import client_network

MOST = 20
"""Wrong passwords from one network within AXES_COOLOFF_TIME. A class behind one address may mistype a few."""


def too_many(request: HttpRequest) -> bool:
    """Whether signing in is closed for the network that `request` comes from."""
    made = AccessAttempt.objects.filter(
        ip_address=client_network(request) or None, attempt_time__gt=timezone.now() - settings.AXES_COOLOFF_TIME
    )
    wrong: int = made.aggregate(wrong=Sum("failures_since_start"))["wrong"] or 0
    return wrong >= MOST
