"""Folding: between words, never in a word, a figure or an interval."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline import recipes
from sightline.system.folding import fold
from sightline.system.words import NO_BREAK

WORD = st.text("abc–-.,%()/0123456789" + NO_BREAK, max_size=12).map(lambda word: f"a{word}b")
WORDS = st.lists(WORD, min_size=1, max_size=40)


@given(words=WORDS, width=st.integers(20, 100))
def test_each_word_stays_whole_and_no_line_is_wider(words: list[str], width: int) -> None:
    folded = fold(" ".join(words), width)
    assert [word for line in folded.split("\n") for word in line.split(" ") if word] == words
    assert max(map(len, folded.split("\n"))) <= width


def test_an_interval_and_a_figure_with_its_sign_go_down_as_one() -> None:
    text = f"It finds 96.3{NO_BREAK}% (92.3–95.4) of them."
    for width in range(20, len(text)):
        assert "(92.3–95.4)" in fold(text, width) and f"96.3{NO_BREAK}%" in fold(text, width)


def test_lines_keep_their_indent_and_what_follows_a_fold_is_indented_more() -> None:
    assert fold("a\n\n  b c", 4) == "a\n\n  b\n    c"


def test_a_path_that_is_longer_than_the_terminal_stays_in_one_piece() -> None:
    path = "/photos/" + "a-long-name/" * 9
    assert path in fold(f"Report: {path}", 40).replace("\n", " ").split()


@settings(max_examples=10)
@given(width=st.integers(20, 120))
def test_folded_yaml_says_the_same(width: int) -> None:
    for name in recipes.names():
        text = recipes.text(name)
        assert yaml.safe_load(fold(text, width)) == yaml.safe_load(text)
