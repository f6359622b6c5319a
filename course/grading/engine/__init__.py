"""The grading engine: the student's code behind walls, the verdict formed outside them."""
