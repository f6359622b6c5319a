"""Random expressions for property tests."""

from fractions import Fraction

from hypothesis import strategies as st

from lvmlib.derivation import (
    ELBO, KL, E, H, const, log, new, p_x, p_x_given_z, p_xz, p_z, p_z_given_x, q_z, sum_z,
)

SYMBOLS = (p_z, p_x_given_z, p_xz, p_x, p_z_given_x, q_z, new(p_xz), new(p_x), new(p_z), new(p_x_given_z), new(p_z_given_x))
DISTRIBUTIONS = (q_z, p_z, p_z_given_x, new(p_z), new(p_z_given_x))

positive = st.deferred(lambda: st.one_of(
    st.sampled_from(SYMBOLS),
    st.sampled_from([const(2), const(Fraction(1, 3)), const(0.5)]),
    st.builds(lambda a, b: a * b, positive, positive),
    st.builds(lambda a, b: a / b, positive, positive),
    st.builds(lambda a, b: a + b, positive, positive),
    st.builds(sum_z, positive),
    st.builds(E, st.sampled_from(DISTRIBUTIONS), positive),
))
"""Expressions whose values are positive."""
any_sign = st.deferred(lambda: st.one_of(
    st.builds(log, positive),
    positive,
    st.builds(lambda a: -a, any_sign),
    st.builds(lambda a, b: a - b, any_sign, any_sign),
    st.builds(lambda a, b: a * b, any_sign, positive),
    st.builds(E, st.sampled_from(DISTRIBUTIONS), any_sign),
    st.builds(sum_z, any_sign),
    st.builds(KL, st.sampled_from(DISTRIBUTIONS), st.sampled_from(DISTRIBUTIONS)),
    st.builds(ELBO, st.sampled_from(DISTRIBUTIONS), st.sampled_from([p_xz, new(p_xz)])),
    st.builds(H, st.sampled_from(DISTRIBUTIONS)),
))
