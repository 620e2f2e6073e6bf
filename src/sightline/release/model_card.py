"""RUN/model/README.md: the model card, in the form of the Hugging Face hub, filled from the run.

Model cards (Mitchell et al. 2019) say what a model is for, what it was measured on and where it fails. Everything here
comes from the run folder; what the run cannot know is left to its owner in plain words, not made up.
"""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from sightline.config import Config
from sightline.judging import claims
from sightline.judging.two_classes import sentence
from sightline.models.documents import Calibrated, Described
from sightline.runs.documents.dataset import DatasetFacts
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.documents.extras import Cost, Folds, Robustness
from sightline.runs.documents.trust import Calibration, Conformal, Familiar, Intervals, Slices, Trust
from sightline.runs.documents.two_classes import TwoClasses
from sightline.runs.folder import RunFolder
from sightline.system import words
from sightline.system.files import write_text
from sightline.system.words import percent, span
from sightline.trust.decision import Decision
from sightline.version import __version__


def write(run: RunFolder, licence: str | None = None, data_licence: str | None = None) -> Path:
    """Write RUN/model/README.md and return its path.

    Args:
        run: a complete run whose extras `assess` has written.
        licence: of the model, an identifier of the hub such as "apache-2.0"; None: left to the owner.
        data_licence: of the photos, in words; None: unknown.

    Raises:
        SightlineError: the run is not complete.
    """
    path = run.model / "README.md"
    write_text(path, str(card(run, licence, data_licence)))
    return path


def card(run: RunFolder, licence: str | None = None, data_licence: str | None = None) -> ModelCard:
    """The model card of a complete run.

    Args:
        run: see `write`.
        licence: see `write`.
        data_licence: see `write`.

    Raises:
        SightlineError: the run is not complete, or one of its files is damaged.
    """
    evaluation, dataset = run.known_evaluation(), run.known_dataset()
    name = run.name
    results = [
        EvalResult(
            task_type="image-classification",
            dataset_type="imagefolder",
            dataset_name=dataset.name,
            dataset_split="test",
            metric_type=kind,
            metric_name=title,
            metric_value=round(figure, 4),
        )
        for kind, title, figure in (
            ("accuracy", "Accuracy", evaluation.accuracy),
            ("f1", "Macro F1", evaluation.macro_f1),
            ("expected_calibration_error", "ECE, 15 bins", evaluation.ece),
        )
    ]
    data = ModelCardData(
        model_name=name,
        library_name="timm",
        pipeline_tag="image-classification",
        tags=["image-classification", "timm", "sightline"],
        license=licence,
        eval_results=results,
    )
    sections = [
        f"# {_plain(name)}",
        _summary(run, evaluation),
        _intended(dataset),
        _data(run, dataset, data_licence),
        _figures(run, evaluation),
        _failures(run, evaluation),
        _confidence(run),
        _loading(run, run.config()),
    ]
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n", ignore_metadata_errors=True)


def _summary(run: RunFolder, evaluation: Evaluation) -> str:
    cost, trust, members = run.extra(Cost), run.extra(Trust), _model(run).members
    network = _architecture(run) or run.config().model or "a timm network"
    size = f" with {cost.parameters:,} parameters" if cost else ""
    size += f" in {members} networks, whose scores are averaged" if members else ""
    text = f"An image classifier: {_code(network)}{size}, trained by Sightline {__version__}.\n\n"
    text += f"**{evaluation.headline}** of its test part, which chose nothing. "
    text += _plain(claims.guess(evaluation, run.extra(Intervals)).sentence)
    return text + (f" Mind that {trust.warning}" if trust and trust.warning else "")


def _intended(dataset: DatasetFacts) -> str:
    classes = ", ".join(_code(name) for name in dataset.classes)
    return (
        "## Intended use\n\n"
        f"Telling apart photos of these {len(dataset.classes)} kinds: {classes}. It always names one of them, "
        "also for a photo of something else; heed the decision that comes with each answer (below). Photos of another "
        "origin than the training data may fare worse than the figures here. It was not examined for "
        "decisions about people."
    )


def _data(run: RunFolder, dataset: DatasetFacts, data_licence: str | None) -> str:
    counts = run.samples()["split"].value_counts()
    named = ("train", "test") if _is_ensemble(run) else ("train", "val", "test")
    parts = ", ".join(f"{int(counts.get(split, 0)):,} {split}" for split in named)
    duplicates = f" {dataset.duplicates:,} photos are copies or near copies of others." if dataset.duplicates else ""
    leaks = f" {dataset.leaks:,} test photos have a twin in train or val, as the data came." if dataset.leaks else ""
    origin = _plain(_model(run).origin or "unknown")
    return (
        f"## Training data\n\nDataset {_code(dataset.name)}: {parts} photos.{duplicates}{leaks}\n\n"
        f"- Licence of the photos: {data_licence or 'not known to the tool; ask who gave you the photos'}\n"
        f"- Weights at the start: {origin}"
    )


