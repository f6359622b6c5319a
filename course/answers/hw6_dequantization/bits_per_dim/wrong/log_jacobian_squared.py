"""ln L is counted D times D times.

D features, D times ln L; what is for one dimension already is not multiplied again.
"""


def bits_per_dim(log_density, n_features, n_levels):
    return -(log_density - n_features**2 * math.log(n_levels)) / (n_features * math.log(2))
