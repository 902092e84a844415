"""Moving averages of variables."""

from . import _core as core
from . import dtypes
from .control_flow.basic import group
from .conversion import convert_to_tensor
from .graph import GraphKeys, add_to_collection, colocate_with, device, get_default_graph, init_scope
from .ops import state
from .ops.arithmetic import minimum, pow
from .ops.cast import cast
from .optimizers import slots
from .variables import Variable, global_variables, moving_average_variables, trainable_variables

__all__ = ["ExponentialMovingAverage", "assign_moving_average", "weighted_moving_average"]


def assign_moving_average(variable, value, decay, zero_debias=True, name=None):
    """Move `variable` towards `value`: ``variable = variable * decay + value * (1 - decay)``, when run.

    Parameters
    ----------
    variable : Variable
    value : Tensor
        Of the shape of `variable`.
    decay : float or Tensor
    zero_debias : bool
        Divide out the 0 that the average started from (Kingma & Ba 2015, section 3). Two more variables remember the
        biased average and the number of steps.
    name : str, optional

    Returns
    -------
    Tensor or Variable
        `variable` after the change.
    """
    with core.name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        decay = convert_to_tensor(1.0 - decay, name="decay")
        if decay.dtype != variable.dtype.base_dtype:
            decay = cast(decay, variable.dtype.base_dtype)
        if zero_debias:
            return _debiased(variable, value, decay)
        return state.assign_sub(variable, (variable - value) * decay, name=scope)


def _new_name(name):
    """`name`, numbered if the variable scope has a variable of that name."""
    from .scopes import get_variable_scope

    scope = get_variable_scope()
    if scope.reuse:
        return name
    taken = {v.op.name for v in scope.global_variables()}
    full_name = scope.name + "/" + name
    if full_name not in taken:
        return name
    n = 1
    while f"{full_name}_{n}" in taken:
        n += 1
    return f"{name}_{n}"


def _debiased(variable, value, decay):
    """Set `variable` to the average without its bias; `decay` is 1 minus the decay."""
    from .initializers import zeros
    from .scopes import get_variable, variable_scope

    with variable_scope(variable.name[: -len(":0")], values=[variable, value, decay]):
        with init_scope():
            biased_initializer = zeros()
            step_initializer = zeros()
        with colocate_with(variable):
            biased = get_variable(
                _new_name("biased"),
                initializer=biased_initializer,
                shape=variable.get_shape(),
                dtype=variable.dtype,
                trainable=False,
            )
            local_step = get_variable(
                _new_name("local_step"),
                shape=[],
                dtype=variable.dtype,
                initializer=step_initializer,
                trainable=False,
            )
    new_biased = state.assign_sub(biased, (biased - value) * decay)
    new_step = local_step.assign_add(1)
    bias = 1 - pow(1.0 - decay, new_step)
    scope = get_default_graph().get_name_scope() + "/"
    return state.assign(variable, new_biased / bias, name=scope)


def weighted_moving_average(value, decay, weight, truediv=True, collections=None, name=None):
    """Moving average of `value`, each value counting as much as its `weight`.

    Parameters
    ----------
    value, weight : Tensor
    decay : float or Tensor
    truediv : bool
        Use true division for integers.
    collections : list of str, optional
        Of the two variables behind it; default ``[GraphKeys.GLOBAL_VARIABLES]``.
    name : str, optional

    Returns
    -------
    Tensor
        The average, updated when it is run.
    """
    from .initializers import zeros
    from .ops import arithmetic
    from .scopes import get_variable, variable_scope

    if collections is None:
        collections = [GraphKeys.GLOBAL_VARIABLES]
    with variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:
        sums = get_variable(
            "value_x_weight",
            shape=value.get_shape(),
            dtype=value.dtype,
            initializer=zeros(),
            trainable=False,
            collections=collections,
        )
        weights = get_variable(
            "weight",
            shape=weight.get_shape(),
            dtype=weight.dtype,
            initializer=zeros(),
            trainable=False,
            collections=collections,
        )
        numerator = assign_moving_average(sums, value * weight, decay, zero_debias=False)
        denominator = assign_moving_average(weights, weight, decay, zero_debias=False)
        quotient = arithmetic.truediv if truediv else arithmetic.divide
        return quotient(numerator, denominator, name=scope.name)


