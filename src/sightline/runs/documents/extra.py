"""RUN/extras/NAME.json: what the report shows beyond the figures, one document for each part."""

from __future__ import annotations

from typing import ClassVar

from sightline.system.documents import Document


class Extra(Document):
    """One of the extra parts."""

    name: ClassVar[str]
    """The file is RUN/extras/<name>.json."""
