"""The update ops of optimizers: ``ApplyMomentum``, ``ResourceSparseApplyAdagrad`` and their like.

An optimizer's rule is written once, as a function that changes arrays in place. From it come up to four op types, for
reference and resource variables, with a gradient for the whole variable (dense) or for some of its rows (sparse). The
formulas are those of TF's ``core/kernels/training_ops.cc``, in the dtype of the variable.
"""

import numpy as np

from .. import _core as core
from .. import errors
from . import _rules as rules
from . import _updates as updates

# ---------------------------------------------------------------- in a run

# Rules make several temporary arrays. Blocks of this many elements keep them in the cache, and below the size from
# which the allocator asks the system for fresh pages: twice as fast as whole arrays at 100,000 elements.
_BLOCK = 16384


def _uninitialized(state, is_resource):
    if is_resource:
        return errors.InternalError(None, None, "Invalid variable reference.")
    return errors.FailedPreconditionError(None, None, f"Attempting to use uninitialized value {state.name}")


def _writable(state):
    """The variable's array, which the caller may write: a copy if it is not to change for who has read it."""
    if core.is_unshared(state):
        return state.value
    state.value = np.array(state.value, order="C")
    return state.value


def _check_rows(indices, n_rows):
    for i, index in enumerate(indices.tolist()):
        if not 0 <= index < n_rows:
            raise updates.invalid(f"Index {index} at offset {i} in indices is out of range")


class _Call:
    """Where a kernel finds its arguments: worked out once for an op type."""

    def __init__(self, states, arguments, grad, options, is_resource, is_sparse, rule):
        self.states = states
        self.n_states = len(states)
        self.arguments = arguments
        self.scalars = [name for name in arguments if name not in ("indices", grad)]
        self.grad = grad
        self.options = options
        self.is_resource = is_resource
        self.is_sparse = is_sparse
        self.rule = rule

    def checked(self, op, inputs):
        """States, arguments and attributes by name, and the shape of the variable, after TF's checks."""
        states = inputs[: self.n_states]
        for state in states:
            if state.value is None:
                raise _uninitialized(state, self.is_resource)
        shape = states[0].value.shape
        for name, state in zip(self.states, states):
            if state.value.shape != shape:
                raise updates.invalid(
                    f"var and {name} do not have the same shape{rules.text(shape)} {rules.text(state.value.shape)}"
                )
        given = dict(zip(self.arguments, inputs[self.n_states :]))
        for name in self.scalars:
            value = given[name]
            if value.ndim:
                raise updates.invalid(f"{name} is not a scalar: {rules.text(value.shape)}")
            given[name] = value[()]      # arithmetic of NumPy's scalars takes a third of that of 0-D arrays
        for name in self.options:
            given[name] = op.get_attr(name)
        return states, given, shape

    def dense(self, run, op, *inputs):
        states, given, shape = self.checked(op, inputs)
        grad = given[self.grad]
        if grad.shape != shape:
            raise updates.invalid(
                f"var and {self.grad} do not have the same shape{rules.text(shape)} {rules.text(grad.shape)}"
            )
        arrays = [_writable(state) for state in states]
        if grad.size <= _BLOCK:
            self.rule(*arrays, **given)
        else:
            flat, flat_grad = [array.reshape(-1) for array in arrays], grad.reshape(-1)
            for start in range(0, flat_grad.size, _BLOCK):
                part = slice(start, start + _BLOCK)
                given[self.grad] = flat_grad[part]
                self.rule(*[array[part] for array in flat], **given)
        return None if self.is_resource else states[0]

    def sparse(self, run, op, *inputs):
        states, given, shape = self.checked(op, inputs)
        indices, grad = given.pop("indices"), given.pop(self.grad)
        if not shape:
            raise updates.invalid("var must be at least 1 dimensional")
        if indices.ndim != 1:
            raise updates.invalid("indices must be one-dimensional")
        if not grad.ndim or len(grad) != len(indices):
            raise updates.invalid("grad must be the same size as indices in the first dimension.")
        if grad.shape[1:] != shape[1:]:
            wrong = next((i for i, (a, b) in enumerate(zip(shape, grad.shape)) if i and a != b), len(shape))
            raise updates.invalid(f"var and grad must match in dimension {wrong}")
        if len(indices):
            if not (indices.min() >= 0 and indices.max() < shape[0]):
                _check_rows(indices, shape[0])
            arrays = [_writable(state) for state in states]
            if len(indices) == 1 or len(np.unique(indices)) == len(indices):
                self._rows(arrays, indices, grad, given)
            else:
                # Rows that come again see what came before.
                for i in range(len(indices)):
                    self._rows(arrays, indices[i : i + 1], grad[i : i + 1], given)
        return None if self.is_resource else states[0]

    def _rows(self, arrays, indices, grad, given):
        rows = [array[indices] for array in arrays]
        self.rule(*rows, **given, **{self.grad: grad})
        for array, changed in zip(arrays, rows):
            array[indices] = changed


