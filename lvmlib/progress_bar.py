"""The progress bar of everything that takes long: a widget in a notebook that can show one, else text.

``tqdm.auto`` alone warns in every notebook without ipywidgets, even where no bar is shown.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("ipywidgets") is None:
    from tqdm.std import tqdm
else:
    from tqdm.auto import tqdm

__all__ = ["tqdm"]
