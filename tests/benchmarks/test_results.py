"""Raw measurements -> the page."""

import pytest

from stand import results


def rows(page, title):
    """The table below a heading, as lists of cells."""
    part = page.split(f"## {title}", 1)[1].split("## ", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]


def test_figures_stand_beside_their_ratios_round_by_round(session):
    table = rows(results.markdown(session, "run", "results.svg"), "Photos → tuned and tested, epochs: 3")
    assert table[0] == ["", "wall", "processor", "memory", "photos/s", "accuracy (95 %)"]
    ours, theirs = table[2], table[3]
    assert ours[:2] == ["**Sightline**", "11.0 s (10.0–12.0)"]
    # 40 / 10, 33 / 11 and 60 / 12: not the ratio of the medians, which is 3.64.
    assert theirs[:2] == ["fastai", "40.0 s (33.0–60.0) · 4.00× (3.00–5.00)"]
    assert ours[-1] == "90.0% (82.6–94.5)" and theirs[-1].startswith("80.0% (")


def test_one_photo_shows_both_percentiles(session):
    table = rows(results.markdown(session, "run", "results.svg"), "One photo at a time, warm")
    assert table[2][-1] == "6.0 ms (5.0–7.0) · 9.0 ms (9.0–9.0)"


def test_a_quiet_complete_run_carries_no_warning(session):
    page = results.markdown(session, "run", "results.svg")
    assert "No result" not in page and "Disturbed" not in page and "Incomplete" not in page
    assert "Not measured" not in page and "![What the tables say](results.svg)" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"busy_before": 0.42}, "No result: the machine was busy.** Others used 42% of it"),
        ({"complete": False}, "Incomplete"),
        ({"failures": [{"peer": "Keras", "phase": "setup", "reason": "no wheel"}]}, "- Keras, setup: no wheel"),
        ({"records": []}, "Nothing was measured"),
    ],
)
def test_what_a_reader_must_know_is_said(session, change, words):
    assert words in results.markdown(session | change, "run", "results.svg")


def test_how_each_peer_is_set_and_its_versions_are_told(session):
    page = results.markdown(session, "run", "results.svg")
    assert "- **fastai**: As its quick start has it. (python 3.11.7, torch 2.15.0)" in page


def test_measurements_beside_others_are_counted(session):
    session["records"][0]["others"] = 0.31
    page = results.markdown(session, "run", "results.svg")
    assert "Disturbed: 1 of 12 measurements" in page and "31%" in page


def test_of_random_values_only_the_speed_counts(session):
    for record in session["records"]:
        record["pretrained"] = record["short"] == "sightline"
    table = rows(results.markdown(session, "run", "results.svg"), "Photos → tuned and tested, epochs: 3")
    assert table[3][-1] == "random values: speed only"
    assert results.accuracy({0: session["records"][1]}) is None
