"""Ways in which a file of a run folder goes wrong, drawn by Hypothesis: its bytes, its structure, its values."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from hypothesis import strategies as st

import hostile_archives
from sightline.training import checkpoint

NUMBERS = (0, -1, 1, 5, 1e9, 1e308, -0.0, 10**30, 2**63, 0.5, 3)
TEXTS = (
    "",
    "x",
    "../../etc/passwd",
    "/dev/zero",
    "\x00",
    "é" * 5000,
    "{{ 7 * 7 }}",
    "<script>",
    "NaN",
    "cuda:99",
    "\u202e",
)
ODD: tuple[Any, ...] = (None, True, [], {}, [[]], {"a": {"b": {}}}, [None], *NUMBERS, *TEXTS)
RAW = (
    '{"a":' * 3000,
    "[" * 100_000,
    "NaN",
    "[]",
    "5",
    '"',
    "",
    "\ufeff{}",
    '{"a": 1e999}',
    "{" + '"k":1,' * 9000 + '"k":1}',
    "9" * 9000,
)


def spoil(draw: st.DrawFn, path: Path) -> str:
    """Spoil one file in a way that is drawn; returns what was done."""
    ways = [_bytes, _whole]
    if path.suffix == ".json":
        ways += [_tree, _tree, _tree]
    elif path.suffix == ".yaml":
        ways += [_options, _options]
    elif path.suffix in (".parquet", ".csv"):
        ways += [_table, _table]
    elif path.name == checkpoint.NAME:
        ways += [_standing, _standing]
    elif path.name in hostile_archives.ARCHIVES:
        ways += [hostile_archives.spoil] * 3
    return draw(st.sampled_from(ways))(draw, path)


def _bytes(draw: st.DrawFn, path: Path) -> str:
    content = bytearray(path.read_bytes())
    kind = draw(st.sampled_from(["flip", "cut", "drop", "repeat", "insert", "zero"]))
    at = draw(st.integers(0, max(len(content) - 1, 0)))
    size = draw(st.sampled_from([1, 1, 2, 8, 100, 4000]))
    if kind == "flip" and content:
        content[at] ^= 1 << draw(st.integers(0, 7))
    elif kind == "cut":
        del content[at:]
    elif kind == "drop":
        del content[at : at + size]
    elif kind == "repeat":
        content[at:at] = content[at : at + size]
    elif kind == "insert":
        content[at:at] = draw(st.binary(min_size=1, max_size=20))
    else:
        content[at : at + size] = bytes(len(content[at : at + size]))
    path.write_bytes(content)
    return f"{path.name}: {kind} {size} at {at}"


def _whole(draw: st.DrawFn, path: Path) -> str:
    kind = draw(st.sampled_from(["fifo", "device", "folder", "gone", "absent", "large", "text", "other"]))
    others = sorted(other for other in path.parent.iterdir() if other.is_file() and other != path)
    other = draw(st.sampled_from(others)).read_bytes() if kind == "other" and others else b""
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "gone":
        path.symlink_to("nowhere")
    elif kind == "large":
        with open(path, "wb") as file:
            file.truncate(3 << 30)
    elif kind == "text":
        path.write_text(draw(st.sampled_from(RAW)), encoding="utf-8")
    elif kind == "other":
        path.write_bytes(other)
    return f"{path.name}: {kind}"


def _tree(draw: st.DrawFn, path: Path) -> str:
    whole = json.loads(path.read_text())
    place, way = whole, []
    while isinstance(place, (dict, list)) and place:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        way.append(key)
        below = place[key]
        if not isinstance(below, (dict, list)) or not below or draw(st.booleans()):
            break
        place = below
    if not way:
        return f"{path.name}: nothing to change"
    action = draw(st.sampled_from(["put", "put", "put", "delete", "grow", "nudge"]))
    old = place[way[-1]]
    if action == "delete":
        del place[way[-1]]
    elif action == "grow" and isinstance(place, list):
        place.extend([old] * draw(st.sampled_from([1, 3, 500])))
    elif action == "nudge" and isinstance(old, (int, float)):
        place[way[-1]] = old + draw(st.sampled_from([1, -1, 0.1, -0.1, 1e-9, 1000]))
    else:
        place[way[-1]] = draw(st.sampled_from(ODD))
    path.write_text(json.dumps(whole))
    return (
        f"{path.name}: {action} {way} (was {str(old)[:40]}, is {str(place[way[-1]] if action == 'put' else '')[:40]})"
    )


def _standing(draw: st.DrawFn, path: Path) -> str:
    """Another checkpoint, whose digest agrees."""
    found = checkpoint.load(path.parent)
    assert found is not None
    tensors, facts = found
    kind = draw(st.sampled_from(["facts", "facts", "drop", "value", "shape", "kind", "rename", "more"]))
    name = draw(st.sampled_from(sorted(facts if kind == "facts" else tensors)))
    if kind == "facts":
        value = draw(st.sampled_from([*ODD, [{}], [facts["metrics"][0], {"phase": 1}], -3, float("nan")]))
        tell = f"{name} is {str(value)[:40]}"
        facts[name] = value
    else:
        tell = f"{kind} of {name}"
        tensor = tensors.pop(name)
        if kind == "value":
            odd = draw(st.sampled_from([float("nan"), float("inf"), -1.0, 1e30, 0.0, 7.0]))
            tensors[name] = tensor.clone().to(torch.float32).fill_(odd).to(tensor.dtype)
        elif kind == "shape":
            tensors[name] = tensor.new_zeros(draw(st.sampled_from([(), (0,), (3,), (2, 2), (5000, 700)])))
        elif kind == "kind":
            tensors[name] = tensor.to(draw(st.sampled_from([torch.float16, torch.int32, torch.bool, torch.float64])))
        elif kind == "rename":
            tensors[draw(st.sampled_from(["model.x", "optimiser.x.y", "optimiser.99.step", "x", ""]))] = tensor
        elif kind == "more":
            tensors[name], tensors["model.more"] = tensor, tensor
    checkpoint.save(path.parent, tensors, facts)
    return f"{path.name}: {tell}"


def _options(draw: st.DrawFn, path: Path) -> str:
    values = yaml.safe_load(path.read_text())
    key = draw(st.sampled_from(list(values)))
    values[key] = draw(st.sampled_from(ODD))
    path.write_text(yaml.safe_dump(values, allow_unicode=True))
    return f"{path.name}: {key} is {str(values[key])[:40]}"


def _table(draw: st.DrawFn, path: Path) -> str:
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    if not len(table.columns):
        return f"{path.name}: nothing to change"
    kind = draw(
        st.sampled_from(
            ["drop", "rename", "empty", "twice", "value", "numbers", "texts", "missing", "lists", "shuffle"]
        )
    )
    column = draw(st.sampled_from(list(table.columns)))
    if kind == "drop":
        table = table.drop(columns=column)
    elif kind == "rename":
        table = table.rename(columns={column: draw(st.sampled_from(["x", "path", "label", "split"]))})
        table = table.loc[:, ~table.columns.duplicated()]
    elif kind == "empty":
        table = table.iloc[:0]
    elif kind == "twice":
        table = pd.concat([table, table])
    elif kind == "numbers":
        table[column] = np.arange(len(table))
    elif kind == "texts":
        table[column] = [draw(st.sampled_from(TEXTS[:7]))] * len(table)
    elif kind == "missing":
        table[column] = None
    elif kind == "lists":
        table[column] = [[1, 2]] * len(table)
    elif kind == "shuffle":
        table[column] = table[column].to_numpy()[::-1]
    elif len(table):
        table[column] = table[column].astype(object).astype(str)
        table.loc[table.index[0], column] = str(draw(st.sampled_from(ODD)))
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    return f"{path.name}: {kind} of {column}"
