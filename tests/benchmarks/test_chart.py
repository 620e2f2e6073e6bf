"""Raw measurements -> the chart."""

from xml.etree import ElementTree

from stand import chart
from stand.peers import known

SVG = "{http://www.w3.org/2000/svg}"


def drawn(session):
    return ElementTree.fromstring(chart.svg(session))  # noqa: S314 (our own)


def test_it_is_readable_in_light_and_dark_and_on_a_phone(session):
    root = drawn(session)
    style = root.find(f"{SVG}style").text
    assert "prefers-color-scheme: dark" in style
    assert root.get("viewBox").split()[2] == "400"
    assert root.get("role") == "img" and root.get("aria-label")


def test_every_peer_has_its_point_and_its_bar(session):
    root = drawn(session)
    assert len(root.findall(f"{SVG}circle")) == 4  # each in the plot and in the legend
    bars = [bar for bar in root.findall(f"{SVG}rect") if bar.get("class") != "paper"]
    assert [bar.get("class") for bar in bars] == ["bar sightline", "bar fastai"]  # the quickest answer first
    ours, theirs = (float(bar.get("width")) for bar in bars)
    assert abs(theirs / ours - 20 / 6) < 0.02
    words = [text.text for text in root.findall(f"{SVG}text")]
    assert words.count("Sightline") == 2 and words.count("fastai") == 2


def test_every_peer_has_a_colour_of_its_own_in_both():
    assert set(known()) == set(chart.COLOURS)
    for scheme in zip(*chart.COLOURS.values(), strict=True):
        assert len(set(scheme)) == len(scheme)


def test_everything_stays_on_the_paper(session):
    root = drawn(session)
    height = float(root.get("viewBox").split()[3])
    for text in root.findall(f"{SVG}text"):
        assert 0 <= float(text.get("x")) <= 400 and 0 <= float(text.get("y")) <= height


def test_without_accuracy_or_records_it_is_drawn_all_the_same(session):
    for record in session["records"]:
        record["accuracy"] = None
    assert not drawn(session).findall(f"{SVG}circle")
    assert drawn(session | {"records": []}).tag == f"{SVG}svg"
