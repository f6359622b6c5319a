"""Sends requests to call back, with bad numbers and arguments, before any test runs and from a thread while one does.

marks: 2 0 *
"""
import gc
import threading
import time

import torch

from course.grading.engine.bridge import Bridge

def log_sum_exp(values):
    return values.sum(dim=1)

def pester():
    (bridge,) = [thing for thing in gc.get_objects() if type(thing) is Bridge]
    for number in (0, -1, 10**6, True, None, [], {"a": 1}, 1.5):
        for args in ([], None, {"x": 1}, "text"):
            for kwargs in ({}, {1: 2}, None, [1]):
                bridge.send({"request": {"kind": "call back", "number": number, "args": args, "kwargs": kwargs, "random": 5}})

threading.Thread(target=lambda: (time.sleep(0.2), pester()), daemon=True).start()
