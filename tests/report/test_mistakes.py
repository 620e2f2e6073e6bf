import pandas as pd
import pytest

from sightline.report import mistakes

CLASSES = ["glacier", "mountain", "sea"]
ROWS = [  # path, label, p of each class
    ("a", "glacier", (0.9, 0.05, 0.05)),
    ("b", "glacier", (0.1, 0.8, 0.1)),
    ("c", "glacier", (0.02, 0.97, 0.01)),
    ("d", "mountain", (0.51, 0.48, 0.01)),
    ("e", "sea", (0.3, 0.3, 0.4)),
    ("f", "mountain", (0.2, 0.7, 0.1)),
]


@pytest.fixture
def found() -> list[mistakes.Answer]:
    table = pd.DataFrame([(path, label) for path, label, _ in ROWS], columns=["path", "label"]).assign(split="test")
    for k, name in enumerate(CLASSES):
        table[f"p_{name}"] = [p[k] for *_, p in ROWS]
    table["predicted"] = [CLASSES[max(range(3), key=lambda k: p[k])] for *_, p in ROWS]
    return mistakes.answers(table, CLASSES)


def test_an_answer_knows_its_runner_up(found: list[mistakes.Answer]) -> None:
    fourth = found[3]
    assert (fourth.predicted, fourth.confidence, fourth.second, fourth.of_second) == ("glacier", 0.51, "mountain", 0.48)
    assert not fourth.right and fourth.of_truth == 0.48
    assert fourth.described == "mountain, called glacier, 51.0\u00a0% sure"


def test_the_photo_that_fooled_it_most_comes_first(found: list[mistakes.Answer]) -> None:
    assert [answer.path for answer in mistakes.most_wrong(found)] == ["c", "b", "d"]


def test_the_least_sure_are_those_between_two_classes(found: list[mistakes.Answer]) -> None:
    assert [answer.path for answer in mistakes.least_sure(found, 2)] == ["d", "e"]


def test_cells_show_confident_mistakes_and_hesitant_right_answers(found: list[mistakes.Answer]) -> None:
    behind = mistakes.cells(found, CLASSES, most=1)
    assert behind[0, 1][0].path == "c"
    assert behind[1, 1][0].path == "f"
    assert (2, 0) not in behind


def test_one_photo_of_each_class_is_the_same_each_time(found: list[mistakes.Answer]) -> None:
    once, again = (mistakes.one_per_class(found, CLASSES) for _ in range(2))
    assert [answer.label for answer in once] == CLASSES
    assert once == again


def test_pairs_count_both_directions_and_are_ranked() -> None:
    ranked = mistakes.pairs([[10, 3, 0], [5, 10, 0], [1, 0, 9]], CLASSES)
    assert [(pair.a, pair.b, pair.there, pair.back) for pair in ranked] == [
        ("mountain", "glacier", 5, 3),
        ("sea", "glacier", 1, 0),
    ]
    assert ranked[0].total == 8


def test_a_large_matrix_keeps_the_classes_with_most_mistakes() -> None:
    confusion = [[9, 0, 0, 0], [0, 9, 0, 4], [0, 0, 9, 0], [1, 0, 0, 9]]
    assert mistakes.telling_classes(confusion, 2) == [1, 3]
    assert mistakes.telling_classes(confusion, 9) == [0, 1, 2, 3]


def test_one_class_alone_has_no_runner_up() -> None:
    table = pd.DataFrame([("a", "sea", "sea", 1.0)], columns=["path", "label", "predicted", "p_sea"])
    (answer,) = mistakes.answers(table, ["sea"])
    assert answer.right and answer.second == "sea"
