"""Hands in a pipe of the notebook's name, whose reader waits for ever.

state: invalid
"""
import os


def build(notebook, folder, name):
    os.mkfifo(folder / name)
