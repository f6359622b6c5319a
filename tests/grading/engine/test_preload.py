"""What a warm server imports before its first fork."""

import importlib.util

from course.grading.engine.preload import _below


def test_modules_in_every_folder_but_none_that_would_run():
    names = _below("lvmlib")
    assert {"lvmlib.bounds", "lvmlib.exact.mixture.frame", "lvmlib.cli", "lvmlib.cli.app"} <= set(names)
    assert importlib.util.find_spec("lvmlib.cli.__main__") and not [name for name in names if "__main__" in name]
