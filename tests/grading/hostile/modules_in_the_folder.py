"""Adds files named like the modules that an interpreter imports by itself, or that the grader uses; all answers are right.

marks: 2 3 1
"""
import nbformat

CODE = "import builtins, os\nbuiltins.taken_over = True\nos._exit(3)\n"
NAMES = (
    "torch", "numpy", "json", "nbformat", "nbgrader", "sitecustomize", "usercustomize", "conftest", "course", "lvmlib",
    "ipython_config", "ipython_kernel_config", "nbgrader_config", "jupyter_config", "traitlets", "this", "colorsys",
)


def build(notebook, folder, name):
    for module in NAMES:
        (folder / f"{module}.py").write_text(CODE)
    for startup in (".ipython/profile_default/startup/00.py", ".jupyter/jupyter_config.py", "lvmlib/__init__.py"):
        (folder / startup).parent.mkdir(parents=True, exist_ok=True)
        (folder / startup).write_text(CODE)
    (folder / name).write_text(nbformat.writes(notebook))
