"""The documentation says what the code says: generated pages, the picture of the rooms, links, the file tree."""

from __future__ import annotations

import contextlib
import re
import shlex
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from cyclopts import CycloptsError
from PIL import Image

import sightline
from script_modules import script
from sightline import config, recipes
from sightline.cli.app import COMMANDS, application
from sightline.errors import UsageError

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    pytest.importorskip("mkdocs")
    return script("docs_pages")


@pytest.fixture(scope="module")
def architecture() -> ModuleType:
    return script("draw_architecture")


def test_each_command_has_a_page_that_tells_every_flag(pages: ModuleType) -> None:
    made = pages.generated()
    assert set(COMMANDS) <= {Path(uri).stem for uri in made if uri.startswith(pages.COMMANDS)}
    train = made[f"{pages.COMMANDS}/train.md"]
    assert train.startswith("# sightline train\n") and "\nsightline train [OPTIONS]" in train
    for flag in ("--resume PATH", "--from PATH", "--time-limit", "--folds INT"):
        assert flag in train
    for name in COMMANDS:
        usage = made[f"{pages.COMMANDS}/{name}.md"].split("```console\n")[1].split("\n```")[0]
        assert re.fullmatch(rf"sightline {name}( \[?[A-Z.]+\]?)*", usage)
        assert f"]({name}.md)" in made[f"{pages.COMMANDS}/index.md"]


@pytest.mark.parametrize("model", [config.Config, config.Phase, config.Machine])
def test_each_option_of_a_recipe_is_described(pages: ModuleType, model: type) -> None:
    described = {name: text for names in pages.groups(model).values() for name, text in names.items()}
    assert set(described) == set(model.model_fields)
    assert all(described.values()), [name for name, text in described.items() if not text]
    page = pages.options_page()
    assert all(f"| `{name}` |" in page for name in described)


def test_ranges_and_choices_are_told(pages: ModuleType) -> None:
    page = pages.options_page()
    assert re.search(r"\| `drop_rate` \| `0.0` \| .*number ≥ 0, < 1", page)
    assert re.search(r"\| `optimizer` \| `adamw` \| .*`adamw`, `adam`, `sgd`", page)


def test_each_public_name_is_documented(pages: ModuleType) -> None:
    page = pages.python_page()
    assert all(f"::: sightline.{name}\n" in page for name in sightline.__all__ if not name.startswith("_"))


@pytest.mark.parametrize(
    ("here", "uri", "link", "there"),
    [
        ("docs/audit.md", "audit.md", "../benchmarks/audit.md", "benchmarks/audit.md"),
        ("docs/how-to/shop.md", "how-to/shop.md", "../serve.md#in-public", "../serve.md#in-public"),
        ("docs/how-to/engineer.md", "how-to/engineer.md", "../../SECURITY.md", "../SECURITY.md"),
        ("docs/index.md", "index.md", "tutorial.ipynb", "tutorial.md"),
        ("CONTRIBUTING.md", "CONTRIBUTING.md", "docs/architecture.md", "architecture.md"),
        ("benchmarks/recipes.md", "benchmarks/recipes.md", "../docs/recipes.md#a", "../recipes.md#a"),
        ("docs/index.md", "index.md", "https://example.org/a.md", "https://example.org/a.md"),
        ("docs/index.md", "index.md", "#below", "#below"),
    ],
)
def test_a_link_of_the_repository_leads_to_the_same_place_on_the_site(
    pages: ModuleType, here: str, uri: str, link: str, there: str
) -> None:
    assert pages.relinked(f"see [it]({link}).", here, uri) == f"see [it]({there})."


def written() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def test_each_link_in_the_repository_leads_somewhere(pages: ModuleType) -> None:
    made = {f"docs/{uri}" for uri in pages.generated()}
    lost = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in written()
        for target in re.findall(r"(?:\]\(|src=\"|srcset=\")([^)#\s\"]+)", path.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target)
        and not (place := (path.parent / target).resolve()).exists()
        and place.relative_to(ROOT).as_posix() not in made
    ]
    assert not lost


def test_each_file_of_ours_that_the_documentation_names_is_there() -> None:
    roots = (ROOT, ROOT / "src/sightline")
    gone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in written()
        if path.name != "CHANGELOG.md"
        for name in re.findall(
            r"`((?:[\w-]+/)+[\w-]+\.(?:py|md|yaml|yml|toml|ipynb))`", path.read_text(encoding="utf-8")
        )
        if not any((root / name).exists() for root in roots)
        and not re.search(r"\b(NAME|RUN)\b|^src/sightline/a/|^tests/a/", name)  # these stand for any
    ]
    assert not gone


