"""The command ``lvm``: fit, train, evaluate, sample, reconstruct, traverse, info.

The modules of a command import torch when the command runs, so that ``lvm --help`` answers at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """What the script ``lvm`` and ``python -m lvmlib.cli`` run."""
    try:
        from lvmlib.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.exit(f"lvm needs {error.name}: pip install 'lvmlib[command]'")
    except KeyboardInterrupt:  # while typer is imported
        sys.exit(130)
    app(prog_name="lvm")
