"""Every page in a real Chromium: with scripts and without, by pointer and by keyboard, and as a screen reader gets
it.
"""

from __future__ import annotations

import base64
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "a-long-and-quiet-word"
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Open = Callable[..., Any]


def test_classify_several_photos_and_download_the_answers(open_page: Open, photos: list[Path], tmp_path: Path) -> None:
    page = open_page("/")
    page.set_input_files("#photos", [str(photo) for photo in photos])
    # Answers come in any order, so the third card says nothing of the others: wait for what is said of all.
    page.wait_for_selector("#progress [role=status]:text-is('3 photos, all answered')")
    assert page.locator("article[data-photo]").count() == 3
    first = page.locator("article[data-photo]").first
    shares = [float(text.split()[0]) for text in first.locator(".bars td.num").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    assert first.locator(".strip li").count() == 4
    with page.expect_download() as download:
        page.click("text=Download as CSV")
    download.value.save_as(tmp_path / "results.csv")
    with open(tmp_path / "results.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [photo.name for photo in photos]
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


def test_a_dropped_photo_is_answered_and_a_phone_may_take_one(open_page: Open, photos: list[Path]) -> None:
    page = open_page("/", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    camera = page.locator("#camera")
    assert camera.get_attribute("capture") == "environment" and page.locator("label.camera").is_visible()
    page.evaluate(
        """content => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], "dropped.jpg"));
          for (const name of ["dragenter", "dragover"]) {
            document.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
          }
          window.lit = document.querySelector(".drop").classList.contains("over");
          document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        base64.b64encode(photos[0].read_bytes()).decode(),
    )
    page.wait_for_selector("article[data-photo]")
    assert page.evaluate("window.lit") and page.locator("article .path").inner_text() == "dropped.jpg"
    camera.set_input_files(str(photos[1]))
    page.wait_for_selector("article[data-photo]:nth-of-type(2)")


def test_the_heat_map_under_the_pointer(open_page: Open, run: Path, photos: list[Path]) -> None:
    page = open_page("/")
    page.set_input_files("#photos", str(photos[0]))
    page.locator("article[data-photo] img.own").hover()
    page.wait_for_selector("figure.warm img.heat.there", state="attached")
    page.mouse.move(0, 0)
    page.wait_for_selector("figure.warm", state="detached")
    page.goto(f"/data/{run.name}/0/")
    page.locator("figure img.own").hover()
    page.wait_for_selector("figure.warm img.heat.there", state="attached")


def test_without_scripts_a_plain_form_works(open_page: Open, photos: list[Path]) -> None:
    page = open_page("/", java_script_enabled=False)
    page.set_input_files("#photos", [str(photo) for photo in photos[:2]])
    page.click("button:has-text('Classify')")
    page.wait_for_selector("article[data-photo]")
    assert page.locator("article[data-photo]").count() == 2
    with page.expect_download() as download:
        page.click("text=Download as CSV")
    assert download.value.suggested_filename == "sightline-results.csv"
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
    page.goto(f"/data/{run.name}/0/")
    page.click("text=Show them")
    page.wait_for_selector(".photo:has-text('alike')")
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


def test_the_first_day_of_a_site(open_page: Open, new_site: str) -> None:
    page = open_page("/", base_url=new_site)
    page.wait_for_selector("text=There is no trained model here yet")
    for path, said in (("/runs/", "No runs yet"), ("/data/", "No photos yet")):
        page.goto(path)
        page.wait_for_selector(f"text={said}")
    page.click("nav >> text=Review")
    page.wait_for_url("**/welcome/")
    page.fill("#id_username", "grace")
    page.fill("#id_password1", "12345678")
    page.fill("#id_password2", "12345678")
    page.click("text=Begin")
    page.wait_for_selector("text=This password is too common")
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    page.click("text=Begin")
    page.wait_for_selector("text=There is nothing to review yet")
    page.click("text=grace")
    page.fill("#id_name", "nightly script")
    page.click("text=Make a token")
    assert page.locator(".token").inner_text().startswith("sightline_")
    page.click("text=Sign out")
    page.wait_for_selector("nav ~ .who >> text=Sign in")


def test_five_wrong_passwords_close_the_door(open_page: Open) -> None:
    page = open_page("/sign-in/?next=/review/")
    for _ in range(5):
        page.fill("#id_username", "mallory")
        page.fill("#id_password", "wrong")
        with page.expect_navigation():
            page.press("#id_password", "Enter")
    assert "closed for 15 minutes" in page.locator("main").inner_text()


def test_the_api_can_be_tried_out(open_page: Open, photos: list[Path]) -> None:
    page = open_page("/api/v1/docs")
    page.locator(".opblock-summary", has_text="Classify one photo").click()
    page.click("text=Try it out")
    page.set_input_files(".opblock input[type=file]", str(photos[0]))
    page.click(".execute")
    page.wait_for_selector(".live-responses-table .response-col_status:has-text('200')")
    page.click("nav >> text=Runs")
    page.wait_for_selector("#board")


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


STRANGER = ["/sign-in/", "/runs/", "/api/v1/docs"]
NEW = ["/", "/runs/", "/data/", "/welcome/"]


def _grave(page: Any, path: str, width: int) -> list[tuple[str, list[str]]]:
    """What axe calls serious or critical; the page may not be wider than the window either."""
    from axe_playwright_python.sync_playwright import Axe

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than {width}"
    # Swagger UI comes as it is; what is around it is ours.
    found = Axe().run(page, context={"exclude": [[".swagger-ui"]]}).response["violations"]
    return [
        (each["id"], [node["html"][:120] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_before_anybody_signed_in(open_page: Open, new_site: str, scheme: str) -> None:
    found = {}
    look = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme, "bypass_csp": True}
    for page, paths in ((open_page("/", **look), STRANGER), (open_page("/", base_url=new_site, **look), NEW)):
        for path in paths:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            if grave := _grave(page, path, 390):
                found[page.url] = grave
    assert found == {}


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(signed_in: Open, run: Path, photos: list[Path], width: int, scheme: str) -> None:
    page = signed_in("/", viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    found = {}
    page.set_input_files("#photos", str(photos[0]))
    page.wait_for_selector("article[data-photo]")
    for path in ["(answers)", *PAGES]:
        if path != "(answers)":
            page.goto(path.format(run=run.name))
            page.wait_for_load_state("networkidle")
        if grave := _grave(page, path, width):
            found[path] = grave
    assert found == {}
