"""The loop stops before the M-step of its last iteration.

Each iteration does all four things, in the order given.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    for _ in range(n_iterations):
        responsibilities = e_step(x, *parameters)
        bounds.append(float(elbo(x, responsibilities, *parameters).mean()))
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
        parameters = m_step(x, responsibilities)
    return parameters, bounds
