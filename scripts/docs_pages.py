"""What MkDocs asks while it builds the site: pages made from the code, and links that hold in the repository and here.

Generated, so that they cannot go stale: a page for each command (from its help), the options of a recipe (from
`sightline.config`), the public names of `sightline`, and the tutorial (from its notebook). Markdown that lies outside
docs/ (CONTRIBUTING.md, benchmarks/…) joins the site as it is.
"""

from __future__ import annotations

import importlib
import inspect
import posixpath
import re
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from cyclopts import App
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pydantic import BaseModel

import sightline
from sightline import config
from sightline.cli.app import COMMANDS as COMMAND_LINES

ROOT = Path(__file__).parents[1]
OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/*.md", "benchmarks/*.svg")
MARK = ROOT / "src" / "sightline" / "web" / "static" / "site" / "mark.svg"
COMMANDS = "reference/commands"

_LINK = re.compile(r"(?P<before>\]\(|(?:src|srcset|href)=\")(?P<target>[^)#\s\"]+)")
_SCHEME = re.compile(r"[a-z]+:|/|#", re.I)


def on_config(settings: MkDocsConfig) -> MkDocsConfig:
    """Put a page for each command, and for each benchmark, into the navigation."""
    pages: dict[str, list[Any]] = {
        f"{COMMANDS}/index.md": [f"{COMMANDS}/index.md", *({name: f"{COMMANDS}/{name}.md"} for name in commands())],
        "benchmarks": [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("benchmarks/*.md"))],
    }
    for section in settings.nav or []:
        for entries in section.values():
            for entry in entries if isinstance(entries, list) else []:
                for title, target in entry.items() if isinstance(entry, dict) else ():
                    entry[title] = pages.get(target, target)
    return settings


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is generated, and what lies outside docs/."""
    for uri, text in generated().items():
        files.append(File.generated(config, uri, content=text))
    files.append(File.generated(config, "pictures/mark.svg", abs_src_path=str(MARK)))
    for pattern in OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn links that are true in the repository into links that are true here."""
    uri = page.file.src_uri
    here = uri if (ROOT / uri).is_file() else f"docs/{uri}"
    return relinked(markdown, here, uri)


def relinked(markdown: str, here: str, uri: str) -> str:
    """Links between docs/ and the rest of the repository, as the site has them: docs/ is its root.

    Args:
        markdown: of the file.
        here: the file's path in the repository.
        uri: its path in the site.
    """

    def moved(match: re.Match[str]) -> str:
        target = match["target"]
        if _SCHEME.match(target):
            return match.group()
        place = posixpath.normpath(posixpath.join(posixpath.dirname(here), target)).removeprefix("docs/")
        place = place.replace(".ipynb", ".md")  # notebooks are pages here
        return match["before"] + posixpath.relpath(place, posixpath.dirname(uri) or ".")

    return _LINK.sub(moved, markdown)


def generated() -> dict[str, str]:
    """Path in the site -> Markdown."""
    pages = {f"{COMMANDS}/{name}.md": command_page(name, function) for name, function in commands().items()}
    pages[f"{COMMANDS}/index.md"] = commands_page()
    pages["reference/options.md"] = options_page()
    pages["reference/python.md"] = python_page()
    pages["tutorial.md"] = notebook_page(ROOT / "docs" / "tutorial.ipynb")
    return pages


def commands() -> dict[str, Any]:
    """Name -> function, of every command."""
    return {name: getattr(importlib.import_module(f"sightline.cli.{name}"), name) for name in COMMAND_LINES}


def commands_page() -> str:
    """Every command with the first line of its help."""
    rows = [f"| [`{name}`]({name}.md) | {line} |" for name, line in COMMAND_LINES.items()]
    return "\n".join(
        [
            "# Commands",
            "",
            "A result goes to stdout, all else to stderr; `--json` makes the result one JSON object.",
            "Exit code 0: done; 1: the work failed; 2: wrong usage. `--debug` shows where an error came from.",
            "",
            "| command | what it does |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def command_page(name: str, function: Any) -> str:
    """A command's help as a page."""
    app = App(name=f"sightline {name}", help_format="markdown")
    app.default(function)
    text: str = app.generate_docs(output_format="markdown")
    # The line of usage names the running program, which here is MkDocs.
    text = re.sub(r"(?<=```console\n)sightline .*?(?= \[| [A-Z]|\n)", f"sightline {name}", text, count=1)
    for noise in (" *[default: False]*", " *[default: ()]*"):
        text = text.replace(noise, "")
    return text


def options_page() -> str:
    """Every option of a recipe: its default, what it may be, what it does."""
    parts = [
        "# Options of a recipe",
        "",
        "A recipe is YAML with these names; RUN/config.yaml is one too. The common ones are flags of",
        "[`sightline train`](commands/train.md), all others are reached by `--set name=value`, those of a phase by",
        '`--set phases.0.lr=3e-4`. Python takes them by name: `sightline.train("photos/", label_smoothing=0.1)`.',
        "[Recipes, networks, augmentations](../recipes.md) tells what the values mean.",
        "",
    ]
    titles = {config.Config: "The recipe", config.Phase: "A phase", config.Machine: "The machine"}
    for model, title in titles.items():
        parts += [f"## {title}", "", inspect.getdoc(model) or "", ""]
        properties = model.model_json_schema()["properties"]
        for group, names in groups(model).items():
            if group:
                parts += [f"### {group}", ""]
            parts += ["| option | default | what it does, and its values |", "|---|---|---|"]
            for name, told in names.items():
                field = model.model_fields[name]
                default = "needed" if field.is_required() else _value(field.get_default(call_default_factory=True))
                cells = (f"`{name}`", default, f"{told}<br><small>{_values(properties[name])}</small>")
                parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
            parts.append("")
    return "\n".join(parts)


def groups(model: type[BaseModel]) -> dict[str, dict[str, str]]:
    """Title of a group -> option -> the text under it; the titles are the comments between the fields."""
    found: dict[str, dict[str, str]] = {"": {}}
    group, name = "", ""
    for line in inspect.getsource(model).splitlines():
        if title := re.fullmatch(r"    # (The \w+|[A-Z]\w+)", line):
            group = title[1]
            found[group] = {}
        elif (field := re.match(r"    (\w+): ", line)) and field[1] in model.model_fields:
            name = field[1]
            found[group][name] = ""
        elif (told := re.fullmatch(r'    """(.+?)(?:""")?', line)) and name:
            found[group][name] = told[1]
        elif re.match(r"    (@|def )", line):
            break
    return {group: names for group, names in found.items() if names}


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "one phase"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _values(schema: dict[str, Any]) -> str:
    """What a JSON schema allows, in a few words."""
    if "anyOf" in schema:
        return " or ".join(_values(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "$ref" in schema:
        return "a mapping"
    bounds = [
        f"{sign} {schema[key]}"
        for key, sign in (("exclusiveMinimum", ">"), ("minimum", "≥"), ("exclusiveMaximum", "<"), ("maximum", "≤"))
        if key in schema
    ]
    kinds = {"string": "text", "number": "number", "integer": "whole number", "boolean": "`true`, `false`"}
    kinds |= {"array": "list", "object": "mapping"}
    return " ".join([kinds[schema["type"]], ", ".join(bounds)]).strip()


def python_page() -> str:
    """The public names, each documented from its docstring."""
    names = [name for name in sightline.__all__ if not name.startswith("_")]
    lower = [name for name in names if name[0].islower()]
    parts = ["# Python", "", "```python", inspect.cleandoc(_example()), "```", ""]
    for name in [*lower, *(name for name in names if name not in lower)]:
        parts += [f"::: sightline.{name}", ""]
    return "\n".join(parts)


def _example() -> str:
    """The lines of code in the package's docstring."""
    lines = (inspect.getdoc(sightline) or "").splitlines()
    return "\n".join(line for line in lines if line.startswith("    "))


def notebook_page(path: Path) -> str:
    """The cells of a notebook, one after the other, each with what it shows."""
    texts = []
    for cell in nbformat.read(path, as_version=4).cells:
        texts.append(f"```python\n{cell.source}\n```" if cell.cell_type == "code" else cell.source)
        for plain, outputs in groupby(map(_output, cell.get("outputs", [])), lambda output: output[0]):
            shown = "\n".join(text for _, text in outputs)
            texts.append(f"```text\n{shown}\n```" if plain else shown)
    texts.insert(1, f"*The notebook `docs/{path.name}`, as a page. The tests run it from the first cell to the last.*")
    return "\n\n".join(texts) + "\n"


def _output(output: nbformat.NotebookNode) -> tuple[bool, str]:
    """Whether one output of a cell is plain text, and what it looks like on a page."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = data["image/png"].strip()
        return False, f'<img alt="The figure that this cell draws" src="data:image/png;base64,{picture}">'
    if "text/html" in data and output.output_type == "execute_result":
        table = data["text/html"].replace(' border="1" class="dataframe"', "")
        table = re.sub(r"<style.*?</style>", "", table, flags=re.S)
        # On one line: an empty line, or one that is indented, would be Markdown again.
        table = re.sub(r"[ \n]+", " ", table)
        return False, f'<div class="output">{table}</div>'
    return True, (output.get("text") or data.get("text/plain", "")).rstrip()
