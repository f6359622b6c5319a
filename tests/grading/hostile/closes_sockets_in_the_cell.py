"""Closes the kernel's sockets while its cell is executed.

marks: 2 0 0
"""
import os

os.closerange(3, 4096)
