"""The small homework, written below a temporary root."""

from __future__ import annotations

import pytest
from small_homework import write_homework

from course.homework import Homework


@pytest.fixture
def homework(tmp_path) -> Homework:
    return write_homework(tmp_path)


@pytest.fixture
def make_homework(tmp_path):
    """A function that writes a homework of other cells, points or bank."""
    return lambda **parts: write_homework(tmp_path, **parts)