def _figures(run: RunFolder, evaluation: Evaluation) -> str:
    known = run.extra(Intervals)
    rows = [
        ("accuracy", evaluation.accuracy, evaluation.accuracy_ci95),
        ("macro F1", evaluation.macro_f1, known.macro_f1 if known else None),
        ("weighted F1", evaluation.weighted_f1, known.weighted_f1 if known else None),
    ]
    text = f"## Figures\n\nOn {evaluation.n:,} test photos, with 95 % intervals.\n\n"
    text += "| figure | value | interval |\n|---|---|---|\n"
    text += "\n".join(f"| {name} | {percent(value)} | {span(limit)} |" for name, value, limit in rows)
    text += "\n\n| class | photos | precision | recall | F1 | interval of F1 |\n|---|---|---|---|---|---|\n"
    limits = {name: row.f1 for name, row in known.per_class.items()} if known else {}
    return text + "\n".join(
        f"| {_plain(name)} | {row.support:,} | {percent(row.precision)} | {percent(row.recall)} | {percent(row.f1)} "
        f"| {span(limits.get(name))} |"
        for name, row in evaluation.per_class.items()
    )


def _failures(run: RunFolder, evaluation: Evaluation) -> str:
    classes, matrix = evaluation.classes, evaluation.confusion
    cells = [
        (matrix[i][j], -i, -j) for i in range(len(classes)) for j in range(len(classes)) if i != j and matrix[i][j]
    ]
    known = run.extra(Intervals)
    lines = [f"- {_plain(claims.mixed_up(matrix, classes, known))}."] if cells else []
    said = claims.extremes(evaluation, known).sentence
    lines += [f"- {_plain(said)}"] if said and cells else []
    top = sorted(cells, reverse=True)[:3]
    lines += [f"- {_code(classes[-i])} called {_code(classes[-j])}: {words.many(n, 'time')}" for n, i, j in top]
    if len(cells) > len(top):
        rest = sum(n for n, _, _ in cells) - sum(n for n, _, _ in top)
        lines.append(f"- {words.many(rest, 'more mistake')} of {words.many(len(cells) - len(top), 'other kind')}")
    sliced, robust = run.extra(Slices), run.extra(Robustness)
    if sliced:
        lines += [f"- {_plain(sliced.worst)}"] if sliced.worst else []
    strong = [row for row in robust.rows if row.strength == "strong"] if robust else []
    if strong:
        harms = sorted(strong, key=lambda row: row.accuracy)
        lines.append("- On strongly damaged photos: " + ", ".join(f"{r.change} {percent(r.accuracy)}" for r in harms))
    return "## Where it fails\n\n" + ("\n".join(lines) or "- No mistake was made on the test photos.")


def _confidence(run: RunFolder) -> str:
    calibration, sets = run.extra(Calibration), run.extra(Conformal)
    trust, familiar, two = run.extra(Trust), run.extra(Familiar), run.extra(TwoClasses)
    held = "photos held out" if _is_ensemble(run) else "val"
    lines = []
    if calibration:
        after = calibration.after
        lines.append(
            f"- Calibration: ECE {percent(after.ece)}, where chance alone reaches {percent(after.ece_by_chance)}; "
            f"temperature {words.number(calibration.temperature)}, fitted on {held} and built into every answer."
        )
    if sets:
        lines.append(
            f"- Prediction sets: {percent(sets.asked, 0)} asked, {percent(sets.coverage)} "
            f"({span(sets.coverage_ci95)}) covered on test, {words.number(sets.mean_size)} classes on average. "
            f"{_plain(claims.by_class(sets))}".rstrip()
        )
    if two:
        lines.append(
            f"- Two classes, {_code(two.positive)} the positive one ({_plain(two.why)}): {_plain(sentence(two))}"
        )
        area, average = (
            f"{percent(a)} ({span(b)})"
            for a, b in (
                (two.auc, two.auc_ci95),
                (two.average_precision, two.average_precision_ci95),
            )
        )
        lines.append(f"- AUC {area}, average precision {average}.")
    if familiar:
        lines.append(
            f"- Familiarity: {percent(familiar.test_kept)} of the test photos were found like those in training."
        )
    meanings: dict[Decision, str] = {
        "answer": "answered",
        "unsure": "several classes left",
        "unfamiliar": "unlike training",
    }
    for name, meaning in meanings.items():
        row = trust.decisions.get(name) if trust else None
        if row and row.n:
            lines.append(f"- Decision `{name}` ({meaning}): {row.n:,} test photos, {percent(row.accuracy)} right.")
    return "## How sure it is\n\n" + ("\n".join(lines) or "- Not measured.")


def _loading(run: RunFolder, config: Config) -> str:
    text = (
        "## How to load it\n\n```python\nimport sightline\n\n"
        f'model = sightline.load("{run.name}/model")\nmodel.predict(["photo.jpg"])\n```'
    )
    if config.head == "linear":
        folder = "FOLDER/member-1" if config.ensemble else "FOLDER"
        text += (
            "\n\nWith timm alone (no calibration, no decisions; a network of Sightline's own needs `sightline`):\n\n"
            f'```python\nimport timm\n\nmodel = timm.create_model("local-dir:{folder}", pretrained=True)\n```'
        )
    return text


def _is_ensemble(run: RunFolder) -> bool:
    folds = run.extra(Folds)
    return folds is not None and folds.ensemble


def _model(run: RunFolder) -> Calibrated:
    path = run.model / "sightline.json"
    return Calibrated.read(path) if path.is_file() else Calibrated()


def _architecture(run: RunFolder) -> str:
    path = run.model / "config.json"
    return Described.read(path).architecture if path.is_file() else ""


def _plain(text: str) -> str:
    """A name inside a sentence of Markdown, none of whose characters mean anything."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>#|" else " " if c in "\r\n" else c for c in text)


def _code(text: str) -> str:
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"