def commands() -> list[tuple[str, list[str]]]:
    """Every line in a block of code that calls sightline: the page, and its words."""
    found = []
    for path in written():
        for block in re.findall(
            r"^```(?!python|yaml|json)[^\n]*\n(.*?)^```", path.read_text(encoding="utf-8"), re.S | re.M
        ):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip().startswith("sightline "):
                    words = shlex.split(line.split(" | ")[0].split(" > ")[0].split(" && ")[0], comments=True)
                    found.append((path.relative_to(ROOT).as_posix(), words[1:]))
    return found


def test_each_command_in_the_documentation_is_one_that_sightline_takes() -> None:
    """Its name, its flags and their values; what they name (photos, runs) is the reader's."""
    wrong = []
    pages_of = {page for page, _ in commands()}
    assert {
        "README.md",
        "docs/serve.md",
        *(f"docs/how-to/{who}.md" for who in ("teacher", "biologist", "engineer")),
    } <= pages_of
    for page, words in commands():
        try:
            application(words[0]).parse_args(words, print_error=False, exit_on_error=False)
        except CycloptsError as error:
            wrong.append(f"{page}: sightline {' '.join(words)}: {error}")
            continue
        wrong += [f"{page}: recipe {name}" for key, name in pairwise(words) if key == "--recipe" and not known(name)]
        wrong += [f"{page}: {each}" for key, each in pairwise(words) if key == "--set" and not set_is_taken(each)]
    assert not wrong


def known(recipe: str) -> bool:
    """Whether it is a recipe of ours, or a file of the reader's."""
    return recipe in recipes.names() or recipe.endswith(".yaml")


def set_is_taken(text: str) -> bool:
    """Whether --set takes it, beside some recipe."""
    for name in recipes.names():
        with contextlib.suppress(UsageError):
            recipes.resolve(name, {}, [text])
            return True
    return False


def test_each_page_stands_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/-]+\.md", str(yaml.safe_load(text)["nav"])))
    assert {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} <= named


def test_the_picture_of_the_rooms_is_what_the_imports_are(architecture: ModuleType) -> None:
    drawn = architecture.draw(architecture.floors(), architecture.arrows())
    kept = architecture.PICTURE.read_text(encoding="utf-8")
    assert kept == drawn, "draw it anew: .venv/bin/python scripts/draw_architecture.py"


def test_no_arrow_leads_up_and_no_room_is_left_out(architecture: ModuleType) -> None:
    levels = architecture.floors()
    floor = {room: height for height, level in enumerate(levels) for room in level}
    assert all(floor[a] < floor[b] for a, b in architecture.arrows() if a in floor and b in floor)
    source = ROOT / "src" / "sightline"
    rooms = {path.parent.name for path in source.glob("*/__init__.py")} | {path.stem for path in source.glob("*.py")}
    assert rooms - {"__init__", "__main__"} == set(floor)
    assert all(architecture.words(room) for room in floor)


def test_an_arrow_that_led_up_would_be_seen(architecture: ModuleType) -> None:
    assert architecture.WRONG not in architecture.draw([["web"], ["data"]], {("web", "data")})
    assert architecture.WRONG in architecture.draw([["web"], ["data"]], {("data", "web")})


@pytest.mark.parametrize("name", ["README.md", "docs/architecture.md"])
def test_the_file_tree_names_every_room_and_nothing_that_is_gone(name: str) -> None:
    (tree,) = re.findall(r"```\n(Makefile .*?)```", (ROOT / name).read_text(encoding="utf-8"), re.S)
    named = re.findall(r"^  ((?:\w\S* )+) ", tree, re.M)
    entries = {entry.rstrip("/") for line in named for entry in line.split()}
    rooms = {
        path.name
        for path in (ROOT / "src/sightline").iterdir()
        if not path.name.startswith("__") and path.suffix in ("", ".py") and path.name != "py.typed"
    }
    assert entries == rooms


@pytest.mark.parametrize("name", ["walk", "report"])
def test_each_picture_of_pages_is_there_light_and_dark_and_small(name: str) -> None:
    sizes = []
    for scheme in ("light", "dark"):
        path = DOCS / "pictures" / f"{name}-{scheme}.webp"
        assert path.stat().st_size < 150_000
        assert f"pictures/{path.name}" in (ROOT / "README.md").read_text("utf-8")
        assert f"pictures/{path.name}#only-{scheme}" in (DOCS / "index.md").read_text("utf-8")
        with Image.open(path) as picture:
            sizes.append(picture.size)
    assert sizes[0] == sizes[1]
