"""What bounds and models are for: measuring dependence, and putting densities on discrete data."""
