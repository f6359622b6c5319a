"""What a student's function did to copies of its arguments, done to the test's own: where the test looks, and nowhere else."""

import numpy as np
import pytest
import torch

from course.grading.engine.in_place import change_in_place


def arguments():
    return {
        "tensor": torch.tensor([1.0, 2.0, 3.0]),
        "array": np.array([[1.0, 2.0]]),
        "set": {"a", "b"},
        "list": [1, 2],
        "dict": {"one": 1},
    }


CHANGED = {
    "tensor": torch.tensor([1.0, -2.0, 3.0]),
    "array": np.array([[1.0, 7.0]]),
    "set": {"b", "c", "d"},
    "list": [1, 5, 6],
    "dict": {"two": 2},
}


def equal(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    return bool((one == other).all()) if isinstance(one, np.ndarray) else one == other


@pytest.mark.parametrize("kind", CHANGED)
@pytest.mark.parametrize("place", ["argument", "keyword", "tuple", "list", "dict", "tuple in a dict"])
def test_of_each_kind_wherever_it_stands(kind, place):
    def placed(value):
        inside = {"tuple": (0.5, value), "list": [0.5, value], "dict": {"a": value}, "tuple in a dict": {"a": (value,)}}
        argument = inside.get(place, value)
        return [[], {"name": argument}] if place == "keyword" else [[argument], {}]

    for watched in (True, False):
        own, fresh = arguments()[kind], arguments()[kind]
        change_in_place(placed(own), placed(CHANGED[kind]), lambda value: watched and value is own)
        assert equal(own, CHANGED[kind] if watched else fresh)


def test_only_what_is_watched():
    first, second = torch.zeros(2), torch.zeros(2)
    change_in_place([[(first, second)], {}], [[(torch.ones(2), torch.ones(2))], {}], lambda value: value is second)
    assert first.tolist() == [0, 0] and second.tolist() == [1, 1]


@pytest.mark.parametrize("changed", [None, (1, 2), [1], [[], []], [["other"], {}], [[torch.ones(3)], {}], [[(torch.ones(2),)], {}]])
def test_what_does_not_have_the_arguments_form_changes_nothing(changed):
    own = torch.zeros(2)
    change_in_place([[own], {}], changed, lambda value: True)
    assert own.tolist() == [0, 0]
