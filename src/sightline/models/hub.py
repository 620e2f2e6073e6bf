"""Published weights for a timm name: from the hub's cache, else from the hub. Safetensors only."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from huggingface_hub import constants, hf_hub_download, hf_hub_url, try_to_load_from_cache

from sightline.errors import SightlineError
from sightline.models.catalogue import DEFAULT
from sightline.models.lean import timm

WAYS_OUT = f"Or take --model {DEFAULT}, whose weights come with Sightline, or start from random ones with --scratch."

_FILE = "model.safetensors"
_SECONDS_TO_REACH_IT = 5


def weights_of(name: str) -> tuple[Path, str]:
    """The weights file for a timm name, and the repository that it comes from.

    Raises:
        SightlineError: none are published, or they are not in the cache and the hub cannot be reached.
    """
    cfg = timm.models.get_pretrained_cfg(name, allow_unregistered=True)
    repository = cfg.hf_hub_id if cfg else None
    if not repository:
        raise SightlineError(
            f"--model {name}: no pretrained weights are published for it.\nGive --weights a file. {WAYS_OUT}"
        )
    cached = try_to_load_from_cache(repository, _FILE)
    if isinstance(cached, str):
        return Path(cached), repository
    if constants.HF_HUB_OFFLINE:
        raise _absent(name, repository, "the hub is switched off (HF_HUB_OFFLINE)")
    if not _answers(hf_hub_url(repository, _FILE)):
        raise _absent(name, repository, "the hub cannot be reached")
    try:
        return Path(hf_hub_download(repository, _FILE)), repository
    except (OSError, ValueError) as error:
        raise _absent(name, repository, f"the hub did not give them ({' '.join(str(error).split())[:150]})") from error


def _absent(name: str, repository: str, why: str) -> SightlineError:
    """What to say where the weights cannot be had: which file to fetch elsewhere, and where it goes."""
    return SightlineError(
        f"--model {name}: pretrained weights are not in the cache, and {why}. On a computer that reaches it, fetch\n"
        f"{hf_hub_url(repository, _FILE)}\n"
        f"copy the file here, into any folder, and add --weights FOLDER/{_FILE}. {WAYS_OUT}"
    )


def _answers(url: str) -> bool:
    """Whether anybody answers. We ask once and briefly: the hub's own client tries for most of a minute."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=_SECONDS_TO_REACH_IT).close()
    except urllib.error.HTTPError as error:
        error.close()  # it answers; what it has will be seen
    except (OSError, ValueError):
        return False
    return True
