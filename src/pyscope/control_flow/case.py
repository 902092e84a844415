"""`case` and `switch_case`: one of several branches."""

import functools

from pyscope import dtypes
from pyscope import func_graph as functions
from pyscope.control_flow import functional
from pyscope.control_flow.cond import branch_graph, build_branching, common_shapes, cond, verify_captures
from pyscope.conversion import constant, convert_to_tensor
from pyscope.graph import control_dependencies, name_scope

Tensor = functions.Tensor

__all__ = ["case", "switch_case"]


def case(pred_fn_pairs, default=None, exclusive=False, strict=False, name="case"):
    """What the function of the first predicate that holds returns, else what `default()` returns.

    Parameters
    ----------
    pred_fn_pairs : list of (Tensor, callable), or dict
        Scalar bool tensors and functions without arguments.
    default : callable, optional
        Without it, a run in which no predicate holds is an error.
    exclusive : bool
        Whether it is an error when more than one predicate holds.

    Raises
    ------
    TypeError
        When the pairs are not of that form.
    """
    predicates, actions = _pairs(pred_fn_pairs)
    with name_scope(name, "case", [predicates]):
        if default is None:
            default, predicates, actions = _default_action(predicates, actions)
        chosen = default
        for predicate, action in reversed(list(zip(predicates, actions))):
            chosen = functools.partial(cond, predicate, true_fn=action, false_fn=chosen, strict=strict)
        if not exclusive:
            return chosen()
        with control_dependencies([_at_most(predicates, 1, "Input error: exclusive=True")]):
            return chosen()


def _pairs(pairs):
    if not isinstance(pairs, (list, tuple, dict)):
        raise TypeError(f"'pred_fn_pairs' must be a list, tuple, or dict. Received: {type(pairs)}")
    if isinstance(pairs, dict):
        from collections import OrderedDict

        pairs = list(pairs.items()) if isinstance(pairs, OrderedDict) else sorted(
            pairs.items(), key=lambda item: item[0].name)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"Each entry in 'pred_fn_pairs' must be a 2-tuple. Received {pair}.")
        pred, fn = pair
        if not isinstance(pred, Tensor):
            raise TypeError(f"pred must be a Tensor, got: {pred}")
        if pred.dtype != dtypes.bool:
            raise TypeError(f"pred must be Tensor of type bool: {pred.name}")
        if not callable(fn):
            raise TypeError(f"fn for pred {pred.name} must be callable.")
    predicates, actions = zip(*pairs)
    return predicates, actions


def _at_most(predicates, n, message):
    """An Assert that at most `n` of the predicates hold."""
    from pyscope.control_flow.assertion import Assert
    from pyscope.ops.array import stack
    from pyscope.ops.cast import cast
    from pyscope.ops.compare import less_equal
    from pyscope.ops.reduce import reduce_sum

    stacked = stack(predicates, name="preds_c")
    n_true = reduce_sum(cast(stacked, dtypes.int32), name="num_true_conds")
    condition = less_equal(n_true, constant(n, name="n_true_conds"))
    names = ", ".join(p.name for p in predicates)
    data = [f"{message}: more than {n} conditions ({names}) evaluated as True:", stacked]
    return Assert(condition, data, summarize=len(predicates))


def _default_action(predicates, actions):
    """The last pair as the default, with a check that its predicate holds; and the other pairs."""
    from pyscope.control_flow.assertion import Assert
    from pyscope.ops.array import stack

    k = len(predicates) - 1

    def action():
        others = ("Implementation error: selected default action #%d was called, but some of other predicates are "
                  "True: " % k)
        with_stack = ("Input error: None of conditions evaluated as True:", stack(predicates, name="preds_c"))
        with control_dependencies([_at_most(predicates[:k], 0, others), Assert(predicates[k], data=with_stack)]):
            return actions[k]()

    return action, predicates[:k], actions[:k]


def switch_case(branch_index, branch_fns, default=None, name="switch_case"):
    """What the function with number `branch_index` returns, else what `default()` (or the last one) returns.

    Parameters
    ----------
    branch_index : Tensor, int32, shape ()
    branch_fns : list of callables, list of (int, callable), or dict of int to callable
        Numbers run from 0 without gaps.
    default : callable, optional

    Raises
    ------
    TypeError, ValueError
        When the functions are not of that form.
    """
    branch_fns = _functions(branch_fns, default, branch_index)
    with name_scope(name, "case", [branch_index]), name_scope("indexed_case") as scope:
        names = [functions.unique_function_name(scope, f"branch{i}") for i in range(len(branch_fns))]
        branch_index = convert_to_tensor(branch_index, name="branch_index")
        branches = [branch_graph(n, fn, branch_index) for n, fn in zip(names, branch_fns)]
        verify_captures(branches, [f"branch {i}" for i in range(len(branches))])

        def make(tensors, stateful):
            op_type = functional.CASE if stateful else functional.STATELESS_CASE
            return op_type(branch_index, tensors, Tout=branches[0].output_types,
                           branches=[functions.add_function(g) for g in branches],
                           output_shapes=common_shapes(branches), name=scope)

        return build_branching("case", branches, [g.external_captures for g in branches], make)


def _functions(branch_fns, default, branch_index):
    if not isinstance(branch_index, Tensor):
        raise TypeError(f"'branch_index' must be a Tensor, got {type(branch_index)}")
    if not branch_index.dtype.is_integer:
        raise TypeError(f"'branch_index' must be an integer Tensor, got {branch_index.dtype}")
    if not branch_fns:
        raise ValueError("Must provide at least one item in 'branch_fns'")
    if not isinstance(branch_fns, (list, tuple, dict)):
        raise TypeError("'branch_fns' must be a list, tuple, or dict")
    if isinstance(branch_fns, dict):
        branch_fns = list(branch_fns.items())
    if all(callable(fn) for fn in branch_fns):
        branch_fns = list(enumerate(branch_fns))
    for pair in branch_fns:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"Each entry in 'branch_fns' must be a 2-tuple. Received {pair}.")
        if not isinstance(pair[0], int):
            raise TypeError(f"key must be a Python `int`, got {type(pair[0])}")
        if not callable(pair[1]):
            raise TypeError(f"fn for key {pair[0]} must be callable.")
    keys = [pair[0] for pair in branch_fns]
    if min(keys) < 0 or max(keys) >= len(keys) or len(set(keys)) != len(keys):
        found = ",".join(map(str, sorted(keys)))
        raise ValueError(f"branch indices (keys) must form contiguous range of [0 to {len(keys)}) but found "
                         f"{{{found}}}")
    actions = [fn for _, fn in sorted(branch_fns, key=lambda pair: pair[0])]
    return actions if default is None else [*actions, default]
