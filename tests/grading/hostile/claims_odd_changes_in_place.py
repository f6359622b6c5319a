"""Claims that it changed its arguments into other shapes, kinds and numbers of arguments, overlapping and huge.

marks: 2 0 1
"""
import torch

from course.grading.engine.student_side import StudentSide

calls = 0

def call(self, target, args, kwargs):
    global calls
    calls += 1
    t = torch.zeros(1, dtype=torch.float64)
    changed = [7, [], [[t.expand(5, 7)], {}], [[t.expand(2, 3), 1, 2, 3], {"a": 1}], [[{}], {}], [[[1]], {1: 2}], [list(range(1000)), {}], [[torch.full((2, 3), float("nan"))], {}], [[torch.zeros(2, 3, dtype=torch.complex128)], {}]][calls % 9]
    return {"result": target(*args, **kwargs), "changed": changed}

StudentSide.call = call

def log_sum_exp(values):
    return values.sum(dim=1)
