"""The other ways of having a p(x), or of sampling without one.

Flows: :mod:`~lvmlib.generators.flow` puts together layers of :mod:`~lvmlib.generators.coupling`,
:mod:`~lvmlib.generators.spline`, :mod:`~lvmlib.generators.invertible_linear` and :mod:`~lvmlib.generators.unit_interval` over
a base of :mod:`~lvmlib.generators.base`.
"""
