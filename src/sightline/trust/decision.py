"""Answer, or say why not.

The rule, in this order:

1. "unfamiliar": the photo is unlike the training photos. Whatever the probabilities say, they were not learnt for this.
2. "unsure": the prediction set does not hold exactly one class.
3. "answer": a familiar photo, one class left.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Decision = Literal["answer", "unsure", "unfamiliar"]
DECISIONS: tuple[Decision, ...] = ("answer", "unsure", "unfamiliar")


def decide(probabilities: ArrayLike, sets: ArrayLike, familiar: ArrayLike) -> NDArray[np.str_]:
    """The decision for each photo.

    Args:
        probabilities: (n, K); a photo whose probabilities are not finite is "unsure".
        sets: (n, K) bool, from `conformal.sets`.
        familiar: (n,) bool, from `Familiarity.familiar`.

    Returns:
        (n,) of "answer", "unsure" and "unfamiliar".
    """
    finite = np.isfinite(np.asarray(probabilities, dtype=np.float64)).all(axis=1)
    single = np.asarray(sets, dtype=bool).sum(axis=1) == 1
    decision = np.where(single & finite, "answer", "unsure")
    return np.where(np.asarray(familiar, dtype=bool), decision, "unfamiliar")
