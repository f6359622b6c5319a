"""Counts for ever while the cell is executed, and lets no interrupt through.

marks: 2 0 0
"""
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    pass
