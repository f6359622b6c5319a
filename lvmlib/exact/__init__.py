"""Models whose posterior p(z|x) is computed exactly, one family a file."""
