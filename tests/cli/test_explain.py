"""`sightline explain` in words: what is said of one photo."""

from __future__ import annotations

from sightline.cli.explain import in_words
from sightline.judging.heat import Reason


def reason(heat: tuple[tuple[float, ...], ...], decision: str = "answer") -> Reason:
    return Reason(
        predicted="sea", confidence=0.912, decision=decision, familiar=0.4, explained="sea", heat=heat, neighbours=()
    )


def test_five_lines_with_the_path_say_it() -> None:
    said = in_words(reason(((1.0, 0.0), (0.0, 0.0))))
    assert said == [
        "Answer: sea, 91.2\N{NO-BREAK SPACE}% sure",
        "Decision: answer: sure enough to be relied on",
        "Looked at, for sea: mostly the upper left part; half of the weight lies on 25\N{NO-BREAK SPACE}% of the photo",
        "Like training photos of: none is remembered",
    ]


def test_the_place_and_the_decision_are_put_into_words() -> None:
    assert "the lower right part" in in_words(reason(((0.0, 0.0), (0.0, 1.0))))[2]
    assert "the upper part" in in_words(reason(((1.0, 1.0), (0.0, 0.0))))[2]
    assert "the left part" in in_words(reason(((1.0, 0.0), (1.0, 0.0))))[2]
    assert "the middle" in in_words(reason(((1.0, 1.0), (1.0, 1.0))))[2]
    assert "nothing in particular" in in_words(reason(((0.0, 0.0), (0.0, 0.0))))[2]
    assert "may mean nothing" in in_words(reason(((1.0,),), "unfamiliar"))[1]
