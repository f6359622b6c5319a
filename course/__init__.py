"""The instructor's side: lectures, answer banks, grading and the command lvm-course."""