class ExponentialMovingAverage:
    """Keeps averages of variables in which older values count less and less.

    Parameters
    ----------
    decay : float or Tensor
        Near 1: ``average = decay * average + (1 - decay) * value``.
    num_updates : int, Tensor or Variable, optional
        Steps done; lowers the decay of early steps to ``(1 + num_updates) / (10 + num_updates)``.
    zero_debias : bool
        Divide out the 0 that averages of tensors start from.
    name : str
        In the names of the averages: ``w/ExponentialMovingAverage``.
    """

    def __init__(self, decay, num_updates=None, zero_debias=False, name="ExponentialMovingAverage"):
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages = {}      # reference to a variable or tensor -> its average

    @property
    def name(self):
        """The name of this averager."""
        return self._name

    def apply(self, var_list=None):
        """Operation that updates the averages of variables or tensors, made where there are none.

        Averages of variables start as their initial values, those of tensors as 0.

        Parameters
        ----------
        var_list : list of Variable or Tensor, optional
            Default all trainable variables.

        Raises
        ------
        TypeError
            If one is not floating point.
        """
        if var_list is None:
            var_list = trainable_variables()
        debiased = set()
        for var in var_list:
            if var.dtype.base_dtype not in (dtypes.bfloat16, dtypes.float16, dtypes.float32, dtypes.float64):
                raise TypeError(f"The variables must be half, float, or double: {var.name}")
            if var.ref() not in self._averages:
                with init_scope():
                    average = self._make(var)
                if self._zero_debias and not isinstance(var, Variable):
                    debiased.add(average.ref())
                self._averages[var.ref()] = average
        with core.name_scope(self.name) as scope:
            decay = convert_to_tensor(self._decay, dtype=dtypes.float32, name="decay")
            if self._num_updates is not None:
                n = cast(self._num_updates, dtypes.float32, name="num_updates")
                decay = minimum(decay, (1.0 + n) / (10.0 + n))
            updates = []
            for var in var_list:
                average = self._averages[var.ref()]
                updates.append(assign_moving_average(average, var, decay, average.ref() in debiased))
            return group(*updates, name=scope)

    def _make(self, var):
        if isinstance(var, Variable):
            with device(var.device):
                initial = var.initialized_value()
            average = slots.create_slot(var, initial, self.name)
            add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
            return average
        on_variable = var.op.type in ("Variable", "VariableV2", "VarHandleOp")
        return slots.create_zeros_slot(var, self.name, colocate_with_primary=on_variable)

    def average(self, var):
        """The variable that holds the average of `var`; None if there is none."""
        return self._averages.get(var.ref())

    def average_name(self, var):
        """Name of the variable that holds, or would hold, the average of `var`."""
        if var.ref() in self._averages:
            return self._averages[var.ref()].name[: -len(":0")]
        return get_default_graph().unique_name(var.name[: -len(":0")] + "/" + self.name, mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables=None):
        """Names in a checkpoint -> variables to restore: those with an average take it.

        Parameters
        ----------
        moving_avg_variables : list of Variable, optional
            Those that use their averages; default the trainable ones and those that were averaged.
        """
        if moving_avg_variables is None:
            moving_avg_variables = trainable_variables() + moving_average_variables()
        averaged = {v.ref(): v for v in moving_avg_variables}.values()
        by_name = {self.average_name(v): v for v in averaged}
        names = {v.name for v in averaged}
        for v in global_variables():
            if v.name not in names and v.op.name not in by_name:
                by_name[v.op.name] = v
        return by_name
