"""What learns: a freeze plan, from words or patterns to parameter names. A pure function; nothing is frozen here.

names = trainable(net, "last:3")
for name, parameter in net.named_parameters():
    parameter.requires_grad_(name in names)
"""

import math
import re
from collections.abc import Sequence

from torch import nn

from sightline.errors import UsageError


def trainable(module: nn.Module, spec: str | Sequence[str]) -> set[str]:
    """Names of the parameters that learn.

    Args:
        module: a timm network.
        spec: `all`; `head`, the whole classifier; `last:N`, the last N layers that hold weights, norms counted too
            (the head's are the last of all); `last:N%`, that share of them, rounded up; or a list of these and of
            regular expressions, searched in the names.

    Raises:
        UsageError: nothing matches, or an expression is malformed.
    """
    names = [name for name, _ in module.named_parameters()]
    if not isinstance(spec, str):
        chosen: set[str] = set()
        for part in spec:
            words = part in ("all", "head") or part.startswith("last:")
            chosen |= trainable(module, part) if words else _matching(names, part)
        if not chosen:
            raise UsageError("train: the list is empty. Name what learns: all, head, last:N or expressions.")
        return chosen
    if spec == "all":
        return set(names)
    head = [name for name, part in module.named_modules() if part is _classifier(module) and name]
    in_head = {name for name in names if head and name.startswith(f"{head[0]}.")}
    if spec == "head":
        if not in_head:
            raise UsageError("train: head asks for a classifier that learns; this network has none.")
        return in_head
    if spec.startswith("last:"):
        count, percent = spec.removeprefix("last:").removesuffix("%"), spec.endswith("%")
        if not count.isdecimal() or int(count) == 0 or (percent and int(count) > 100):
            raise UsageError(f"train: {spec} is not understood. Write last:N (such as last:3) or last:N% (last:60%).")
        own = {
            name: [f"{name}.{p}" for p, _ in part.named_parameters(recurse=False)]
            for name, part in module.named_modules()
        }
        layers = [parameters for name, parameters in own.items() if parameters and name]
        layers.sort(key=lambda parameters: parameters[0] in in_head)  # stable: the head's layers go last
        most = math.ceil(len(layers) * int(count) / 100) if percent else int(count)
        return {name for parameters in layers[-most:] for name in parameters}
    return _matching(names, spec)


def _matching(names: list[str], expression: str) -> set[str]:
    try:
        found = {name for name in names if re.search(expression, name)}
    except re.error as error:
        raise UsageError(f"train: {expression} is not a regular expression ({error}).") from error
    if not found:
        raise UsageError(
            f"train: {expression} matches no parameter of this network. `sightline models NAME` prints their names."
        )
    return found


def _classifier(module: nn.Module) -> nn.Module | None:
    reader = getattr(module, "get_classifier", None)
    found = reader() if reader else None
    return found if isinstance(found, nn.Module) else None


def freeze(module: nn.Module, spec: str | list[str]) -> set[str]:
    """Let those parameters learn that `spec` names, and no others; returns their names.

    Raises:
        UsageError: as `trainable`.
    """
    names = trainable(module, spec)
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name in names)
    return names


def set_mode(module: nn.Module, freeze_norm: bool = False) -> None:
    """Training mode; but batch norm in frozen layers keeps the statistics that it was pretrained with.

    Args:
        module: as `freeze` left it.
        freeze_norm: batch norm in layers that learn keeps them too.
    """
    module.train()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            learns = any(parameter.requires_grad for parameter in part.parameters())
            part.train(learns and not freeze_norm)