# ---------------------------------------------------------------- shapes


# The only ops on resource variables whose gradient TF looks at before it runs.
_CHECK_GRADIENT = ("ResourceApplyGradientDescent", "ResourceApplyProximalAdagrad")


def _shape_rule(op_type, states, arguments, grad, is_resource, is_sparse):
    n_states = len(states)
    check_gradient = not is_resource or op_type in _CHECK_GRADIENT

    def shape(c):
        merged = None
        for i in range(n_states):
            if is_resource:
                known = c.variable(i)
                merged = rules.merge(merged, None if known is None else known[0])
            else:
                merged = rules.merge(merged, c.shape(i))
        for i, name in enumerate(arguments, n_states):
            if name not in ("indices", grad):
                rules.with_rank(c.shape(i), 0)
            elif name == "indices":
                rules.with_rank(c.shape(i), 1)
            elif check_gradient:
                if not is_sparse:
                    merged = rules.merge(merged, c.shape(i))
                elif c.shape(i) is not None and merged is not None:
                    rules.with_rank(c.shape(i), len(merged))
                    rules.merge(merged[1:], c.shape(i)[1:])
                    rules.with_rank(c.shape(i + 1), 1)
                    rules.merge(c.shape(i)[:1], c.shape(i + 1))
        return [] if is_resource else [merged]

    if is_sparse or grad not in arguments:
        return shape
    return core.shape_rule("apply", shape, n_states + arguments.index(grad))


# ---------------------------------------------------------------- families


class Family:
    """The op types of one rule.

    Attributes
    ----------
    dense, resource_dense, sparse, resource_sparse : OpType or None
        For reference and resource variables; None where TF has no such op.
    """

    def __init__(self, name, states, arguments, rule, options="", sparse_rule=None):
        states, arguments = states.split(), arguments.split()
        self.dense = self._make("Apply" + name, states, arguments, rule, options, False, False)
        self.resource_dense = self._make("ResourceApply" + name, states, arguments, rule, options, True, False)
        self.sparse = self.resource_sparse = None
        if sparse_rule is not None:
            at = next(i for i, argument in enumerate(arguments) if argument in ("grad", "delta"))
            arguments = [*arguments[:at], "grad", "indices", *arguments[at + 1 :]]
            self.sparse = self._make("SparseApply" + name, states, arguments, sparse_rule, options, False, True)
            self.resource_sparse = self._make(
                "ResourceSparseApply" + name, states, arguments, sparse_rule, options, True, True
            )

    @staticmethod
    def _make(name, states, arguments, rule, options, is_resource, is_sparse):
        kind = "resource" if is_resource else "&T"
        types = {"indices": "Tindices", "global_step": "int64"}
        inputs = [f"{state}: {kind}" for state in states]
        inputs += [f"{argument}: {types.get(argument, 'T')}" for argument in arguments]
        attrs = f"T: {rules.NUMBER}; "
        if is_sparse:
            attrs += "Tindices: int32|int64; "
        attrs += "use_locking: bool = False"
        if options:
            attrs += "; " + options
        grad = "delta" if "delta" in arguments else "grad"
        names = [option.split(":")[0].strip() for option in options.split(";") if option]
        call = _Call(states, arguments, grad, names, is_resource, is_sparse, rule)
        kernel = core.session_kernel(call.sparse if is_sparse else call.dense)
        typed = (_TYPED_SPARSE if is_sparse else _TYPED).get(rule)
        if typed is not None:
            kernel = core.kernel(typed, kernel)
        return core.OpType(
            name,
            f"{', '.join(inputs)} -> {'' if is_resource else 'out: &T'}",
            attrs,
            shape=_shape_rule(name, states, arguments, grad, is_resource, is_sparse),
            kernel=kernel,
            stateful=is_resource,
        )


