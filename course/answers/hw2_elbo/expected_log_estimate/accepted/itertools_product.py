"""With itertools.product and a loop."""


def expected_log_estimate(p_xz, q_z, n_samples):
    import itertools
    weights = p_xz / q_z
    total = torch.zeros((), dtype=q_z.dtype)
    for sequence in itertools.product(range(len(q_z)), repeat=n_samples):
        sequence = list(sequence)
        total = total + q_z[sequence].prod() * weights[sequence].mean().log()
    return total
