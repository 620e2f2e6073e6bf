"""Manifests: columns by any usual name, photos only from inside, every bad row named."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sightline.data.reading import paths
from sightline.data.reading.manifest import find_manifest, read_manifest
from sightline.data.reading.rows import open_table
from sightline.errors import SightlineError
from sightline.system.files import write_table


def photos(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name, "JPEG")


def manifest(root: Path, text: str, name: str = "labels.csv"):
    (root / name).write_text(text, encoding="utf-8")
    return read_manifest(open_table(root / name), "set")


def problems(dataset) -> list[tuple[str, str, str]]:
    return [(row.path, row.problem, row.detail) for row in dataset.problems.itertuples()]


def test_path_and_label(tmp_path):
    photos(tmp_path, "a/1.jpg", "b 2.jpg")
    dataset = manifest(tmp_path, "path,label\na/1.jpg,cat\nb 2.jpg,dog\n")
    assert dataset.samples.to_dict("list") == {
        "path": ["a/1.jpg", "b 2.jpg"],
        "label": ["cat", "dog"],
        "split": ["", ""],
        "group": ["", ""],
    }
    assert dataset.classes == ("cat", "dog")
    assert dataset.root == tmp_path
    assert len(dataset.problems) == 0


def test_split_and_group(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    text = "path,label,split,group\n1.jpg,a,Train,p1\n2.jpg,b,valid,p2\n3.jpg,a,TEST,\n4.jpg,b,,p2\n"
    dataset = manifest(tmp_path, text)
    assert list(dataset.samples["split"]) == ["train", "val", "test", ""]
    assert list(dataset.samples["group"]) == ["p1", "p2", "", "p2"]


@pytest.mark.parametrize(
    ("header", "order"),
    [
        ("filename,class", "pl"),
        ("File Name,Target", "pl"),
        ("image,category", "pl"),
        ("label,file", "lp"),
        ("class-name,IMG_PATH", "lp"),
    ],
)
def test_headers_may_be_called_otherwise(tmp_path, header, order):
    photos(tmp_path, "1.jpg", "2.jpg")
    rows = [("1.jpg", "cat"), ("2.jpg", "dog")]
    body = "\n".join(",".join(row if order == "pl" else row[::-1]) for row in rows)
    assert list(manifest(tmp_path, f"{header}\n{body}\n").samples["label"]) == ["cat", "dog"]


def test_whole_numbers_are_labels_too(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    pd.DataFrame({"path": ["1.jpg", "2.jpg", "3.jpg"], "label": [0, 10, 2]}).to_parquet(tmp_path / "m.parquet")
    dataset = read_manifest(open_table(tmp_path / "m.parquet"), "set")
    assert list(dataset.samples["label"]) == ["0", "10", "2"]
    assert dataset.classes == ("0", "10", "2")


def test_rows_that_cannot_be_used_are_named_with_their_number(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg", "4.jpg")
    (tmp_path / "folder").mkdir()
    text = "path,label\n1.jpg,cat\n2.jpg,dog\n3.jpg,cat\n4.jpg,\n,dog\nfolder,cat\n5.jpg,  \n"
    dataset = manifest(tmp_path, text)
    assert list(dataset.samples["path"]) == ["1.jpg", "2.jpg"]
    assert problems(dataset) == [
        ("4.jpg", "no label", "labels.csv row 5: the label is empty"),
        ("labels.csv row 6", "no path", "the row names no photo"),
        ("5.jpg", "no label", "labels.csv row 8: the label is empty"),
        ("3.jpg", "missing", "labels.csv row 4: there is no such file"),
        ("folder", "unreadable", "labels.csv row 7: not a file"),
    ]


def test_a_photo_that_is_listed_twice(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    text = "1.jpg,cat,\n2.jpg,dog,\n./1.jpg,cat,\n3.jpg,cat,\n3.jpg,dog,\n4.jpg,cat,train\n4.jpg,cat,test\n"
    dataset = manifest(tmp_path, "path,label,split\n" + text)
    assert list(dataset.samples["path"]) == ["1.jpg", "2.jpg"]
    assert problems(dataset) == [
        ("1.jpg", "listed twice", "labels.csv rows 2, 4: the same each time"),
        ("3.jpg", "two labels", "labels.csv rows 5, 6: cat, dog"),
        ("4.jpg", "listed twice", "labels.csv rows 7, 8: in different splits or groups"),
    ]


@pytest.mark.parametrize(
    "path",
    ["../secret.jpg", "a/../../secret.jpg", "..", "/etc/passwd", "C:\\secret.jpg", "..\\secret.jpg", "C:/secret.jpg"],
)
def test_photos_outside_the_manifests_folder_are_refused(tmp_path, path):
    photos(tmp_path, "secret.jpg", "data/1.jpg")
    with pytest.raises(SightlineError, match=r"row 3: .* lies outside the manifest's folder") as error:
        manifest(tmp_path / "data", f"path,label\n1.jpg,cat\n{path},dog\n")
    assert len(str(error.value).splitlines()) == 2


def test_absolute_paths_inside_are_fine_and_links_are_ones_own(tmp_path):
    photos(tmp_path, "data/1.jpg", "elsewhere/2.jpg")
    (tmp_path / "data" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    text = f"path,label\n{tmp_path}/data/1.jpg,cat\nmore/2.jpg,dog\n"
    assert list(manifest(tmp_path / "data", text).samples["path"]) == ["1.jpg", "more/2.jpg"]
    assert list(manifest(tmp_path / "link", text).samples["path"]) == ["1.jpg", "more/2.jpg"]


def test_paths_from_windows(tmp_path):
    photos(tmp_path, "cats/1.jpg", "dogs/2.jpg")
    assert list(manifest(tmp_path, "path,label\ncats\\1.jpg,cat\n.\\dogs\\2.jpg,dog\n").samples["path"]) == [
        "cats/1.jpg",
        "dogs/2.jpg",
    ]


def test_spaces_around_cells(tmp_path):
    photos(tmp_path, "1.jpg", " 2.jpg")
    assert list(manifest(tmp_path, "path, label\n1.jpg , cat\n 2.jpg,  big   dog\n").samples["label"]) == [
        "big dog",
        "cat",
    ]


def test_an_unlabelled_part_is_left_aside(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg")
    dataset = manifest(tmp_path, "path,label,split\n1.jpg,cat,train\n2.jpg,dog,train\n3.jpg,,pred\n4.jpg,,pred\n")
    assert dataset.set_aside == ("labels.csv: 2 rows of split 'pred'",)
    assert len(dataset) == 2


def test_a_class_whose_photos_are_all_missing_is_still_known(tmp_path):
    photos(tmp_path, "1.jpg")
    dataset = manifest(tmp_path, "path,label\n1.jpg,cat\n2.jpg,dog\n")
    assert dataset.classes == ("cat", "dog")
    assert dataset.counts().loc["dog"].sum() == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.jpg,cat\n2.jpg,dog\n", "no column for the photos. It has: 1.jpg, cat"),
        ("path,colour\n1.jpg,red\n", "no column for the label"),
        ("path,label\n", "no row has both"),
        ("path,label\n,\n1.jpg,\n", "no row has both"),
        ("path,label\n7.jpg,cat\n8.jpg,dog\n", "none of its 2 photos is there; the first, '7.jpg', was looked for in"),
        ("path,label,split\n1.jpg,cat,elsewhere\n", "row 2: split 'elsewhere' is none"),
    ],
)
def test_what_is_no_manifest_says_why(tmp_path, text, message):
    photos(tmp_path, "1.jpg")
    with pytest.raises(SightlineError, match=message):
        manifest(tmp_path, text)


def test_a_path_with_a_zero_byte(tmp_path):
    photos(tmp_path, "1.jpg")
    rows = [{"path": "1.jpg", "label": "a"}, {"path": "1\0.jpg", "label": "b"}, {"path": "1\ud800", "label": "\ud800"}]
    dataset = manifest(tmp_path, "\n".join(json.dumps(row) for row in rows), "labels.jsonl")
    assert list(dataset.samples["path"]) == ["1.jpg"]
    assert [problem for _, problem, _ in problems(dataset)] == ["no path", "missing"]


def test_the_manifest_in_a_folder(tmp_path):
    def find():
        return find_manifest(sorted(tmp_path.iterdir())).manifest

    assert find() is None
    (tmp_path / "findings.csv").write_text("path,label\n1.jpg,cat\n")  # not a usual name: an audit wrote it
    (tmp_path / "index.csv").write_text("a,b\n1,2\n")  # a table of something else
    (tmp_path / "data.csv").write_bytes(b"\xff\xfe\xfd")  # not a table
    assert find() is None
    (tmp_path / "metadata.csv").write_text("file_name,label\n1.jpg,cat\n")
    assert find().path == tmp_path / "metadata.csv"
    (tmp_path / "labels.tsv").write_text("path\tlabel\n1.jpg\tcat\n")
    with pytest.raises(SightlineError, match=r"several manifests, metadata.csv and labels.tsv"):
        find()


text = st.text(max_size=12)


@settings(max_examples=50)
@given(st.lists(st.tuples(text, text, st.sampled_from(["", "train", "test", "x"]), text), max_size=6))
def test_any_cells_give_a_dataset_or_a_plain_error(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("m")
    photos(root, "ok.jpg", "ok2.jpg")
    out = io.StringIO()
    csv.writer(out).writerows(
        [("path", "label", "split", "group"), ("ok.jpg", "a", "", ""), ("ok2.jpg", "b", "", ""), *rows]
    )
    try:
        (root / "m.csv").write_text(out.getvalue(), encoding="utf-8", newline="")
    except UnicodeEncodeError:
        return
    try:
        dataset = read_manifest(open_table(root / "m.csv"), "set")
    except SightlineError:
        return
    for path in dataset.samples["path"]:
        assert (root / path).resolve().is_relative_to(root.resolve())
        assert (root / path).is_file()
    assert set(dataset.samples["label"]) <= set(dataset.classes)
    dataset.samples.to_parquet(root / "out.parquet")
    dataset.problems.to_parquet(root / "problems.parquet")


inside = st.text("ab./\\ C:", min_size=1, max_size=14)


@settings(max_examples=60)
@given(inside)
def test_no_path_leads_out(tmp_path_factory, path):
    root = tmp_path_factory.getbasetemp() / "inside" / "data"
    photos(root, "ok.jpg")
    photos(root.parent, "a", "b")
    rows = [{"path": "ok.jpg", "label": "x"}, {"path": path, "label": "y"}]
    try:
        dataset = manifest(root, "\n".join(json.dumps(row) for row in rows), "m.jsonl")
    except SightlineError:
        return
    assert all((root / sample).resolve().is_relative_to(root.resolve()) for sample in dataset.samples["path"])


def test_is_valid_says_what_is_for_validation(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    dataset = manifest(tmp_path, "image,label,is_valid\n1.jpg,a,False\n2.jpg,b,True\n3.jpg,a,\n")
    assert list(dataset.samples["split"]) == ["train", "val", ""]
    with pytest.raises(SightlineError, match="row 2: split 'perhaps' is none"):
        manifest(tmp_path, "image,label,is_valid\n1.jpg,a,perhaps\n")


@pytest.mark.parametrize(
    ("header", "cells", "splits"),
    [
        ("Usage", ("Training", "PublicTest", "PrivateTest"), ("train", "test", "test")),
        ("dataset", ("train", "val", "TEST"), ("train", "val", "test")),
        ("phase", ("Trainingsdaten", "validación", "测试集"), ("train", "val", "test")),
        ("fold", ("train", "", "test"), ("train", "", "test")),
        ("is_test", ("0", "1", "no"), ("train", "test", "train")),
        ("is_train", ("TRUE", "FALSE", "x"), ("train", "test", "train")),
        ("is_valid,is_test", ("0,0", "1,0", "0,1"), ("train", "val", "test")),
    ],
)
def test_splits_under_other_headers(tmp_path, header, cells, splits):
    photos(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    rows = "".join(f"{n}.jpg,a,{cell}\n" for n, cell in enumerate(cells, 1))
    dataset = manifest(tmp_path, f"image,label,{header}\n{rows}")
    assert tuple(dataset.samples["split"]) == splits
    assert len(dataset.problems) == 0


@pytest.mark.parametrize(("header", "cells"), [("fold", (0, 1, 2)), ("kfold", (1, 1, 2)), ("dataset", ("x", "y", "z"))])
def test_a_column_that_could_be_the_split_but_names_none_is_named(tmp_path, header, cells):
    photos(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    rows = "".join(f"{n}.jpg,a,{cell}\n" for n, cell in enumerate(cells, 1))
    dataset = manifest(tmp_path, f"image,label,{header}\n{rows}")
    assert set(dataset.samples["split"]) == {""}
    ((path, problem, detail),) = problems(dataset)
    assert (path, problem) == ("labels.csv", "no split") and repr(header) in detail


def test_a_column_that_names_no_split_leaves_it_to_another_that_does(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg")
    dataset = manifest(tmp_path, "image,label,fold,is_valid\n1.jpg,a,0,0\n2.jpg,b,3,1\n")
    assert list(dataset.samples["split"]) == ["train", "val"]
    assert [problem for _, problem, _ in problems(dataset)] == ["class missing", "class missing", "no split"]


def test_a_column_that_names_some_splits_and_some_nonsense_is_wrong(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg")
    with pytest.raises(SightlineError, match="row 3: split 'x' is none"):
        manifest(tmp_path, "image,label,usage\n1.jpg,a,train\n2.jpg,b,x\n")


def test_two_columns_of_one_name_are_not_chosen_from(tmp_path):
    photos(tmp_path, "1.jpg")
    with pytest.raises(SightlineError, match="2 columns are called 'label'"):
        manifest(tmp_path, "path,label,label\n1.jpg,a,b\n")


def test_labels_that_differ_only_in_case_are_named(tmp_path):
    photos(tmp_path, *(f"{n}.jpg" for n in range(4)))
    dataset = manifest(tmp_path, "path,label\n0.jpg,Cat\n1.jpg,cat\n2.jpg,dog\n3.jpg,CAT\n")
    assert dataset.classes == ("CAT", "Cat", "cat", "dog")
    ((path, problem, detail),) = problems(dataset)
    assert (path, problem) == ("CAT", "alike names") and "'Cat' and 'cat' differ only in case" in detail


@pytest.mark.parametrize(
    "form",
    [
        "/kaggle/input/pets/{}",
        "/content/drive/MyDrive/a b/{}",
        "C:\\Users\\me\\pets\\{}",
        "D:/pets/{}",
        "file:///home/me/{}",
        " /home/me/../you/{}",
    ],
)
def test_whole_paths_of_another_machine(tmp_path, form):
    photos(tmp_path, "images/1.jpg", "images/2.jpg", "1.jpg")
    rows = "".join(form.format(f"images/{n}.jpg") + f",{n}\n" for n in (1, 2, 3))
    dataset = manifest(tmp_path, f"path,label\n{rows}".replace("\\images/", "\\images\\"))
    assert list(dataset.samples["path"]) == ["images/1.jpg", "images/2.jpg"]
    assert problems(dataset) == [("images/3.jpg", "missing", "labels.csv row 4: there is no such file")]


@pytest.mark.parametrize(
    "odd", ["/etc/passwd", "/kaggle/input/../../etc/passwd", "../images/1.jpg", "/else/images/1.jpg"]
)
def test_a_path_from_another_place_than_the_others_is_not_read(tmp_path, odd):
    photos(tmp_path, "images/1.jpg", "passwd")
    with pytest.raises(SightlineError, match=r"row 3: .* lies outside"):
        manifest(tmp_path, f"path,label\n/kaggle/input/images/1.jpg,a\n{odd},b\n")


def test_addresses_are_not_fetched(tmp_path):
    photos(tmp_path, "1.jpg")
    with pytest.raises(SightlineError, match=r"row 3: 'https://x\.org/2\.jpg' is an address"):
        manifest(tmp_path, "path,label\n1.jpg,a\nhttps://x.org/2.jpg,b\n")


def test_an_id_that_several_photos_bear_is_asked_about(tmp_path):
    photos(tmp_path, "train/a.jpg", "train/a.png", "train/b.jpg")
    with pytest.raises(SightlineError, match=r"'a' could be 'train/a\.jpg', 'train/a\.png'"):
        manifest(tmp_path, "id,label\na,x\nb,y\n")


def test_where_nothing_is_found_a_photo_that_is_there_is_shown(tmp_path):
    photos(tmp_path, "train/00001.jpg")
    with pytest.raises(SightlineError, match=r"'1', was looked for in .*, where 'train/00001\.jpg' is one"):
        manifest(tmp_path, "id,label\n1,x\n2,y\n")


@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "0"), ("1.0", "0.0"), ("True", "false"), ("1", ""), ("YES", "no"), ("x", ""), ("1", "-1"), ("✓", "-")],
)
def test_a_column_for_each_class(tmp_path, yes, no):
    photos(tmp_path, "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    text = f"image,cat,dog\n1.jpg,{yes},{no}\n2.jpg,{no},{yes}\n3.jpg,{yes},{yes}\n4.jpg,{no},{no}\n"
    dataset = manifest(tmp_path, text)
    assert dataset.samples[["path", "label"]].to_numpy().tolist() == [["1.jpg", "cat"], ["2.jpg", "dog"]]
    assert problems(dataset) == [
        ("3.jpg", "two labels", "labels.csv row 4: cat, dog"),
        ("4.jpg", "no label", "labels.csv row 5: the label is empty"),
    ]


@pytest.mark.parametrize("numbering", ["", "Unnamed: 0", "index"])
def test_a_column_that_counts_the_rows_is_no_class(tmp_path, numbering):
    photos(tmp_path, "1.jpg", "2.jpg")
    dataset = manifest(tmp_path, f"{numbering},image,cat,dog\n0,1.jpg,1,0\n1,2.jpg,0,1\n")
    assert dataset.samples[["path", "label"]].to_numpy().tolist() == [["1.jpg", "cat"], ["2.jpg", "dog"]]


def test_columns_that_are_no_classes_are_no_labels(tmp_path):
    photos(tmp_path, "1.jpg")
    with pytest.raises(SightlineError, match=r"no column for the label\. It has: image, width, height"):
        manifest(tmp_path, "image,width,height\n1.jpg,640,480\n")


@pytest.mark.parametrize("folder", ["images", "train", "deep/down"])
def test_photos_in_a_folder_beside_and_ids_without_suffix(tmp_path, folder):
    photos(tmp_path, f"{folder}/a1.jpg", f"{folder}/b2.png", "test/c3.jpg")
    dataset = manifest(tmp_path, "id,breed\na1,cat\nb2,dog\nd4,cat\n", "train.csv")
    assert dataset.samples[["path", "label"]].to_numpy().tolist() == [
        [f"{folder}/a1.jpg", "cat"],
        [f"{folder}/b2.png", "dog"],
    ]
    assert problems(dataset) == [("d4", "missing", "train.csv row 4: there is no such file")]


def test_two_folders_that_could_be_meant_are_asked_about(tmp_path):
    photos(tmp_path, "small/1.jpg", "large/1.jpg")
    with pytest.raises(
        SightlineError, match=r"could be those in (small|large)/, (small|large)/\.\nSay which with --images"
    ):
        manifest(tmp_path, "image,label\n1.jpg,a\n")
    table = open_table(tmp_path / "labels.csv")
    dataset = read_manifest(table, "set", tmp_path / "large")
    assert (dataset.root, list(dataset.samples["path"])) == (tmp_path / "large", ["1.jpg"])


def test_paths_may_not_lead_out_of_the_images_either(tmp_path):
    photos(tmp_path, "images/1.jpg", "secret.jpg")
    (tmp_path / "labels.csv").write_text("image,label\n1.jpg,a\n../secret.jpg,b\n")
    with pytest.raises(SightlineError, match=r"row 3: '\.\./secret\.jpg' lies outside"):
        read_manifest(open_table(tmp_path / "labels.csv"), "set", tmp_path / "images")


def test_many_rows_about_few_photos(tmp_path):
    photos(tmp_path, "1.jpg", "2.jpg")
    rows = pd.DataFrame({"path": [f"{n % 2 + 1}.jpg" for n in range(200_000)], "label": ["a", "b"] * 100_000})
    rows.to_parquet(tmp_path / "m.parquet")
    dataset = read_manifest(open_table(tmp_path / "m.parquet"), "set")
    assert list(dataset.samples["label"]) == ["a", "b"]
    assert [row.detail for row in dataset.problems.itertuples()] == [
        f"m.parquet rows {first}, {first + 2}, {first + 4}, {first + 6}, {first + 8}, …: the same each time"
        for first in (1, 2)
    ]


def test_a_folder_of_many_photos_is_listed_and_looks_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_MANY", 3)
    photos(tmp_path, *(f"a/{n}.jpg" for n in range(6)))
    (tmp_path / "a" / "folder.jpg").mkdir()
    (tmp_path / "a" / "link.jpg").symlink_to(tmp_path / "a" / "0.jpg")
    names = [*(f"a/{n}.jpg" for n in range(7)), "a/folder.jpg", "a/link.jpg"]
    dataset = manifest(tmp_path, "path,label\n" + "".join(f"{name},x\n" for name in names))
    assert list(dataset.samples["path"]) == [*(f"a/{n}.jpg" for n in range(6)), "a/link.jpg"]
    assert [(path, problem) for path, problem, _ in problems(dataset)] == [
        ("a/6.jpg", "missing"),
        ("a/folder.jpg", "unreadable"),
    ]


def test_a_table_that_sightline_wrote_comes_back(tmp_path):
    photos(tmp_path, "-1.jpg", "=2.jpg", "tab\t3.jpg")
    table = pd.DataFrame({"path": ["-1.jpg", "=2.jpg", "tab\t3.jpg"], "label": ["@a", "b;=c", "'x"]})
    write_table(tmp_path / "labels.csv", table)
    dataset = read_manifest(open_table(tmp_path / "labels.csv"), "set")
    assert dict(zip(dataset.samples["path"], dataset.samples["label"], strict=True)) == {
        "-1.jpg": "@a",
        "=2.jpg": "b;=c",
        "tab\t3.jpg": "'x",
    }
