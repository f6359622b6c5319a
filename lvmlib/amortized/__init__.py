"""Models whose posterior is a network."""
