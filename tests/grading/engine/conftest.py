"""A warm server for a module's tests, a submission's folder, and a walled kernel in it."""

from walled_kernels import folder, kernel, server

__all__ = ["folder", "kernel", "server"]
