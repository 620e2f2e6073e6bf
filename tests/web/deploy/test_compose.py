"""The compose file: valid by its specification, every service bounded and shut in, and only what runs is installed."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_the_whole_file_is_as_the_specification_says(compose: Any) -> None:
    schemas = pytest.importorskip("check_jsonschema.builtin_schemas", reason="check-jsonschema is not installed")
    import jsonschema

    validator = jsonschema.Draft202012Validator(schemas.get_builtin_schema("vendor.compose-spec"))
    assert [error.message for error in validator.iter_errors(compose)] == []
    broken = compose | {"services": {"site": compose["services"]["site"] | {"mem_limits": "1g"}}}
    assert list(validator.iter_errors(broken))  # it does look


@pytest.mark.parametrize("name", ["site", "database", "proxy"])
def test_every_service_is_bounded_and_shut_in(name: str, compose: Any) -> None:
    service = compose["services"][name]
    assert service["mem_limit"] and service["pids_limit"] > 0 and service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service and "network_mode" not in service
    for entry in service["tmpfs"]:
        assert re.search(r"size=\d+[mg]", entry), entry


def test_each_network_has_one_purpose(compose: Any) -> None:
    joined = {name: set(service["networks"]) for name, service in compose["services"].items()}
    assert joined == {"site": {"front", "back"}, "database": {"back"}, "proxy": {"outside", "front"}}
    assert compose["networks"]["front"]["internal"] and compose["networks"]["back"]["internal"]
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]


def test_no_image_is_taken_by_its_tag_alone(compose: Any) -> None:
    for service in compose["services"].values():
        assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:\?.+\}", service.get("image", "${A_IMAGE:?built here}"))
    docker = (DEPLOY / "Dockerfile").read_text()
    assert set(re.findall(r"^FROM (\S+)", docker, re.M)) == {"${PYTHON_IMAGE}"} and "*@sha256:*)" in docker
    assert re.search(r"^ARG PYTHON_IMAGE$", docker, re.M)  # without a default


def test_pinning_prints_what_compose_asks_for(tmp_path: Path, compose: Any) -> None:
    client = tmp_path / "docker"
    client.write_text(f"#!/bin/sh\nprintf %s sha256:{'0' * 64}\n")
    client.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", DEPLOY / "pin.sh"], env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    named = dict(line.split("=", 1) for line in done.stdout.splitlines())
    asked = set(re.findall(r"\$\{([A-Z]+_IMAGE):\?", (DEPLOY / "compose.yaml").read_text()))
    assert set(named) == asked and all(re.fullmatch(r"[a-z]+:\S+@sha256:0{64}", value) for value in named.values())
    client.write_text("#!/bin/sh\necho unknown\n")
    failed = subprocess.run(
        ["sh", DEPLOY / "pin.sh"], env=environment, check=False, capture_output=True, text=True, timeout=60
    )
    assert failed.returncode == 1 and not failed.stdout


def _locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)", path.read_text(), re.M))


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[><=!~;\s]", text)[0].lower().replace("_", "-") for text in requirements}


def _is_installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def test_only_what_the_site_runs_is_installed() -> None:
    image, everything = _locked(DEPLOY / "requirements.lock"), _locked(ROOT / "requirements.lock")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = _names(project["dependencies"] + extras["web"])
    assert needed <= set(image)
    others = set().union(*(_names(names) for extra, names in extras.items() if extra != "web")) - needed
    required = set().union(*(_names(requires(name) or []) for name in image if _is_installed(name)))
    assert {"pytest", "ray"} <= others and others & set(image) <= required  # what the site's own packages ask for
    assert not {"pytest", "hypothesis", "mypy", "ruff", "playwright", "ray", "mkdocs"} & set(image)
    assert {name: version for name, version in image.items() if everything.get(name) != version} == {}
    assert "--require-hashes -r /build/requirements.lock" in (DEPLOY / "Dockerfile").read_text()
    blocks = re.split(r"^(?=[a-z0-9])", (DEPLOY / "requirements.lock").read_text(), flags=re.M)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
