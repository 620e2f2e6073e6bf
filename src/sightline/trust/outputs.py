"""What a model says of photos, all of it: from the network's own numbers to the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sightline.trust import answers


@dataclass(frozen=True)
class Outputs:
    """What a network says of n photos."""

    embeddings: np.ndarray  # (n, F) float32
    logits: np.ndarray  # (n, K) float32, averaged over a photo and its mirror where the model says so
    probabilities: np.ndarray  # (n, K) float64, calibrated
    sets: np.ndarray  # (n, K) bool: the classes that the promised coverage leaves
    familiar: np.ndarray  # (n,) bool: is it anything like the training photos?
    decisions: np.ndarray  # (n,) of "answer", "unsure", "unfamiliar"

    def table(self, classes: Sequence[str]) -> pd.DataFrame:
        """predicted, confidence, p_<class>…, set, familiar and decision of each photo."""
        return answers.judged(self.probabilities, self.sets, self.familiar, self.decisions, classes)
