"""Every fault that was ever reported has a test: which one, and those that have no better place.

Where the reproductions are at hand, each of them must stand here.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from hostile_run import sightline

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "cases"
HELD_BY = {
    "deploy-weights-0600": "tests/hostile/test_all_cases.py::test_weights_may_be_read_by_whom_the_umask_lets",
    "disk-full-during-checkpoint": "tests/hostile/test_full_disk.py::test_at_any_moment",
    "disk-full-is-called-an-inside-error": "tests/hostile/test_full_disk.py::test_before_and_after_there_is_something",
    "exported-predictor-differs": "tests/release/test_export.py::test_odd_files_get_the_same_answer",
    "failed-start-blocks-the-retry": "tests/tasks/test_train.py::test_a_start_that_failed_leaves_nothing",
    "float-range-guess": "tests/hostile/test_photo_cases.py::test_a_hair_over_a_range_does_not_blacken",
    "messages-that-name-the-wrong-thing": "tests/hostile/test_all_cases.py::test_the_flag_that_was_given_is_named",
    "model-folder-internal-errors": "tests/hostile/test_model_folder.py::test_a_network_that_cannot_be_right",
    "model-folder-takes-all-memory": "tests/hostile/test_model_folder.py::test_a_network_that_cannot_be_right",
    "model-silent-wrong-answers": "tests/hostile/test_model_folder.py::test_a_description_that_cannot_be_right",
    "one-array-is-150-photos": "tests/hostile/test_photo_cases.py::test_one_array_is_one_photo",
    "one-damaged-run-breaks-the-board": "tests/web/library/test_damaged.py::test_a_damaged_run_is_one_damaged_row",
    "one-wrong-item-ends-the-batch": "tests/hostile/test_photo_cases.py::test_one_wrong_item_does_not_end_the_batch",
    "output-that-cannot-be-written": "tests/hostile/test_all_cases.py::test_a_place_that_cannot_be_written_is_named",
    "own-runs-become-a-class": "tests/hostile/test_data_cases.py::test_a_run_inside_the_data",
    "pickle-by-model-args": "tests/hostile/test_model_folder.py::test_no_file_is_opened_for_an_argument",
    "predict-hangs-on-scan-bomb": "tests/hostile/test_photo_cases.py::test_a_scan_bomb_is_a_row",
    "resume-ignores-options": "tests/test_options.py::test_resume_refuses_what_the_run_knows",
    "site-database-readable-by-all": "tests/web/test_privacy.py::test_nobody_else_reads_the_database",
    "site-one-run-hangs-all-models": "tests/web/answering/test_loading.py::test_a_run_that_never_loads_leaves_the_site",
    "site-scan-bomb-starves-everyone": "tests/web/test_decoders.py::test_one_client_holds_one_decoder",
    "split-names-become-classes": "tests/hostile/test_data_cases.py::test_split_folders_under_other_names",
    "unusable-table-is-not-mentioned": "tests/hostile/test_data_cases.py::test_tables_beside_a_heap_of_photos",
    "upload-disk-full-tells-paths": "tests/web/test_privacy.py::test_a_full_disk_is_507_and_a_line_in_the_log",
}
"""Case -> the test that holds it, by the beginning of its name; relatives stand beside it."""


def test_every_case_has_a_test() -> None:
    if not CASES.is_dir():
        pytest.skip("the reproductions are not on this machine")
    assert sorted(HELD_BY) == sorted(case.name for case in CASES.iterdir())


@pytest.mark.parametrize("case", HELD_BY)
def test_the_test_of_a_case_is_there(case: str) -> None:
    file, _, name = HELD_BY[case].partition("::")
    assert re.search(rf"^def {name}", (ROOT / file).read_text(), re.MULTILINE)


def test_weights_may_be_read_by_whom_the_umask_lets(run_path: Path) -> None:
    os.umask(mask := os.umask(0))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (run_path / "model").iterdir()}
    assert set(modes.values()) == {0o666 & ~mask}, modes


@pytest.mark.parametrize("place", ["/proc/x.csv", "/sys/x.csv", "{photo}/x.csv", "/dev/null/x.csv", "{run}"])
def test_a_place_that_cannot_be_written_is_named(run_path: Path, photo: Path, place: str, tmp_path: Path) -> None:
    found = sightline("predict", run_path, photo, "--out", place.format(photo=photo, run=run_path))
    assert found.is_plain and found.code in (1, 2) and not found.out
    assert place.rpartition("/")[0].format(photo=photo) in found.err
    assert "Predicting" not in found.err


@pytest.mark.parametrize("place", ["/proc/x", "/sys/x", "/dev/null", "{photo}", "{photo}/x"])
@pytest.mark.parametrize("command", ["explore", "audit", "explain", "export", "train", "lr"])
def test_a_folder_that_cannot_be_made_is_named(
    run_path: Path, scenes: Path, photo: Path, command: str, place: str
) -> None:
    out = place.format(photo=photo)
    of_run = {"explain": (run_path, photo), "export": (run_path,)}
    before = photo.read_bytes()
    found = sightline(command, *of_run.get(command, (scenes,)), "--out", out)
    assert found.is_plain and found.code in (1, 2)
    assert out in found.err and found.err.count("\n") == 1, found.err
    assert photo.read_bytes() == before


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--from", "nosuch"), "nosuch: there is no such folder"),
        (("--from", "{run}/model"), "is a model folder, not a run"),
        (("--from", "{photo}"), "is not a run"),
        (("--weights", "{photo}", "--model", "mobilenetv3_small_050"), "is not a file of weights"),
        (("--decisions", "{photo}"), "{photo}"),
        (("--recipe", "{photo}"), "{photo}"),
    ],
)
def test_the_flag_that_was_given_is_named(
    run_path: Path, scenes: Path, photo: Path, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    asked = [flag.format(run=run_path, photo=photo) for flag in flags]
    found = sightline("train", scenes, *asked, "--out", tmp_path / "run")
    assert found.is_plain and found.code in (1, 2)
    assert said.format(photo=photo.name) in found.err, found.err
    assert not re.search("weights_only|pickle|torch|Traceback", found.err)
    assert not (tmp_path / "run").exists()
