"""Every address of the site."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from sightline.web import health
from sightline.web.accounts import views as accounts
from sightline.web.api import api
from sightline.web.classify import views as classify
from sightline.web.gallery import views as gallery
from sightline.web.library import views as library
from sightline.web.review import views as review

urlpatterns = [
    path("", classify.classify, name="classify"),
    path("classify/", classify.submit, name="submit"),
    path("classify/one", classify.one, name="one"),
    path("classify/results.csv", classify.results_csv, name="results"),
    path("classify/<uuid:identity>.jpg", classify.preview, name="preview"),
    path("classify/<uuid:identity>/heat.jpg", classify.heat, name="heat"),
    path("classify/<uuid:identity>/wrong", classify.wrong, name="wrong"),
    path("runs/", library.runs, name="runs"),
    path("runs/compare", library.comparison, name="compare"),
    path("runs/<str:name>/", library.run, name="run"),
    path("runs/<str:name>/live", library.live, name="live"),
    path("runs/<str:name>/report", library.report, name="report"),
    path("data/", gallery.data, name="data"),
    path("data/<str:name>/", gallery.gallery, name="photos"),
    path("data/<str:name>/<int:row>/", gallery.photo, name="photo"),
    path("data/<str:name>/<int:row>/resembling", gallery.resembling, name="resembling"),
    path("data/<str:name>/<int:row>/heat.jpg", gallery.show_heat, name="photo-heat"),
    path("data/<str:name>/<int:row>/<slug:kind>.jpg", gallery.show_picture, name="picture"),
    path("review/", review.review, name="review"),
    path("review/<str:name>/", review.queue, name="queue"),
    path("review/<str:name>/act", review.act, name="act"),
    path("review/<str:name>/history", review.history, name="history"),
    path("review/<str:name>/decisions.csv", review.export, name="decisions"),
    path("welcome/", accounts.welcome, name="welcome"),
    path("sign-in/", accounts.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("account/", accounts.account, name="account"),
    path("account/tokens/<int:token>/revoke", accounts.revoke, name="revoke"),
    path("account/people/", accounts.add_person, name="add-person"),
    path("account/people/<int:person>/switch", accounts.switch_person, name="switch-person"),
    path("metrics", health.metrics, name="metrics"),
    path("api/v1/", api.urls),
]

handler400 = "sightline.web.pages.bad_request"
handler403 = "sightline.web.pages.not_allowed"
handler404 = "sightline.web.pages.not_found"
handler500 = "sightline.web.pages.broken"
