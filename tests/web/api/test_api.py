"""The API: predict, runs, findings, decisions; tokens and sessions; and no 5xx whatever is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sightline.predictor import Predictor
from sightline.runs.folder import RunFolder
from sightline.web.accounts.models import Token


def _photo(run: Path, row: int = 0) -> Path:
    folder = RunFolder(run)
    return folder.known_dataset().folder / folder.samples()["path"].iloc[row]


def _upload(path: Path) -> SimpleUploadedFile:
    return SimpleUploadedFile(path.name, path.read_bytes())


def test_one_photo_is_answered_as_the_command_line_answers(run: Path, visitor: Client) -> None:
    photo = _photo(run)
    response = visitor.post("/api/v1/predict", {"file": _upload(photo)})
    assert response.status_code == 200, response.content
    found = response.json()["prediction"]
    expected = Predictor.load(run, "cpu").predict([photo]).iloc[0]
    assert found["predicted"] == expected["predicted"] and found["decision"] == expected["decision"]
    assert "|".join(found["set"]) == expected["set"] and found["familiar"] == expected["familiar"]
    for name, p in found["probabilities"].items():
        assert p == pytest.approx(expected[f"p_{name}"], abs=1e-4)


def test_many_photos_in_order_and_a_bad_one_costs_only_itself(run: Path, visitor: Client) -> None:
    photos = [_photo(run, row) for row in (0, 40, 80)]
    files = [_upload(photo) for photo in photos]
    files.insert(1, SimpleUploadedFile("bad.jpg", b"nothing"))
    response = visitor.post("/api/v1/predict/many", {"files": files})
    assert response.status_code == 200
    found = response.json()["predictions"]
    assert [row["name"] for row in found] == [photos[0].name, "bad.jpg", photos[1].name, photos[2].name]
    assert "JPEG, PNG, WebP, HEIC and AVIF" in found[1]["error"] and found[1]["predicted"] is None
    assert all(row["predicted"] for row in (found[0], *found[2:]))


def test_runs_findings_and_health(run: Path, visitor: Client) -> None:
    listed = visitor.get("/api/v1/runs").json()
    assert [row["name"] for row in listed] == [run.name]
    assert listed[0]["low"] <= listed[0]["accuracy"] <= listed[0]["high"]
    assert visitor.get(f"/api/v1/runs/{run.name}/evaluation").json()["n"] == listed[0]["test_photos"]
    found = visitor.get(f"/api/v1/runs/{run.name}/findings?check=label&limit=3").json()
    assert len(found["findings"]) == 3 and found["total"] > 3
    scores = [row["score"] for row in found["findings"]]
    assert scores == sorted(scores, reverse=True)
    assert visitor.get("/api/v1/health").json()["live"] is True
    assert visitor.get("/api/v1/runs/nothing").status_code == 404


def test_decisions_need_a_token(run: Path, person: User) -> None:
    url = f"/api/v1/runs/{run.name}/queue/next"
    assert Client().post(url).status_code == 401
    assert Client().post(url, headers={"Authorization": "Bearer sightline_no"}).status_code == 401
    _, text = Token.issue(person, "script")
    script = Client(headers={"Authorization": f"Bearer {text}"})
    item = script.post(url).json()
    assert item["suggested"] and item["reasons"]
    made = script.post(
        f"/api/v1/runs/{run.name}/queue/{item['id']}",
        json.dumps({"decision": "relabel", "label": item["suggested"]}),
        content_type="application/json",
    )
    assert made.status_code == 200 and made.json()["user"] == "ada"
    again = script.post(
        f"/api/v1/runs/{run.name}/queue/{item['id']}", '{"decision": "keep"}', content_type="application/json"
    )
    assert again.status_code == 409
    assert script.get(f"/api/v1/runs/{run.name}/decisions.csv").content.decode() == (
        f"path,decision,label\n{item['path']},relabel,{item['suggested']}\n"
    )
    assert script.get(f"/api/v1/runs/{run.name}/review").json()["relabelled"] == 1


def test_a_session_needs_its_csrf_token(run: Path, person: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post(f"/api/v1/runs/{run.name}/queue/next").status_code == 403


def test_in_production_runs_are_for_people(run: Path, person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, open_pages=False))
    assert Client().get("/api/v1/runs").status_code == 401
    assert Client().get("/runs/").status_code == 302
    assert Client().get("/metrics").status_code == 403
    answer = Client().post("/api/v1/predict", {"file": _upload(_photo(run))})
    assert answer.status_code == 200 and answer.json()["prediction"]["neighbours"] == []
    _, text = Token.issue(person, "script")
    script = Client(headers={"Authorization": f"Bearer {text}"})
    assert script.get("/api/v1/runs").status_code == 200 and script.get("/metrics").status_code == 200


def test_a_quota_is_kept_for_each_client(run: Path, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(settings, "SIGHTLINE", replace(settings.SIGHTLINE, quota=2))
    answers = [visitor.post("/api/v1/predict", {"file": _upload(_photo(run))}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) >= 1
    other = visitor.post("/api/v1/predict", {"file": _upload(_photo(run))}, REMOTE_ADDR="192.0.2.9")
    assert other.status_code == 200


def test_the_documentation_comes_from_here(visitor: Client) -> None:
    page = visitor.get("/api/v1/docs")
    assert page.status_code == 200 and b"https://" not in page.content
    assert visitor.get("/api/v1/openapi.json").json()["info"]["title"] == "Sightline"


def _attack(run: Path, token: str, examples: int) -> dict[int, int]:
    """Schemathesis over every operation, valid and invalid data; the statuses that were seen."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given
    from hypothesis import settings as limits

    from sightline.web.wsgi import application

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, headers={"Host": "localhost"})
    seen: dict[int, int] = {}
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @limits(
            max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def attack(case: Any) -> None:
            # Half of what is asked for exists, so that the handlers are reached and not only the 404.
            if "name" in (case.path_parameters or {}) and len(str(case.path_parameters["name"])) % 2:
                case.path_parameters["name"] = run.name
            response = case.call(headers={"Host": "localhost", "Authorization": f"Bearer {token}"})
            seen[response.status_code] = seen.get(response.status_code, 0) + 1
            assert response.status_code < 500, (case.method, case.path, response.status_code)

        attack()
    return seen


@pytest.mark.filterwarnings("ignore")
def test_nothing_that_is_sent_breaks_it(run: Path, person: User) -> None:
    _, token = Token.issue(person, "attack")
    seen = _attack(run, token, 8)
    assert 200 in seen and 422 in seen and max(seen) < 500


@pytest.mark.prove
@pytest.mark.filterwarnings("ignore")
def test_nothing_that_is_sent_breaks_it_at_length(run: Path, person: User) -> None:
    _, token = Token.issue(person, "attack")
    seen = _attack(run, token, 250)
    print(seen)
    assert max(seen) < 500
