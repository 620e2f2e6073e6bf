"""JPEGs as many programs write them, for the tests of what is damaged and what is not."""

from PIL import Image

from sightline.scenes.write import draw

WRITERS = {
    "usual": {},
    "coarse": {"quality": 5},
    "fine": {"quality": 100, "subsampling": 0},
    "4:2:2": {"subsampling": 1},
    "optimised": {"optimize": True},
    "restarts": {"restart_marker_blocks": 3},
    "restarts by row": {"restart_marker_rows": 1},
}


def photo(number: int = 0, size: tuple[int, int] = (150, 131)) -> Image.Image:
    """A drawn scene, another one for each number."""
    return draw("sea", number, 96).resize(size)
