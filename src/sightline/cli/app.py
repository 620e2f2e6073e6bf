"""The commands, by name. A command's file is imported when it runs, so that `sightline --help` answers at once."""

from __future__ import annotations

from cyclopts import App

from sightline.version import __version__

COMMANDS = {
    "audit": "Find what is wrong with a dataset: leaks, copies, wrong labels, bad files, photos that belong elsewhere.",
    "cache": "See or clear the cache of decoded photos, features and engines.",
    "compare": "Is one run better than another? Paired on the same test photos, class by class, with the cost.",
    "datasets": "List the public datasets that are known by name, or tell all of one.",
    "demo": "Do the main job on a set of drawn scenes: nothing to download, about two minutes.",
    "evaluate": "Judge a run on its own test part, or on every labelled photo of DATA.",
    "explain": "Why this answer? Where the network looked, and the training photos that the photo resembles.",
    "explore": "Look at a dataset: how many photos of what, their sizes, what varies in them, what cannot be read.",
    "export": "Write a folder that predicts without Sightline, and check that it gives the same answers.",
    "lr": "Find a learning rate: raise it step by step and see where the loss falls fastest (Smith 2017).",
    "models": "List networks, or print the layers of one with their shapes and totals.",
    "predict": "Classify photos; a file that cannot be read is a row with `error` and stops nothing.",
    "recipes": "List the recipes, or print one.",
    "serve": "Open the web site: classify photos, look at runs and their data, review findings.",
    "train": "Train a classifier on labelled photos, evaluate it once, and write its report.",
}  # fmt: skip
"""Name and first line of help; `sightline.cli.NAME` holds a function of the same name, whose docstring begins so."""


def application(command: str = "") -> App:
    """The application.

    Args:
        command: the one that is about to run. It tells all of its help; of the others the line above is enough.
    """
    app = App(
        name="sightline",
        help="A folder of labelled photos in; an image classifier you can trust out.",
        help_epilogue="`sightline COMMAND --help` tells all of a command. Try first: `sightline demo`.",
        help_format="plaintext",
        version=__version__,
    )
    app.register_install_completion_command(add_to_startup=True)
    for name, line in COMMANDS.items():
        told = None if name == command else line
        app.command(f"sightline.cli.{name}:{name}", name=name, help=told, help_format="markdown")
    return app
