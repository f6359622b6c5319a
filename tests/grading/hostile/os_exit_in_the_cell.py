"""Ends its process in the cell.

marks: 2 0 0
"""
import os

os._exit(0)
