"""Stacks: what the gradients of v1 loops keep between the forward loop and the backward one."""

from .. import _core as core
from .. import errors


def _push_kernel(attrs, stack, value):
    stack.append(value)
    return value


def _pop_kernel(attrs, stack):
    if not stack:
        raise errors.InvalidArgumentError(None, None, "Stack[] is empty when calling Pop().")
    return stack.pop()


class _Stack(list):
    """The values of a stack in a run."""


STACK = core.OpType(
    "StackV2",
    "max_size: int32 -> handle: resource",
    "elem_type: type; stack_name: string = ''",
    shape=lambda c: [(2,)],
    kernel=lambda attrs, size: _Stack(),
    gradient=core.NO_GRADIENT,
    stateful=True,
)

STACK_PUSH = core.OpType(
    "StackPushV2",
    "handle: resource, elem: T -> output: T",
    "T: type; swap_memory: bool = False",
    shape=lambda c: [c.shape(1)],
    kernel=core.kernel("stack_push", _push_kernel),
    gradient=core.NO_GRADIENT,
    stateful=True,
)

STACK_POP = core.OpType(
    "StackPopV2",
    "handle: resource -> elem: elem_type",
    "elem_type: type",
    shape="unknown",
    kernel=core.kernel("stack_pop", _pop_kernel),
    gradient=core.NO_GRADIENT,
    stateful=True,
)
