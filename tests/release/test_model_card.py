"""The model card is what the hub reads, says what the run knows, and invents nothing."""

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import ModelCard
from scipy.special import softmax

from sightline import config
from sightline.errors import SightlineError
from sightline.judging.assess import assess
from sightline.judging.figures import evaluate
from sightline.release import model_card
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.documents.extras import Cost, Damaged, Robustness
from sightline.runs.documents.trust import Intervals
from sightline.runs.folder import RunFolder
from sightline.system.files import write_json

CLASSES = ["forest", "a|b `c`*", "sea"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A complete run that mistakes sea for forest."""
    generator = np.random.default_rng(0)
    labels = np.arange(900) % 3
    logits = generator.normal(0, 1, (900, 3)) + 3 * np.eye(3)[labels]
    logits[labels == 2, 0] += 2.5
    p, names = softmax(logits, axis=1), np.array(CLASSES)
    run = RunFolder.create(tmp_path_factory.mktemp("runs") / "first_try")
    run.write_config(config.Config(model="resnet34"))
    samples = pd.DataFrame(
        {
            "path": [f"{i}.jpg" for i in range(900)],
            "label": names[labels],
            "split": np.where(np.arange(900) < 300, "val", "test"),
            "digest": [f"{i:064x}" for i in range(900)],
            "duplicate_group": np.arange(900),
        }
    )
    facts = DatasetFacts(name="hills_and_sea", root="/x", classes=CLASSES, duplicates=12, leaks=3)
    run.write_data(facts, samples, pd.DataFrame())
    table = samples[["path", "split", "label"]].assign(predicted=names[p.argmax(1)], familiar=np.arange(900) % 10 > 0)
    table = table.assign(**{f"p_{name}": p[:, i] for i, name in enumerate(CLASSES)})
    run.write_predictions(table)
    run.write_evaluation(evaluate(table[300:], CLASSES, test_opened=7))
    calibration = {"temperature": 1.3, "threshold": 0.2, "coverage": 0.95}
    write_json(run.model / "sightline.json", {"calibration": calibration, "origin": "the hub (timm/resnet34)"})
    run.write_extra(Cost(parameters=21_287_747))
    worse = Damaged(change="darkening", strength="strong", accuracy=0.41)
    run.write_extra(Robustness(rows=(worse,), clean=0.8))
    assess(run)
    return run


def test_the_hub_can_read_it(run):
    path = model_card.write(run, licence="apache-2.0", data_licence="CC BY 4.0")
    assert path == run.model / "README.md"
    card = ModelCard.load(path)
    assert card.data.pipeline_tag == "image-classification" and card.data.license == "apache-2.0"
    found = {result.metric_type: result.metric_value for result in card.data.eval_results}
    evaluation = run.known_evaluation()
    assert found["accuracy"] == pytest.approx(evaluation.accuracy, abs=1e-4)
    assert found["f1"] == pytest.approx(evaluation.macro_f1, abs=1e-4)
    assert {result.dataset_split for result in card.data.eval_results} == {"test"}


def test_it_says_what_the_run_knows(run):
    text = str(model_card.card(run))
    low, high = run.extra(Intervals).macro_f1
    for expected in (
        "on 600 photos seen 7 times",
        "expect its best figure to flatter",
        "0 train, 300 val, 600 test photos. 12 photos are copies",
        "3 test photos have a twin",
        "the hub (timm/resnet34)",
        "21,287,747 parameters",
        f"{100 * low:.1f}–{100 * high:.1f}",
        "`sea` called `forest`",
        "Worse than on all other photos: class sea, ",
        "forest and sea are mixed up most".capitalize(),
        "It knows sea least",
        "Always answering “forest” would be right on 33.3\u00a0%; it does better than that.",
        "darkening 41.0\u00a0%",
        "temperature 1.30",
        "95\u00a0% asked",
        "Licence of the photos: not known",
        'sightline.load("first_try/model")',
    ):
        assert expected in text, expected
    assert "license" not in text.split("---")[1]


def test_names_do_not_break_the_table(run):
    text = str(model_card.card(run))
    row = next(line for line in text.splitlines() if line.startswith("| a\\"))
    assert row.startswith("| a\\|b \\`c\\`\\* |")
    assert row.replace("\\|", "").count("|") == 7


def test_an_unfinished_run_has_no_card(tmp_path):
    with pytest.raises(SightlineError, match="--resume"):
        model_card.write(RunFolder(tmp_path))
