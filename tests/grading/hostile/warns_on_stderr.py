"""Writes warnings to stderr in right code: full marks.

marks: 2 3 1
"""
import logging
import sys
import warnings

import torch

def log_sum_exp(values):
    warnings.warn("a warning that right code may give")
    print("a complaint", file=sys.stderr)
    logging.warning("a line of a log")
    return torch.logsumexp(values, dim=1)
