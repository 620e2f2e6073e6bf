"""Every page in a real Chromium: with scripts and without, by pointer and by keyboard, and as a screen reader gets
it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Open = Callable[..., Any]


def test_classify_several_photos_and_download_the_answers(open_page: Open, photos: list[Path], tmp_path: Path) -> None:
    page = open_page("/")
    page.set_input_files("#photos", [str(photo) for photo in photos])
    page.wait_for_selector("article[data-photo]:nth-of-type(3)")
    assert page.locator("article[data-photo]").count() == 3
    assert page.locator("#progress [role=status]").inner_text() == "3 photos, all answered"
    first = page.locator("article[data-photo]").first
    shares = [float(text.split()[0]) for text in first.locator(".bars td.num").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    assert first.locator(".strip li").count() == 4
    with page.expect_download() as download:
        page.click("text=Download as CSV")
    download.value.save_as(tmp_path / "results.csv")
    with open(tmp_path / "results.csv") as file:
        rows = list(csv.DictReader(file))
    assert {row["path"] for row in rows} == {photo.name for photo in photos}
    assert all(row["predicted"] and row["decision"] in ("answer", "unsure", "unfamiliar") for row in rows)


def test_the_heat_map_by_keyboard(open_page: Open, photos: list[Path]) -> None:
    page = open_page("/")
    page.set_input_files("#photos", str(photos[0]))
    look = page.locator("a.look").first
    look.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("img.heat.there", state="attached")
    assert look.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Space")
    assert look.get_attribute("aria-pressed") == "false"


def test_a_broken_file_says_why(open_page: Open, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff" + bytes(500))
    page = open_page("/")
    page.set_input_files("#photos", str(broken))
    said = page.locator("article.failed [role=alert]")
    said.wait_for()
    assert "cannot be read" in said.inner_text()


def test_a_pasted_photo_is_answered(open_page: Open) -> None:
    page = open_page("/")
    page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 60, height: 40 });
          canvas.getContext("2d").fillRect(0, 0, 30, 40);
          const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
          const data = new DataTransfer();
          data.items.add(new File([blob], "pasted.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }"""
    )
    page.wait_for_selector("article[data-photo]")
    assert page.locator("article .path").inner_text() == "pasted.png"


def test_without_scripts_a_plain_form_works(open_page: Open, photos: list[Path]) -> None:
    page = open_page("/", java_script_enabled=False)
    page.set_input_files("#photos", [str(photo) for photo in photos[:2]])
    page.click("button:has-text('Classify')")
    page.wait_for_selector("article[data-photo]")
    assert page.locator("article[data-photo]").count() == 2
    page.locator("summary").first.click()
    page.locator("button:has-text('Send to the reviewers')").first.click()
    page.wait_for_selector("text=The reviewers will look at it")


def test_without_scripts_runs_data_and_review_work(signed_in: Open, run: Path) -> None:
    page = signed_in("/runs/", java_script_enabled=False)
    page.fill("#q", "nothing like it")
    page.click("button:has-text('Show')")
    page.wait_for_selector("text=No run matches")
    page.goto(f"/data/{run.name}/")
    page.select_option("#split", "test")
    page.click("button:has-text('Show')")
    count = page.locator(".count").inner_text()
    assert " of " in count
    page.goto(f"/data/{run.name}/")
    first = page.locator(".photo img").first.get_attribute("src")
    page.click("text=More photos")
    page.wait_for_selector(".count:has-text('continued')")
    assert page.locator(".photo img").first.get_attribute("src") != first
    page.goto(f"/review/{run.name}/")
    before = page.locator(".standing span").first.inner_text()
    page.click("button:has-text('Keep')")
    page.wait_for_load_state()
    assert page.locator(".standing span").first.inner_text() != before
    page.click("button:has-text('Undo')")
    page.wait_for_load_state()
    assert page.locator(".standing span").first.inner_text() == before


