import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sightline.errors import SightlineError
from sightline.report import run_report
from sightline.runs.documents.evaluation import Evaluation
from sightline.runs.folder import RunFolder

MakeRun = Callable[..., RunFolder]
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 77 * 131 }}", "a'b&amp;", "\u202eevil"]


class Outline(HTMLParser):
    """What a browser would see: tags with their attributes, the text, and whether every tag is closed."""

    VOID = ("meta", "img", "link", "br", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.words).split())

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.mark.parametrize(
    ("opened", "said"),
    [
        (1, "93.1 % (92.1–94.0) on 3,000 photos seen once"),
        (14, "93.1 % (92.1–94.0) on 3,000 photos seen 14 times"),
        (None, "93.1 % (92.1–94.0) on 3,000 photos"),
    ],
)
def test_the_headline(opened: int | None, said: str) -> None:
    figures = {"precision": 0.9, "recall": 0.9, "f1": 0.9, "support": 1500}
    evaluation = Evaluation(
        n=3000, accuracy=0.931, accuracy_ci95=(0.921, 0.94), macro_f1=0.93, weighted_f1=0.93,
        per_class={"a": figures, "b": figures}, confusion=((1400, 100), (107, 1393)), classes=("a", "b"),
        ece=0.01, log_loss=0.2, test_opened=opened,
    )  # fmt: skip
    assert evaluation.headline == said


def test_the_report_holds_every_section_and_what_it_is_about(finished: RunFolder) -> None:
    path = run_report.write(finished)
    assert path == finished.path / "report.html"
    text = path.read_text(encoding="utf-8")
    page = Outline(text)
    sections = [tag["id"] for tag in page.of("section")]
    assert sections == [
        *(
            "mistakes",
            "classes",
            "confidence",
            "doubt",
            "slices",
            "robustness",
            "reasons",
            "training",
            "data",
            "choices",
        )
    ]
    assert [link["href"] for link in page.of("a")][1:] == [f"#{name}" for name in sections]
    for said in (
        finished.known_evaluation().headline,
        "The photo that fooled it most",
        "Least sure",
        "macro average",
        "weighted average",
        "calibration error (ECE, 15 bins)",
        "Answer, unsure or unfamiliar",
        "the training photos that look most like it",
        "sea/half.jpg",
        "Left aside because unlabelled: pred.",
        "sightline train",
        "label_smoothing",
        "What augmentation did to the photos",
    ):
        assert said in page.said, said


def test_pictures_inside_the_page_are_there_at_once(finished: RunFolder) -> None:
    page = Outline(run_report.render(finished))
    assert page.of("img") and not [attrs for attrs in page.of("img") if "loading" in attrs]


def test_numbers_on_the_page_are_those_of_the_evaluation(finished: RunFolder) -> None:
    run = finished
    evaluation = run.known_evaluation()
    text = run_report.render(run)
    cells = re.findall(r'popovertarget="cell-(\d+)-(\d+)" aria-label="(\d+) of', text)
    shown = {(int(i), int(j)): int(n) for i, j, n in cells}
    expected = {(i, j): n for i, row in enumerate(evaluation.confusion) for j, n in enumerate(row) if n}
    assert shown == expected
    for figures in evaluation.per_class.values():
        assert f"{100 * figures.precision:.1f}\u00a0%" in text


def test_each_cell_opens_its_own_photos(finished: RunFolder) -> None:
    run = finished
    text = run_report.render(run)
    page = Outline(text)
    sheets = {tag["id"] for tag in page.of("div") if "popover" in tag}
    openers = {tag["popovertarget"] for tag in page.of("button") if "popovertargetaction" not in tag}
    assert sheets == openers and sheets
    table = run.predictions()
    wrong = table[(table["split"] == "test") & (table["label"] != table["predicted"])].iloc[0]
    i, j = (run.known_evaluation().classes.index(wrong[key]) for key in ("label", "predicted"))
    sheet = text[text.index(f'id="cell-{i}-{j}"') :]
    assert wrong["path"] in sheet[: sheet.index("</ul>")]


def test_the_page_is_self_contained(finished: RunFolder) -> None:
    text = run_report.render(finished)
    page = Outline(text)
    assert not re.search(r"(?i)https?:|url\(|@import|<script|<link|<iframe|javascript:", text)
    assert all(tag["src"].startswith("data:image/jpeg;base64,") for tag in page.of("img"))
    assert all(tag["href"].startswith("#") for tag in page.of("a"))
    assert all(tag.get("alt") for tag in page.of("img"))


def test_made_up_names_stay_text(make_run: MakeRun) -> None:
    classes = [name.replace("/", "∕") for name in HOSTILE]
    run = make_run(classes=classes, per_class=16, skill=2.0)
    page = Outline(run_report.render(run))
    assert not page.of("script")
    assert all(tag["src"].startswith("data:") for tag in page.of("img"))
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert "{{ 77 * 131 }}" in page.said and "10087" not in page.said
    assert "\u202e" not in page.said and "\\u202eevil" in page.said
    assert "<script>alert(1)<∕script>" in page.said


def test_photos_that_are_gone_leave_a_note(make_run: MakeRun) -> None:
    run = make_run()
    shutil.rmtree(run.known_dataset().root)
    page = Outline(run_report.render(run))
    assert page.of("img") == []
    assert "the photo is no longer there" in page.said


def test_a_bare_run_has_the_sections_that_its_files_allow(make_run: MakeRun) -> None:
    run = make_run(opened=None)
    for name in ("metrics.csv", "steps.csv", "problems.csv"):
        (run.path / name).unlink()
    sections = [tag["id"] for tag in Outline(run_report.render(run)).of("section")]
    assert sections == ["mistakes", "classes", "data", "choices"]


def test_a_test_set_opened_often_is_said(make_run: MakeRun) -> None:
    said = Outline(run_report.render(make_run(opened=14))).said
    assert "This test set has been opened 14 times: expect its best figure to flatter." in said


def test_two_classes_have_roc_and_precision_recall(make_run: MakeRun) -> None:
    page = Outline(run_report.render(make_run(classes=["healthy", "ill"], per_class=40, skill=1.5)))
    assert "two" in [tag["id"] for tag in page.of("section")]
    assert "Area under the ROC curve (AUC)" in page.said and "chosen on val" in page.said
    assert "ill is the positive class: by its name; --positive chooses the other." in page.said
    for name in ("sensitivity", "specificity", "positive predictive value", "negative predictive value"):
        assert name in page.said


def test_many_classes_keep_the_page_small(make_run: MakeRun) -> None:
    run = make_run(classes=[f"class {i:02}" for i in range(40)], per_class=8, skill=1.0)
    text = run_report.render(run)
    assert len(text) < 6_000_000
    assert "Of 40 classes these 12 have most mistakes" in Outline(text).said


def test_a_network_without_a_mistake(make_run: MakeRun) -> None:
    page = Outline(run_report.render(make_run(skill=60.0)))
    assert "It made no mistake on these photos" in page.said
    assert "The photo that fooled it most" not in page.said


def test_a_run_that_is_not_complete_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="--resume"):
        run_report.write(RunFolder.create(tmp_path / "run"))


def test_extras_of_a_later_version_do_no_harm(make_run: MakeRun) -> None:
    run = make_run(extras=True)
    for path in (run.path / "extras").iterdir():
        path.write_text(json.dumps({**json.loads(path.read_text()), "unknown": [1, 2]}))
    run_report.render(run)
