"""The code that goes out with an export is the code that prepares photos here, and needs nothing else of Sightline."""

import ast
import subprocess
import sys

from sightline.release import carried


def test_all_that_is_needed_goes_along_and_no_more(tmp_path):
    carried.write(tmp_path)
    written = {path.relative_to(tmp_path / carried.PACKAGE).as_posix() for path in tmp_path.rglob("*.py")}
    assert {name for name in written if not name.endswith("__init__.py")} == {
        f"{module.replace('.', '/')}.py" for module in carried.needed()
    }
    for path in tmp_path.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            roots = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
            assert roots <= {carried.PACKAGE, "numpy", "PIL", "pillow_heif", "sightline"}, path
    assert not any("sightline.torch" in module or module.startswith("models") for module in carried.needed())


def test_it_runs_where_sightline_is_not(tmp_path):
    carried.write(tmp_path)
    code = f"""
import sys
sys.modules["sightline"] = sys.modules["torch"] = sys.modules["pandas"] = None
sys.path.insert(0, {str(tmp_path)!r})
from {carried.PACKAGE}.data.decoding import decode, fit
import numpy as np
print(fit.square(decode.decode(np.full((40, 90, 3), 7, np.uint8)).image, 16, "pad").shape)
"""
    done = subprocess.run([sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(16, 16, 3)"
