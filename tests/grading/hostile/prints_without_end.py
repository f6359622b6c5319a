"""Prints without end in its cell, a megabyte at a time, and lets no interrupt through.

marks: 2 0 *
"""
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)
while True:
    print("x" * 2**20)