# ---------------------------------------------------------------- the rules


def _gradient_descent(var, alpha, delta):
    var -= delta * alpha


def _proximal_gradient_descent(var, alpha, l1, l2, **grad):
    (delta,) = grad.values()
    _proximal(var, var - delta * alpha, alpha, l1, l2)


def _proximal(var, moved, rate, l1, l2):
    """Set `var` to `moved`, drawn to 0 by the penalties `l1` and `l2` (Duchi & Singer 2009)."""
    if l1 > 0:
        moved = np.sign(moved) * np.maximum(np.abs(moved) - rate * l1, 0)
    var[...] = moved / (1 + l2 * rate)


def _momentum(var, accum, lr, grad, momentum, use_nesterov):
    accum *= momentum
    accum += grad
    if use_nesterov:
        var -= grad * lr + accum * momentum * lr
    else:
        var -= accum * lr


def _adam(var, m, v, beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad, use_nesterov=False):
    alpha = lr * np.sqrt(1 - beta2_power) / (1 - beta1_power)
    change = grad - m
    change *= 1 - beta1
    m += change
    change = grad * grad
    change -= v
    change *= 1 - beta2
    v += change
    scale = np.sqrt(v)
    scale += epsilon
    if use_nesterov:
        var -= (grad * (1 - beta1) + m * beta1) * alpha / scale
    else:
        step = m * alpha
        step /= scale
        var -= step


def _adagrad(var, accum, lr, grad, update_slots):
    if update_slots:
        accum += grad * grad
    step = grad * lr
    step /= np.sqrt(accum)
    var -= step


def _adagrad_v2(var, accum, lr, epsilon, grad, update_slots):
    if update_slots:
        accum += grad * grad
    var -= grad * lr / (np.sqrt(accum) + epsilon)


def _proximal_adagrad(var, accum, lr, l1, l2, grad):
    accum += grad * grad
    rate = lr / np.sqrt(accum)
    _proximal(var, var - grad * rate, rate, l1, l2)


def _adagrad_da(
    var, gradient_accumulator, gradient_squared_accumulator, grad, lr, l1, l2, global_step
):
    gradient_accumulator += grad
    gradient_squared_accumulator += grad * grad
    step = np.asarray(global_step, var.dtype)
    scale = l2 * step * lr + np.sqrt(gradient_squared_accumulator)
    shrunk = gradient_accumulator
    if l1 > 0:
        shrunk = np.sign(shrunk) * np.maximum(np.abs(shrunk) - l1 * step, 0)
    var[...] = -lr * shrunk / scale


def _adadelta(var, accum, accum_update, lr, rho, epsilon, grad):
    accum *= rho
    accum += grad * grad * (1 - rho)
    update = np.sqrt(accum_update + epsilon) / np.sqrt(accum + epsilon) * grad
    var -= update * lr
    accum_update *= rho
    accum_update += update * update * (1 - rho)


def _rms_prop(var, ms, mom, lr, rho, momentum, epsilon, grad):
    ms += (grad * grad - ms) * (1 - rho)
    mom *= momentum
    mom += grad * lr / np.sqrt(ms + epsilon)
    var -= mom


def _sparse_rms_prop(var, ms, mom, lr, rho, momentum, epsilon, grad):
    ms *= rho
    ms += grad * grad * (1 - rho)
    mom *= momentum
    mom += lr / np.sqrt(ms + epsilon) * grad
    var -= mom


def _centered_rms_prop(var, mg, ms, mom, lr, rho, momentum, epsilon, grad):
    ms += (grad * grad - ms) * (1 - rho)
    mg += (grad - mg) * (1 - rho)
    mom *= momentum
    mom += grad * lr / np.sqrt(ms - mg * mg + epsilon)
    var -= mom


def _sparse_centered_rms_prop(var, mg, ms, mom, lr, rho, momentum, epsilon, grad):
    ms *= rho
    ms += grad * grad * (1 - rho)
    mg *= rho
    mg += grad * (1 - rho)
    mom *= momentum
    mom += lr / np.sqrt(ms + epsilon - mg * mg) * grad
    var -= mom


