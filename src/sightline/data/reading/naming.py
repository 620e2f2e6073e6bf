"""What names mean in a folder of photos: splits, unlabelled parts, clutter that is never a sample, image files."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

IMAGE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif"),
        *(".heic", ".heif", ".hif", ".avif", ".ppm", ".pgm", ".pbm", ".pnm"),
    }
)
"""Files so named are samples; whether they really are pictures is for preflight to find out."""

SPREADSHEET_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", *SPREADSHEET_SUFFIXES)
"""Files so named are tables, which may list photos and their labels; spreadsheets are named, not read."""

_SIDECAR_SUFFIXES = frozenset(
    {
        *TABLE_SUFFIXES,
        *(".txt", ".json", ".md", ".rst", ".xml", ".yaml", ".yml", ".toml", ".html", ".htm", ".log", ".ini", ".cfg"),
        *(".db", ".py", ".ipynb", ".md5", ".sha1", ".sha256", ".url", ".lnk"),
        *(".aae", ".xmp"),  # what phones and photo editors note beside a photo
    }
)
_SIDECAR_STEMS = frozenset(
    {"license", "licence", "readme", "notice", "copying", "citation", "authors", "changelog", "makefile"}
)

# What systems leave behind beside people's files.
_CLUTTER = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"),
        *("__macosx", "@eadir", "lost+found", "__pycache__"),
    }
)


def _plain(name: str) -> str:
    """Without case, accents, and what parts words."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return re.sub(r"[\s_.\-]+", "", bare.casefold())


_SPLITS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "devel", "development"), "val"),
    **dict.fromkeys(("eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
    # … and in the languages in which most folders are named that are not named in English.
    **dict.fromkeys(("entrenamiento", "entrainement", "apprentissage", "treino", "treinamento"), "train"),
    **dict.fromkeys(("addestramento", "обучение", "训练", "訓練", "学習", "학습", "훈련"), "train"),
    **dict.fromkeys(("validacion", "validacao", "validazione", "валидация", "验证", "驗證", "検証", "검증"), "val"),
    **dict.fromkeys(("validierung",), "val"),
    **dict.fromkeys(("prueba", "pruebas", "teste", "тест", "测试", "測試", "テスト", "테스트"), "test"),
}
_SPLITS = {_plain(word): split for word, split in _SPLITS.items()}
# What people add to such a word: training_set, train2017, "Testing Data", seg_train, Trainingsdaten, 训练集.
_ADDED = r"(?:sets?|splits?|data|s?daten|images?|imgs?|photos?|pictures?|samples|files|part|seg|public|private|集|\d)*"
_SPLIT = re.compile(rf"{_ADDED}({'|'.join(sorted(_SPLITS, key=len, reverse=True))}){_ADDED}")
_FOLD = re.compile(r"(?:cv|k)?(?:fold|cv)s?\d+")
_LONGEST = 64  # letters: no name of a split is longer
_UNLABELLED = frozenset(
    {
        *("pred", "predict", "prediction", "predictions", "singleprediction"),
        *("unlabelled", "unlabeled", "unsup", "unsupervised"),
    }
)


def is_clutter(name: str) -> bool:
    """Whether a file or folder of this name is passed over without a word: hidden, or left by a system."""
    return name.startswith(".") or name.casefold() in _CLUTTER


def is_image(name: str) -> bool:
    """Whether a file's name says that it is a photo."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


def is_table(name: str) -> bool:
    """Whether a file's name says that it is a table."""
    return PurePosixPath(name).suffix.lower() in TABLE_SUFFIXES


def is_sidecar(name: str) -> bool:
    """Whether a file's name says that it is a text or table of the kind that people keep beside photos."""
    path = PurePosixPath(name)
    return path.suffix.lower() in _SIDECAR_SUFFIXES or path.stem.casefold() in _SIDECAR_STEMS


def split_of(name: str) -> str:
    """The split that a folder or a value of a `split` column names: "train", "val", "test", or "" for none.

    Case and accents do not matter, nor what people add to the word: training_set, train2017, "Testing Data", 训练集.
    """
    found = _SPLIT.fullmatch(_plain(name)) if len(name) <= _LONGEST else None
    return _SPLITS[found[1]] if found else ""


def class_and_split(name: str) -> tuple[str, str] | None:
    """What stands in a name such as cats_train or "test - cats": class and split; None where it is none such."""
    parts = [part for part in re.split(r"[\s_.\-]+", name.casefold()) if part]
    if len(parts) < 2 or len(name) > _LONGEST:
        return None
    for split, rest in ((parts[0], parts[1:]), (parts[-1], parts[:-1])):
        if split_of(split) and not split_of("".join(rest)):
            return " ".join(rest), split_of(split)
    return None


def is_fold(name: str) -> bool:
    """Whether a folder is one fold of several, such as fold_1."""
    return bool(_FOLD.fullmatch(_plain(name)))


def is_unlabelled(name: str) -> bool:
    """Whether a folder or a value of a `split` column says that its photos carry no label."""
    return _plain(name).removeprefix("seg") in _UNLABELLED
