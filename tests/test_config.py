"""Options are checked when built; a recipe, its YAML and a run's config are one thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline import config, recipes
from sightline.config import Config, Phase
from sightline.errors import UsageError
from sightline.recipes.document import read


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_is_valid_and_says_what_it_is(name: str) -> None:
    made = recipes.resolve(name)
    assert made.phases
    header = recipes.text(name).splitlines()
    assert header[0].startswith("# ")
    assert any("sightline " in line for line in header[:6]), "the header gives the command"
    assert any("easured" in line or "Not run" in line for line in header[:30]), "the header gives the result"


@pytest.mark.parametrize("name", recipes.names())
def test_yaml_comes_back_unchanged(name: str, tmp_path: Path) -> None:
    made = recipes.resolve(name)
    (tmp_path / "c.yaml").write_text(made.to_yaml())
    assert config.build(read(tmp_path / "c.yaml"), "c") == made


def test_flags_win_over_the_recipe() -> None:
    made = recipes.resolve("default", {"batch_size": 7, "model": None}, ["augment=none", "phases.1.lr=3e-4"], epochs=9)
    assert (made.batch_size, made.augment, made.phases[1].lr, made.phases[1].epochs) == (7, "none", 3e-4, 9)


def test_freeze_epochs_take_the_place_of_the_fitted_head() -> None:
    made = recipes.resolve("default", freeze_epochs=2)
    assert [(p.train, p.solver, p.epochs) for p in made.phases] == [
        ("head", "gradient", 2),
        ("last:30%", "gradient", 3),
    ]
    assert [p.train for p in recipes.resolve("default", freeze_epochs=0).phases] == ["last:30%"]


def test_scratch_leaves_out_what_needs_features() -> None:
    made = recipes.resolve("default", {"scratch": True})
    assert all(phase.solver == "gradient" for phase in made.phases)


def test_weights_overrule_a_recipe_from_scratch() -> None:
    assert not recipes.resolve("demo-scratch", {"weights": "w"}).scratch


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scratch": True, "weights": "w"}, "--scratch"),
        ({"scratch": True, "continues": "r"}, "--from"),
        ({"ensemble": True}, "--folds"),
        ({"folds": 5, "continues": "r"}, "--from"),
        ({"folds": 1}, "folds: .*greater than or equal to 2"),
        ({"head": "dense", "phases": [{"solver": "lbfgs", "train": "head"}]}, "lbfgs"),
        ({"phases": [{"solver": "lbfgs", "train": "all"}]}, "train: head"),
        ({"class_weights": "balanced", "sampling": "balanced"}, "choose one"),
        ({"batch_size": 1}, "batch_size"),
        ({"lr": 1}, "no such option"),
        ({"phases": [{"epoch": 3}]}, "epoch"),
        ({"phases": []}, "phases"),
    ],
)
def test_conflicts_and_nonsense_are_refused_by_name(options: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        config.build(options, "here")
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize(
    "text", ["augment", "=1", "phases.9.lr=1", "phases.x=1", "model.a.b=1", "augment=[", "nosuch=1"]
)
def test_assignments_that_lead_nowhere_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        recipes.resolve("default", assignments=[text])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"flags": {"batch_size": 1}}, "^--batch-size 1: "),
        ({"flags": {"continues": "r", "folds": 1}}, "^--folds 1: "),
        ({"flags": {"time_limit": "soon"}}, "^--time-limit soon: write it as 90s, 10m or 1.5h"),
        ({"flags": {"time_limit": "-3m"}}, "^--time-limit -3m: "),
        ({"flags": {"mixup": -1}}, "^mixup=-1: "),
        ({"flags": {"augmnt": "none"}}, r"^augmnt=none: there is no such option. Did you mean augment\?$"),
        ({"assignments": ["modell=resnet18"]}, r"^--set modell=resnet18: .*Did you mean model\?$"),
        ({"assignments": ["phases.1.epoch=3"]}, r"^--set phases.1.epoch=3: .*Did you mean epochs\?$"),
        ({"assignments": ["phases.1.lr=fast"]}, "^--set phases.1.lr=fast: "),
        ({"assignments": ["xyzzy=1"]}, "^--set xyzzy=1: there is no such option. Known: data, "),
        ({"epochs": -1}, "^--epochs -1: "),
        ({"lr": 0.0}, "^--lr 0.0: "),
    ],
)
def test_a_wrong_value_is_told_as_it_was_given(arguments: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        recipes.resolve("default", **arguments)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("7", 7), (3, 3), (None, None)]
)
def test_a_time_is_written_as_people_do(text: object, seconds: float | None) -> None:
    assert recipes.resolve("default", {"time_limit": text}).time_limit == seconds


def test_a_rate_for_a_recipe_without_steps_is_refused() -> None:
    with pytest.raises(UsageError, match="--lr"):
        recipes.resolve("probe", lr=1e-3)


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="default"):
        recipes.resolve("nosuch")


@pytest.mark.parametrize("content", ["a: [", "- 1", "\x00", "just words", ""])
def test_a_file_that_is_no_recipe_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(content)
    with pytest.raises(UsageError, match=r"r\.yaml"):
        recipes.resolve(str(tmp_path / "r.yaml"))


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("model: !!python/object/apply:os.system ['true']")
    with pytest.raises(UsageError):
        recipes.resolve(str(tmp_path / "r.yaml"))


@given(
    st.dictionaries(st.sampled_from([*Config.model_fields, "other"]), st.one_of(st.none(), st.integers(), st.text()))
)
def test_any_values_are_built_or_refused_plainly(values: dict) -> None:
    try:
        config.build(values, "here")
    except UsageError as error:
        assert str(error).startswith("here: ")


@given(st.floats(1e-6, 1), st.integers(0, 100), st.sampled_from(["all", "head", "last:2"]))
def test_phases_come_back_from_yaml(lr: float, epochs: int, train: str) -> None:
    import yaml

    made = Config(phases=[Phase(lr=lr, epochs=epochs, train=train)])
    assert config.build(yaml.safe_load(made.to_yaml()), "y") == made


@pytest.mark.parametrize("name", ["seed", "split_seed"])
@pytest.mark.parametrize("value", [2**70, 2**63, -(2**64)])
def test_a_seed_that_no_generator_takes_is_refused(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} {value}"):
        recipes.resolve("demo-scratch", {name: value}, [])
