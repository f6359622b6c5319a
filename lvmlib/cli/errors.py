"""What goes wrong for reasons outside the program is told in one line, with exit code 2; Ctrl-C ends with 130."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

BAD_INPUT, INTERRUPTED = 2, 130
TRACEBACK = "LVMLIB_TRACEBACK"
"""Where this environment variable is set, an error is shown with the place it came from."""

EXPECTED_RUNTIME_ERRORS = {
    "lvmlib.data.files": ("DatasetUnavailable",),
    "lvmlib.em": ("EMError",),
    "lvmlib.training.checkpoint": ("CheckpointError",),
    "lvmlib.training.guarded_step": ("TrainingError",),
    "torch": ("OutOfMemoryError",),
}


class CommandError(Exception):
    """Something that the user can mend; the message is all that is shown."""


class Commands(TyperGroup):
    """A group of commands whose errors are one line each."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interruption:
            tell(str(interruption) or "interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if not is_expected(error) or os.environ.get(TRACEBACK):
                raise
            tell(one_line(error))
            raise typer.Exit(BAD_INPUT) from None


def is_expected(error: Exception) -> bool:
    """Whether the error tells of the input, the files or the machine; those of the library name the argument."""
    if isinstance(error, (CommandError, ValueError, TypeError, OSError, ImportError)):
        return True
    for module, names in EXPECTED_RUNTIME_ERRORS.items():  # a class that was raised has been imported
        classes = (getattr(sys.modules.get(module), name, None) for name in names)
        if any(one is not None and isinstance(error, one) for one in classes):
            return True
    return False


def one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def tell(message: str) -> None:
    """On standard error."""
    Console(stderr=True, highlight=False).print(Text(f"lvm: {message}"), soft_wrap=True)
