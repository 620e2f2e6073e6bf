"""timm without torch's compiler: nothing loads it that does not compile, and whoever does gets the real one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import torch

import sightline
from sightline.models.lean import shapes_only, timm, without_compiler


def run(code: str) -> str:
    """What a fresh process prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_timm_is_loaded_without_the_compiler_and_its_algebra() -> None:
    code = "import sys, sightline.models.lean; print([n for n in ('torch._dynamo', 'sympy') if n in sys.modules])"
    assert run(code) == "[]"


def test_the_real_compiler_comes_when_it_is_asked_for() -> None:
    code = """
import torch
from sightline.models.lean import timm
from torchvision.ops import roi_align
boxes = [torch.tensor([[0.0, 0.0, 4.0, 4.0]])]
print(tuple(roi_align(torch.rand(1, 1, 8, 8), boxes, 2).shape), torch.compiler.is_compiling())
import torch._dynamo
print(torch._dynamo.utils.is_compile_supported.__module__, torch._dynamo.config is not None)
"""
    assert run(code).splitlines() == ["(1, 1, 2, 2) False", "torch._dynamo.utils True"]


def test_a_name_that_the_stand_in_does_not_hold_brings_the_compiler_in() -> None:
    code = """
import sys
from sightline.models.lean import without_compiler
with without_compiler():
    import torch._dynamo as stand_in
    print(stand_in.OptimizedModule.__module__)
print(hasattr(sys.modules["torch._dynamo"], "optimize"))
"""
    assert run(code).splitlines() == ["torch._dynamo.eval_frame", "True"]


def test_what_is_there_already_stays() -> None:
    before = sys.modules.get("torch._dynamo")
    with without_compiler():
        pass
    assert sys.modules.get("torch._dynamo") is before


def test_shapes_are_those_of_the_network_and_nothing_is_drawn() -> None:
    state = torch.get_rng_state()
    with shapes_only():
        shapes = {
            name: tensor.shape for name, tensor in timm.create_model("deit_tiny_patch16_224").state_dict().items()
        }
    assert torch.equal(state, torch.get_rng_state())
    real = timm.create_model("deit_tiny_patch16_224").state_dict()
    assert shapes == {name: tensor.shape for name, tensor in real.items()}
    assert torch.rand(1).device.type == "cpu"


def test_every_file_takes_timm_from_here() -> None:
    package = Path(sightline.__file__).parent
    direct = re.compile(r"^\s*(import timm|from timm)", re.MULTILINE)
    found = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if direct.search(path.read_text("utf-8"))
    }
    assert found == {"models/lean.py"}, found - {"models/lean.py"}
