"""sightline --install-completion, in a home of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_it_writes_what_the_shell_reads_and_nothing_else(shell: str, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ZDOTDIR", "BASH"))}
    environment = {**kept, "HOME": str(tmp_path), "SHELL": f"/bin/{shell}"}
    command = [sys.executable, "-m", "sightline", "--install-completion", "--shell", shell]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    script = next(path for path in left if "sightline" in path.name)
    startup = tmp_path / f".{shell}rc"
    assert set(left) == {script, startup}
    assert str(script.parent) in startup.read_text()  # bash reads the file, zsh searches its folder
    written = script.read_text()
    assert "--install-completion" in written and "--time-limit" in written and "evaluate" in written
    if found := shutil.which(shell):
        assert subprocess.run([found, "-n", str(script)], capture_output=True, check=False).returncode == 0
