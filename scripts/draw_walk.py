"""Draw the strip of six pictures in the README, docs/pictures/walk-{light,dark}.webp, from real pages.

    python scripts/draw_walk.py [FOLDER]

Draws scenes with faults, explores, audits, trains and serves them, and takes a picture of each page in Chromium. What
it made stays in FOLDER, if one is named; the next time only the pictures are made anew.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

import pandas as pd
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import sightline

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
ASK = "a-long-and-quiet-word"  # ada's password, on a site that lives for a minute
SAID = "said.txt"
WIDTH, HEIGHT = 560, 420  # CSS pixels of a page
TILE = 400  # CSS pixels, of its picture in the strip
PAPER, INK = {"light": "#ffffff", "dark": "#0d1117"}, {"light": "#1f2328", "dark": "#e6edf3"}
STEPS = ("Photos, one folder a class", "Audit: a person decides", "Train", "Report", "Classify", "Use it anywhere")


def prepare(work: Path) -> None:
    """Drawn photos with faults, what explore and audit say of them, and a run."""
    faults = sightline.Faults(wrong_labels=8, near_duplicates=6, corrupt=2)
    sightline.write_scenes(work / "photos", per_class=120, size=128, faults=faults)
    sightline.write_scenes(work / "new", per_class=1, size=256, seed=5)
    sightline.explore(work / "photos", work / "explore")
    run = sightline.train(work / "photos", out=work / "runs" / "scenes", img_size=128)
    sightline.audit(work / "photos", run.path / "audit")
    typed = ("predict runs/scenes new/ --out answers.csv", "export runs/scenes --format onnx")
    said = [f"$ sightline {line}\n{_printed(work, line)}" for line in typed]
    (work / SAID).write_text("\n".join(said), encoding="utf-8")


def _printed(work: Path, line: str) -> str:
    """What a command prints, but for progress."""
    command = [sys.executable, "-m", "sightline", *line.split()]
    done = subprocess.run(command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.endswith(" a second\n"))


@contextmanager
def site(work: Path) -> Iterator[str]:
    """The site with this run and one person; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "sightline", "serve", str(work / "runs"), "--port", str(port)]
    environment = {**os.environ, "SIGHTLINE_ADMIN_PASSWORD": ASK}
    shutil.rmtree(work / "runs" / "site", ignore_errors=True)
    subprocess.run([*command, "--create-admin", "ada"], env=environment, check=True, capture_output=True)
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"{address}/live", timeout=5):
                        break
                except OSError:
                    time.sleep(0.3)
            yield address
        finally:
            process.terminate()


def taken(page: Page, top: str | None = None, width: int = WIDTH) -> bytes:
    """A picture of the window, so wide, from the element `top` on."""
    height = round(width * HEIGHT / WIDTH)
    page.set_viewport_size({"width": width, "height": height})
    if top is not None:
        page.locator(top).first.evaluate("it => window.scrollTo(0, it.getBoundingClientRect().top + scrollY - 12)")
    while page.evaluate("[...document.images].some(image => image.loading != 'lazy' && !image.complete)"):
        page.wait_for_timeout(100)
    page.wait_for_timeout(400)
    return page.screenshot(clip={"x": 0, "y": 0, "width": width, "height": height})


def pictures(browser: Browser, work: Path, address: str, scheme: str) -> Iterator[bytes]:
    """The six pages, in the order of `STEPS`."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=2,
        color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
    )
    page = context.new_page()
    page.goto((work / "explore" / "explore.html").as_uri())
    yield taken(page, "#look")
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", "ada")
    page.fill("#id_password", ASK)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.goto(f"{address}/review/scenes/")
    while page.locator(".desk figure img").count() == 0 or page.locator("#question .good").count() == 0:
        before = page.locator("input[name=item]").get_attribute("value")
        page.click("button[value=skip]")  # to one with a label in question
        page.wait_for_selector(f"input[name=item]:not([value='{before}'])", state="attached")
    yield taken(page, "#desk", 900)
    page.goto(f"{address}/runs/scenes/")
    yield taken(page, ".charts", 640)
    page.goto((work / "runs" / "scenes" / "report.html").as_uri())
    yield taken(page)
    page.goto(address)
    page.set_input_files("#photos", str(next((work / "new" / "glacier").iterdir())))
    page.wait_for_selector("article[data-photo]")
    yield taken(page, "article[data-photo]", 900)
    page = context.new_page()  # the site's page lets no style in
    answers = pd.read_csv(work / "answers.csv")[["path", "predicted", "confidence", "decision"]].round(3)
    page.set_content(
        f"""<!doctype html><style>body {{ margin: 0; padding: 20px; background: {PAPER[scheme]}; color: {INK[scheme]};
        font: 15px/1.5 ui-monospace, monospace }} pre {{ font: inherit; white-space: pre-wrap; margin: 0 0 12px }}
        table {{ font: inherit }}
        td, th {{ padding: 1px 18px 1px 0; text-align: left }}</style><pre>{escape((work / SAID).read_text())}</pre>
        {answers.to_html(index=False, border=0)}"""
    )
    yield taken(page)
    context.close()


def strip(browser: Browser, tiles: list[bytes], scheme: str) -> Image.Image:
    """The pictures in two rows of three, each with its step below."""
    shown = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(tile).decode()}">'
        f"<figcaption><b>{number}</b> {escape(step)}</figcaption></figure>"
        for number, (step, tile) in enumerate(zip(STEPS, tiles, strict=True), 1)
    )
    page = browser.new_page(viewport={"width": 3 * TILE + 80, "height": 800}, device_scale_factor=1.5)
    page.set_content(
        f"""<!doctype html><style>body {{ margin: 0; padding: 16px; background: {PAPER[scheme]}; color: {INK[scheme]};
        width: max-content; display: grid; grid-template-columns: repeat(3, {TILE}px); gap: 18px 20px;
        font: 500 17px/1.3 system-ui, sans-serif }}
        figure {{ margin: 0 }} figcaption {{ padding: 8px 2px }} b {{ opacity: .55; margin-right: 4px }}
        img {{ width: {TILE}px; display: block; border-radius: 8px; border: 1px solid #8884 }}</style>{shown}"""
    )
    whole = page.locator("body").screenshot()
    page.close()
    return Image.open(io.BytesIO(whole)).convert("RGB")


def main(work: Path) -> None:
    """Draw both."""
    if not (work / SAID).is_file():
        prepare(work)
    path = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as play, site(work) as address:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            drawn = strip(browser, list(pictures(browser, work, address, scheme)), scheme)
            drawn.save(PICTURES / f"walk-{scheme}.webp", quality=72, method=6)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