def _ftrl(var, accum, linear, grad, lr, l1, l2, lr_power, multiply_linear_by_lr, shrunk=None):
    """McMahan et al. 2013, algorithm 1; `shrunk` is the gradient that goes into `linear`, if not `grad`."""
    if shrunk is None:
        shrunk = grad
    new_accum = accum + grad * grad
    if lr_power == -0.5:
        new_power, old_power = np.sqrt(new_accum), np.sqrt(accum)
    else:
        new_power, old_power = np.power(new_accum, -lr_power), np.power(accum, -lr_power)
    if multiply_linear_by_lr:
        linear += shrunk * lr - (new_power - old_power) * var
        bound, scale = l1 * lr, new_power + 2 * l2 * lr
    else:
        linear += shrunk - (new_power - old_power) / lr * var
        bound, scale = l1, new_power / lr + 2 * l2
    var[...] = (np.clip(linear, -bound, bound) - linear) / scale
    accum[...] = new_accum


def _ftrl_v2(var, accum, linear, grad, lr, l1, l2, l2_shrinkage, lr_power, multiply_linear_by_lr):
    shrunk = grad + 2 * l2_shrinkage * var
    _ftrl(var, accum, linear, grad, lr, l1, l2, lr_power, multiply_linear_by_lr, shrunk)


_NESTEROV = "use_nesterov: bool = False"
_SLOTS = "update_slots: bool = True"
_LINEAR = "multiply_linear_by_lr: bool = False"

# Rules with a typed loop in the core, for whole variables of float32 and float64, and for rows of them.
_TYPED = {
    _gradient_descent: "gradient_descent",
    _momentum: "momentum",
    _adam: "adam",
    _adagrad: "adagrad",
    _rms_prop: "rms_prop",
    _ftrl: "ftrl",
}
_TYPED_SPARSE = {
    _momentum: "sparse_momentum",
    _adagrad: "sparse_adagrad",
    _sparse_rms_prop: "sparse_rms_prop",
    _ftrl: "sparse_ftrl",
}

GRADIENT_DESCENT = Family("GradientDescent", "var", "alpha delta", _gradient_descent)
PROXIMAL_GRADIENT_DESCENT = Family(
    "ProximalGradientDescent",
    "var",
    "alpha l1 l2 delta",
    _proximal_gradient_descent,
    sparse_rule=_proximal_gradient_descent,
)
MOMENTUM = Family("Momentum", "var accum", "lr grad momentum", _momentum, _NESTEROV, _momentum)
ADAM = Family("Adam", "var m v", "beta1_power beta2_power lr beta1 beta2 epsilon grad", _adam, _NESTEROV)
ADAGRAD = Family("Adagrad", "var accum", "lr grad", _adagrad, _SLOTS, _adagrad)
ADAGRAD_V2 = Family("AdagradV2", "var accum", "lr epsilon grad", _adagrad_v2, _SLOTS, _adagrad_v2)
PROXIMAL_ADAGRAD = Family(
    "ProximalAdagrad", "var accum", "lr l1 l2 grad", _proximal_adagrad, sparse_rule=_proximal_adagrad
)
ADAGRAD_DA = Family(
    "AdagradDA",
    "var gradient_accumulator gradient_squared_accumulator",
    "grad lr l1 l2 global_step",
    _adagrad_da,
    sparse_rule=_adagrad_da,
)
ADADELTA = Family("Adadelta", "var accum accum_update", "lr rho epsilon grad", _adadelta, sparse_rule=_adadelta)
RMS_PROP = Family("RMSProp", "var ms mom", "lr rho momentum epsilon grad", _rms_prop, sparse_rule=_sparse_rms_prop)
CENTERED_RMS_PROP = Family(
    "CenteredRMSProp",
    "var mg ms mom",
    "lr rho momentum epsilon grad",
    _centered_rms_prop,
    sparse_rule=_sparse_centered_rms_prop,
)
FTRL = Family("Ftrl", "var accum linear", "grad lr l1 l2 lr_power", _ftrl, _LINEAR, _ftrl)
FTRL_V2 = Family(
    "FtrlV2", "var accum linear", "grad lr l1 l2 l2_shrinkage lr_power", _ftrl_v2, _LINEAR, _ftrl_v2
)
