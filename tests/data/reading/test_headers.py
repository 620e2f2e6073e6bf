"""What the headers of people's tables mean."""

from sightline.data.reading.headers import columns


def test_the_surest_column_wins_and_none_serves_twice():
    assert columns(["class", "label", "filename"]) == {"path": 2, "label": 1}
    assert columns(["image", "image_id", "patient", "set", "y"]) == {"path": 0, "label": 4, "split": 3, "group": 2}
    assert columns([]) == {}


def test_contests_call_the_photo_an_id_and_say_what_is_for_validation():
    assert columns(["id", "breed", "is_valid"]) == {"path": 0, "label": 1, "is_valid": 2}
    assert columns(["id", "file", "label"]) == {"path": 1, "label": 2}
