"""`Assert`: an operation that fails unless a condition holds."""

from pyscope import _core as core
from pyscope import dtypes, errors
from pyscope.conversion import convert_n_to_tensor, convert_to_tensor
from pyscope.graph import name_scope

__all__ = ["Assert"]


def _kernel(attrs, condition, *data):
    if condition:
        return
    from pyscope.ops.logging import summarize_value

    shown = " ".join(f"[{summarize_value(x, attrs['summarize'])}]" for x in data)
    raise errors.InvalidArgumentError(None, None, f"assertion failed: {shown}")


ASSERT = core.OpType(
    "Assert",
    "condition: bool, data: [T] -> ",
    "T: list(type) >= 1; summarize: int = 3",
    shape=lambda c: [],
    kernel=_kernel,
    gradient=core.NO_GRADIENT,
    stateful=True,
)


def Assert(condition, data, summarize=None, name=None):  # noqa: N802  (TF's name)
    """Operation that fails with InvalidArgumentError, showing `data`, unless `condition` holds.

    Parameters
    ----------
    condition : Tensor, bool, shape ()
    data : list of Tensor
    summarize : int, optional
        Show so many elements of each tensor; 3 by default.
    """
    summarize = 3 if summarize is None else summarize
    with name_scope(name, "Assert", [condition, data]):
        tensors = convert_n_to_tensor(data)
        if all(t.dtype in (dtypes.string, dtypes.int32) for t in tensors):
            return ASSERT(condition, data, summarize=summarize, name="Assert")
        from pyscope.control_flow.basic import no_op
        from pyscope.control_flow.cond import cond

        condition = convert_to_tensor(condition, name="Condition")
        guarded = cond(condition, no_op, lambda: ASSERT(condition, data, summarize=summarize, name="Assert"),
                       name="AssertGuard")
        return guarded.op
