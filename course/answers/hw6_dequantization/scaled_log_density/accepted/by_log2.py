"""The difference of bits for one dimension, then nats and D."""


def scaled_log_density(bits, n_features, n_levels):
    return (math.log2(n_levels) - bits) * math.log(2) * n_features
