"""The instructor's side: lectures, answer banks, grading and the command lvm-course."""

import sys

# nbformat imports jsonschema, and that a grammar of web addresses which takes a second to build and checks nothing here
sys.modules.setdefault("rfc3987_syntax", None)