def test_the_leaderboard_filters_as_one_types(open_page: Open, run: Path) -> None:
    page = open_page("/runs/")
    assert page.locator("#board tbody tr").count() == 1
    page.fill("#q", "zzz")
    page.wait_for_selector("text=No run matches")
    assert "q=zzz" in page.url
    page.fill("#q", run.name[:3])
    page.wait_for_selector("#board tbody tr")
    page.click(f"text={run.name}")
    page.wait_for_selector("text=By class")
    assert page.locator("svg.chart").count() >= 2
    page.click("text=Read the report")
    page.wait_for_load_state()
    assert run.name in page.content() or "accuracy" in page.content().lower()


def test_photos_go_on_as_one_scrolls(open_page: Open, run: Path) -> None:
    page = open_page(f"/data/{run.name}/")
    assert page.locator(".photo").count() == 60
    page.mouse.wheel(0, 20_000)
    page.wait_for_function("() => document.querySelectorAll('.photo').length > 60")
    page.select_option("#outcome", "wrong")
    page.wait_for_function("() => document.querySelector('.count').textContent.includes(' of ')")
    assert "outcome=wrong" in page.url
    page.locator(".photo a").first.click()
    page.wait_for_selector("h2:has-text('Nearest training photos')")
    page.wait_for_selector("ul.photos .photo img[alt*=':']")


def test_20_findings_reviewed_by_keyboard_alone(signed_in: Open, run: Path) -> None:
    page = signed_in(f"/review/{run.name}/")
    page.wait_for_selector("#question")
    done = int(page.locator(".standing span").first.inner_text().split()[0])
    keys = ["k", "r", "d", "s"]
    decided = 0
    seen = set()
    while decided < 20:
        item = page.locator("input[name=item]").get_attribute("value")
        assert item not in seen, "a photo came twice"
        seen.add(item)
        key = keys[len(seen) % 4]
        if key == "r" and not page.locator("#newlabel").input_value():
            page.keyboard.press("2")  # nothing was suggested for this one
        page.keyboard.press(key)
        page.wait_for_function("item => document.querySelector('input[name=item]').value !== item", arg=item)
        # The question has the focus, so that a screen reader says it.
        page.wait_for_function("() => document.activeElement.id === 'question'")
        decided += key != "s"
    standing = page.locator(".standing span").first.inner_text()
    assert int(standing.split()[0]) == done + 20
    assert page.locator("#said").inner_text()
    page.keyboard.press("u")
    page.wait_for_function("text => document.querySelector('.standing span').textContent !== text", arg=standing)
    assert int(page.locator(".standing span").first.inner_text().split()[0]) == done + 19
    page.keyboard.press("3")  # a class by its number, then Relabel has the focus
    assert page.evaluate("document.activeElement.dataset.key") == "r"
    assert page.evaluate("document.getElementById('newlabel').selectedIndex") in (2, 3)


def test_the_whole_site_by_keyboard(open_page: Open) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    names = []
    for _ in range(4):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert "photos" in names


def test_the_first_page_is_light(open_page: Open, site: str) -> None:
    sizes: dict[str, int] = {}
    page = open_page("about:blank")
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}) if answer.ok else None)
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) < 100_000, sizes
    assert all(url.startswith(site) for url in sizes)


PAGES = [
    "/",
    "/runs/",
    "/runs/{run}/",
    "/runs/compare",
    "/data/{run}/",
    "/data/{run}/0/",
    "/review/{run}/",
    "/review/{run}/history",
    "/account/",
    "/nowhere",
]


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(signed_in: Open, run: Path, photos: list[Path], width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = signed_in("/", viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    found = {}
    page.set_input_files("#photos", str(photos[0]))
    page.wait_for_selector("article[data-photo]")
    for path in ["(answers)", *PAGES]:
        if path != "(answers)":
            page.goto(path.format(run=run.name))
            page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than {width}"
        grave = [
            (each["id"], [node["html"][:120] for node in each["nodes"]][:3])
            for each in Axe().run(page).response["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        if grave:
            found[path] = grave
    assert found == {}
