"""Recursion."""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    def iterate(parameters, bounds):
        if len(bounds) == n_iterations or (len(bounds) >= 2 and bounds[-1] <= bounds[-2] + tolerance):
            return parameters, bounds
        responsibilities = e_step(x, *parameters)
        bound = elbo(x, responsibilities, *parameters)
        return iterate(m_step(x, responsibilities), bounds + [float(torch.mean(bound))])

    return iterate(parameters, [])
