"""The audit page: inert names, a script let in by digest alone, and decisions made by keyboard in a real browser."""

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sightline.checks import findings
from sightline.data.pixels import Pixels
from sightline.data.table import Dataset, problem_table, sample_table
from sightline.report import audit_page

EVIL = 'sea/"><script>alert(1)</script>.jpg'


@pytest.fixture
def html(tmp_path: Path) -> Path:
    paths = [EVIL, "sea/b.jpg", "sea/c,d.jpg"]
    dataset = Dataset(
        "bays",
        tmp_path,
        sample_table([(path, "sea", "train", "") for path in paths]),
        ("glacier", "sea"),
        problem_table([]),
    )
    pixels = Pixels(np.random.default_rng(0).integers(0, 255, (3, 48, 48, 3)).astype(np.uint8))
    rows = [
        {"path": EVIL, "check": "label", "score": 0.9, "flagged": True, "label": "sea", "suggested_label": "glacier",
         "detail": "looks like glacier 0.97"},
        {"path": "sea/b.jpg", "check": "leak", "score": 1, "flagged": True, "label": "sea", "twin": "sea/c,d.jpg"},
        {"path": "sea/c,d.jpg", "check": "quality", "score": 0.6, "label": "sea", "detail": "dark"},
        {"path": "sea/e.jpg", "check": "file", "score": 1, "flagged": True, "detail": "empty"},
        {"path": "", "check": "balance", "score": 0.7, "label": "glacier", "detail": "few photos"},
    ]  # fmt: skip
    return audit_page.write(dataset, pixels, findings.table(rows), tmp_path, notes=("A <b>note</b>.",))


def test_names_stay_text_and_only_the_page_s_own_script_may_run(html: Path) -> None:
    text = html.read_text()
    assert "<script>alert" not in text
    assert "A &lt;b&gt;note&lt;/b&gt;." in text
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    allowed = policy.group(1).replace("&#39;", "'")
    scripts, styles = re.findall(r"<script>(.*?)</script>", text, re.S), re.findall(r"<style>(.*?)</style>", text, re.S)
    assert (len(scripts), len(styles)) == (1, 2)
    for part in [*scripts, *styles]:
        assert base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() in allowed
    assert "default-src 'none'" in allowed
    assert "unsafe" not in allowed
    assert not re.search(r'(src|href)="(?!data:|#)', text)


def test_gravest_first_and_every_section_named(html: Path) -> None:
    text = html.read_text()
    assert re.findall(r'<section id="([\w-]+)">', text) == ["leak", "label", "file", "quality", "balance"]
    assert "sea/c,d.jpg" in text


def test_nothing_found_is_said(tmp_path: Path) -> None:
    dataset = Dataset("bays", tmp_path, sample_table([("sea/a.jpg", "sea", "", "")]), ("sea",), problem_table([]))
    page = audit_page.write(dataset, Pixels(np.zeros((1, 32, 32, 3), np.uint8)), findings.table([]), tmp_path)
    assert "Nothing was found that needs a look in 1 photos." in page.read_text()


@pytest.mark.browser
def test_decisions_by_keyboard_button_and_field(html: Path, tmp_path: Path) -> None:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as play:
        try:
            browser = play.chromium.launch()
        except api.Error:
            path = next((p for p in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(p).exists()), None)
            if path is None:
                pytest.skip("no Chromium on this machine")
            browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(accept_downloads=True)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(html.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("ArrowDown")
        for key in ("d", "r", "k"):
            page.keyboard.press(key)
        with page.expect_download() as download:
            page.click("#save")
        made = pd.read_csv(download.value.path(), keep_default_na=False)
        assert made.values.tolist() == [
            ["sea/b.jpg", "drop", ""],
            [EVIL, "relabel", "glacier"],
            ["sea/c,d.jpg", "keep", ""],
        ]
        page.locator(".card input").first.fill("glacier")
        page.locator(".card").nth(2).locator("button[data-decision=keep]").click()  # a second time takes it back
        assert page.inner_text("#state") == "2 decided: 0 keep, 2 relabel, 0 drop"
        assert errors == []
        browser.close()
