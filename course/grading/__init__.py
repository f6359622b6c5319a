"""Grading: answer banks run against their tests, and submissions graded."""
