"""Optionals: values that may be absent, which carry what a branch computed to the gradient of its conditional.

Their values in a run are `_Optional` objects.
"""

import numpy as np

from .. import _core as core
from .. import errors


def _value_kernel(attrs, *components):
    return _Optional(components)


class _Optional:
    """The value of an optional that has one."""

    __slots__ = ("components",)
    shape = ()

    def __init__(self, components):
        self.components = components

    def zeros_like(self):
        """An optional of zeros, if it has a value."""
        if self.components is None:
            return self
        return _Optional([np.zeros_like(x) if isinstance(x, np.ndarray) else x.zeros_like() for x in self.components])

    def __add__(self, other):
        """The sums of the components, as AddN of optionals gives it."""
        if (self.components is None) != (other.components is None):
            raise errors.InvalidArgumentError(
                None, None, "Cannot add optionals because one has a value and the other doesn't.")
        if self.components is None:
            return self
        return _Optional([a + b for a, b in zip(self.components, other.components)])


_ABSENT = _Optional(None)


def _get_kernel(attrs, optional):
    if not isinstance(optional, _Optional):
        raise errors.InvalidArgumentError(None, None, "Input is not an optional.")
    if optional.components is None:
        raise errors.InvalidArgumentError(None, None, "The given optional does not have a value.")
    return list(optional.components)


def _from_value_gradient(op, dy):
    return OPTIONAL_GET_VALUE(dy, output_types=[t.dtype for t in op.inputs], output_shapes=[t.shape for t in op.inputs])


def _get_value_gradient(op, *grads):
    return OPTIONAL_FROM_VALUE(list(grads))


OPTIONAL_FROM_VALUE = core.OpType(
    "OptionalFromValue",
    "components: [Toutput_types] -> optional: variant",
    "Toutput_types: list(type) >= 1",
    shape="scalar",
    kernel=_value_kernel,
    gradient=_from_value_gradient,
)

OPTIONAL_GET_VALUE = core.OpType(
    "OptionalGetValue",
    "optional: variant -> components: [output_types]",
    "output_types: list(type) >= 1; output_shapes: list(shape) >= 1",
    shape=lambda c: [s._dims for s in c.attr("output_shapes")],
    kernel=_get_kernel,
    gradient=_get_value_gradient,
)

OPTIONAL_NONE = core.OpType(
    "OptionalNone",
    " -> optional: variant",
    shape="scalar",
    kernel=lambda attrs: _ABSENT,
    gradient=core.NO_GRADIENT,
)

OPTIONAL_HAS_VALUE = core.OpType(
    "OptionalHasValue",
    "optional: variant -> has_value: bool",
    shape="scalar",
    kernel=lambda attrs, optional: np.array(optional.components is not None),
    gradient=core.NO_GRADIENT,
)
