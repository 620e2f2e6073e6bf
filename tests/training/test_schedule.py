"""The freeze plan and the learning rates, against torch's own schedulers where it has them."""

import math

import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sightline.errors import UsageError
from sightline.models import nets  # noqa: F401  (registers ours)
from sightline.models.heads import attach
from sightline.training.schedule import groups, rate, trainable

SCHEDULES = ("constant", "one-cycle", "cosine", "cyclical", "step-decay")


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    return timm.create_model("resnet18", num_classes=6)


def rates_of(scheduler, optimizer, steps: int) -> list[float]:
    out = []
    for _ in range(steps):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(out) < steps:
            scheduler.step()
    return out


def test_one_cycle_is_torchs() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.3, total_steps=40, pct_start=0.25, div_factor=25, final_div_factor=4
    )
    ours = [rate("one-cycle", step, 40, 0.3, warmup=0.25, lr_min=0.01) for step in range(40)]
    assert ours == pytest.approx(rates_of(scheduler, optimizer, 40))


def test_cyclical_is_torchs_triangle() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1)
    scheduler = torch.optim.lr_scheduler.CyclicLR(
        optimizer, base_lr=0.02, max_lr=0.2, step_size_up=7, mode="triangular", cycle_momentum=False
    )
    ours = [rate("cyclical", step, 50, 0.2, cycle_steps=14, lr_min=0.1) for step in range(50)]
    assert ours == pytest.approx(rates_of(scheduler, optimizer, 50))


def test_step_decay_is_the_formula_of_the_text() -> None:
    assert rate("step-decay", 1000, 5000, 0.001, decay=1e-7) == pytest.approx(0.001 / (1 + 1e-7 * 1000))


def test_cosine_climbs_in_a_line_and_falls_to_the_floor() -> None:
    ours = [rate("cosine", step, 100, 1.0, warmup=0.1, lr_min=0.05) for step in range(100)]
    assert ours[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert ours[-1] == pytest.approx(0.05)
    assert ours[9:] == sorted(ours[9:], reverse=True)
    assert ours[54] == pytest.approx(0.05 + 0.95 * (1 + math.cos(math.pi * 45 / 90)) / 2)


@given(
    st.sampled_from(SCHEDULES),
    st.integers(1, 500),
    st.floats(0, 0.99),
    st.floats(1e-6, 10),
    st.floats(0, 0.9),
    st.floats(0.5, 300),
)
def test_rates_stay_between_nothing_and_the_peak(schedule, total, warmup, peak, low, cycle) -> None:
    for step in {0, total // 3, total - 1, total + 5}:
        value = rate(schedule, step, total, peak, warmup=warmup, lr_min=low, cycle_steps=cycle, decay=1e-3)
        assert 0 <= value <= peak * (1 + 1e-9)


def test_a_single_step_and_an_unknown_schedule() -> None:
    assert rate("one-cycle", 0, 1, 0.1) > 0
    with pytest.raises(UsageError, match="one-cycle"):
        rate("poly", 0, 1, 0.1)


def test_groups_hold_every_chosen_parameter_once_and_spare_norms_and_biases(resnet: nn.Module) -> None:
    names = trainable(resnet, ["^layer4", "head"])
    made = groups(resnet, names, lr=0.1, weight_decay=0.05)
    assert [g["weight_decay"] for g in made] == [0.0, 0.05]
    held = [id(p) for g in made for p in g["params"]]
    by_name = dict(resnet.named_parameters())
    assert sorted(held) == sorted(id(by_name[n]) for n in names)
    assert all(p.ndim > 1 for p in made[1]["params"])
    torch.optim.AdamW(made)


def test_layer_decay_follows_the_depth(resnet: nn.Module) -> None:
    made = groups(resnet, trainable(resnet, "all"), lr=0.1, layer_decay=0.5, weight_decay=0.05)
    rate_of = {id(p): g["lr"] for g in made for p in g["params"]}
    by_name = dict(resnet.named_parameters())
    assert rate_of[id(by_name["fc.weight"])] == pytest.approx(0.1)
    assert rate_of[id(by_name["layer4.1.conv2.weight"])] == pytest.approx(0.05)
    assert rate_of[id(by_name["layer4.0.conv1.weight"])] == pytest.approx(0.025)
    assert rate_of[id(by_name["conv1.weight"])] == pytest.approx(0.1 * 0.5**9)
    assert [g["scale"] for g in made] == sorted(g["scale"] for g in made)


def test_layer_decay_does_not_depend_on_what_is_frozen(resnet: nn.Module) -> None:
    made = groups(resnet, trainable(resnet, [r"^layer4\.0"]), lr=0.1, layer_decay=0.5)
    assert {g["scale"] for g in made} == {0.25}


def test_layer_decay_without_a_matcher_goes_layer_by_layer() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    made = groups(net, {"0.weight", "2.weight"}, lr=1.0, layer_decay=0.5)
    assert [g["lr"] for g in made] == [0.5, 1.0]


def test_head_that_asks_for_l2_gets_it_on_its_matrices_only() -> None:
    net = attach(timm.create_model("resnet9_lean"), {"kind": "regularised", "l2": 0.3}, 3, 64)
    made = groups(net, trainable(net, "all"), lr=0.1, weight_decay=0.01)
    assert [g["weight_decay"] for g in made] == [0.0, 0.01, 0.3]
    assert {id(p) for p in made[2]["params"]} == {id(net.fc[2].weight), id(net.fc[6].weight)}


def test_vit_position_embeddings_are_not_decayed() -> None:
    net = timm.create_model("vit_tiny_patch16_224", img_size=32, num_classes=2)
    made = groups(net, trainable(net, "all"), lr=0.1, weight_decay=0.01)
    spared = {id(p) for g in made if g["weight_decay"] == 0 for p in g["params"]}
    assert id(net.pos_embed) in spared
