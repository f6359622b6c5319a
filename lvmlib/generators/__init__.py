"""The other ways of having a p(x), or of sampling without one."""
