"""Over counts, each with its multinomial coefficient."""


def expected_log_estimate(p_xz, q_z, n_samples):
    import itertools
    weights, q = (p_xz.double() / q_z.double()).tolist(), q_z.double().tolist()
    total = 0.0
    for chosen in itertools.combinations_with_replacement(range(len(q)), n_samples):
        orders = math.factorial(n_samples)
        for z in set(chosen):
            orders //= math.factorial(chosen.count(z))
        total += orders * math.prod(q[z] for z in chosen) * math.log(sum(weights[z] for z in chosen) / n_samples)
    return torch.tensor(total, dtype=q_z.dtype)
