"""The pages as a browser shows them: no error, nothing loaded, nothing wider than the screen, all within reach."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sightline.data.pixels import Pixels
from sightline.data.table import Dataset
from sightline.report import explore, run_report
from sightline.runs.folder import RunFolder

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]
LONG = "a-class-name-that-was-not-meant-for-a-phone-or-any-other-small-screen"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def visit(browser: Any, path: Path, width: int = 390, scheme: str = "light") -> Any:
    """Open a page and fail on any error, message or request that it makes."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("request", lambda request: noise.append(request.url) if request.url.startswith(("http", "ws")) else None)
    page.goto(path.as_uri())
    assert noise == []
    return page


def shades(page: Any) -> list[str]:
    return page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")  # type: ignore[no-any-return]


@pytest.fixture
def report(make_run: Callable[..., RunFolder]) -> Path:
    return run_report.write(
        make_run(classes=["buildings", "street", LONG, "<b>bold</b>".replace("/", "∕")], per_class=24, skill=2.5)
    )


@pytest.fixture
def look(make_dataset: Callable[..., tuple[Dataset, Pixels]], tmp_path: Path) -> Path:
    explore.write(*make_dataset(classes=["sea", "street", LONG]), tmp_path / "look", augment="light")
    return tmp_path / "look" / "explore.html"


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("which", ["report", "look"])
def test_nothing_is_wider_than_the_screen(browser: Any, request: pytest.FixtureRequest, which: str, width: int) -> None:
    page = visit(browser, request.getfixturevalue(which), width)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    smallest = page.evaluate(
        """Math.min(...[...document.querySelectorAll('.chart text')].map(
            text => 12 * text.ownerSVGElement.getBoundingClientRect().width / 400))"""
    )
    assert smallest >= 9, "the text of charts stays legible"
    page.close()


def test_light_and_dark_follow_the_reader(browser: Any, report: Path) -> None:
    light, dark = (visit(browser, report, scheme=scheme) for scheme in ("light", "dark"))
    assert shades(light) != shades(dark)
    assert shades(dark)[0] == "rgb(20, 23, 26)"
    light.close()
    dark.close()


def test_a_cell_opens_its_photos_by_mouse_and_by_keyboard(browser: Any, report: Path) -> None:
    page = visit(browser, report, 1440)
    button = page.locator(".matrix button").first
    sheet = page.locator(f"#{button.get_attribute('popovertarget')}")
    assert not sheet.is_visible()
    button.click()
    assert sheet.is_visible() and sheet.locator("img").count() > 0
    page.keyboard.press("Escape")
    assert not sheet.is_visible()
    button.focus()
    page.keyboard.press("Enter")
    assert sheet.is_visible()
    sheet.get_by_role("button", name="Close").click()
    assert not sheet.is_visible()
    page.close()


def test_every_photo_can_be_decoded(browser: Any, report: Path) -> None:
    page = visit(browser, report)
    broken = page.evaluate(
        """async () => {
            const photos = [...document.images];
            photos.forEach(photo => photo.loading = 'eager');
            await Promise.all(photos.map(photo => photo.decode().catch(() => {})));
            return [photos.length, photos.filter(photo => !photo.naturalWidth).length];
        }"""
    )
    assert broken[0] > 20 and broken[1] == 0
    page.close()


@pytest.mark.parametrize("which", ["report", "look"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_known_barrier_for_readers(browser: Any, request: pytest.FixtureRequest, which: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page.goto(request.getfixturevalue(which).as_uri())
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    page.close()
