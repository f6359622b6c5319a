"""The longest test files come first: a worker that is handed one of them last would leave the other without work.

It stands here and not in ``tests``, since pytest puts a conftest's folder before all others where modules are sought, and
``tests/course`` would be taken for ``course``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent / "tests"
LONGEST = (
    "course/test_homework_tests.py",
    "notebooks/test_notebooks.py",
    "grading/engine/test_killed.py",
    "grading/engine/test_ordinary_user.py",
    "grading/test_hostile.py",
    "grading/test_differential.py",
    "course/test_grade.py",
    "grading/engine/test_batch.py",
    "grading/engine/test_cluster.py",
    "grading/engine/test_database_killed.py",
)
"""From the one that takes longest on; `make test` keeps the order in which files are collected."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {TESTS / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(LONGEST)))
