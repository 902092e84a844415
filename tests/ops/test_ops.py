"""Every op against its row in samples.py: value, dtype, static shape, gradient."""

import importlib

import numpy as np
import pytest
from samples import SAMPLES as MATH_SAMPLES
from samples_array import SAMPLES as ARRAY_SAMPLES

import pyscope as tf
from pyscope import _core as core

SAMPLES = {**MATH_SAMPLES, **ARRAY_SAMPLES}

MODULES = """
    activations arithmetic bias blocks cast compare concat counts decompositions diag einsum elementwise fill
    gather identity linalg normalization pad ranges ranking reduce reorder scan segment select sets shape slicing
    softmax sparse special tile
""".split()
for _module in MODULES:
    importlib.import_module(f"pyscope.ops.{_module}")

_TYPE_ATTRS = ("DstT", "Tout", "output_type", "index_type", "type")

# Integer positions and masks have no gradient; these have one that is not a derivative of the sampled values.
_NOT_NUMERICAL = {
    "NextAfter",  # moves by one unit in the last place
    "Floor", "Ceil", "Rint", "Round", "Sign", "FloorMod",  # piecewise constant, or with jumps
    "MulNoNan", "DivNoNan",  # as Mul and RealDiv, with 0 apart
    "Polygamma", "Zeta",  # of the second input alone
    "SparseSegmentSumGrad", "SparseSegmentMeanGrad", "SparseSegmentSqrtNGrad",
    "PreventGradient",
}  # fmt: skip

_STATIC_ONLY = {"ParallelConcat", "SpaceToBatchND", "BatchToSpaceND"}  # refuse unknown shapes, as in TF

_SYMMETRIC = {"Cholesky", "SelfAdjointEigV2"}  # functions of symmetric matrices alone


def build(name, feeds=None, static=True):
    """The op's outputs, as a list, from placeholders (`static`: of known shape)."""
    sample = SAMPLES[name]
    attrs = {k: tf.as_dtype(v) if k in _TYPE_ATTRS else v for k, v in sample.attrs.items()}
    if feeds is None:
        feeds = [tf.placeholder(x.dtype, x.shape if static else None) for x in sample.inputs]
    args = sample.grouped(feeds) if hasattr(sample, "grouped") else [feeds] if sample.n_list else feeds
    out = core.OPTYPES[name](*args, **attrs)
    return feeds, list(out) if isinstance(out, (list, tuple)) else [out]


def run(fetches, feeds, values):
    with tf.Session() as sess:
        return sess.run(fetches, dict(zip(feeds, values)))


@pytest.mark.parametrize("name", SAMPLES)
def test_value_dtype_and_shape(name):
    sample = SAMPLES[name]
    feeds, outputs = build(name)
    results = run(outputs, feeds, sample.inputs)
    expected = sample.expected()
    expected += [None] * (len(results) - len(expected))  # of outputs that were not asked for
    for output, result, wanted in zip(outputs, results, expected):
        result = np.asarray(result)
        assert result.dtype == output.dtype.as_numpy_dtype
        assert output.shape.is_compatible_with(result.shape)
        if wanted is None:
            continue
        assert result.shape == np.shape(wanted)
        np.testing.assert_allclose(result, wanted, rtol=sample.tolerance, atol=sample.tolerance)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in _STATIC_ONLY])
def test_rule_allows_what_comes_of_unknown_shapes(name):
    feeds, outputs = build(name, static=False)
    for output, result in zip(outputs, run(outputs, feeds, SAMPLES[name].inputs)):
        assert output.shape.is_compatible_with(np.shape(result))


def _differentiable(name):
    op_type = core.OPTYPES[name]
    if op_type.gradient is None or op_type.gradient is core.NO_GRADIENT or name in _NOT_NUMERICAL:
        return False
    return any(x.dtype.kind == "f" for x in SAMPLES[name].inputs)


@pytest.mark.parametrize("name", [name for name in SAMPLES if _differentiable(name)])
def test_gradient_along_a_random_direction(name):
    """d/dt of a weighted sum of the outputs at ``x + t * direction``, against what the gradient says."""
    rng = np.random.RandomState(3)
    sample = SAMPLES[name]
    feeds, outputs = build(name)
    chosen = [i for i, x in enumerate(sample.inputs) if x.dtype.kind == "f"]
    outputs = [y for y in outputs if y.dtype.is_floating][:1]
    if not outputs:
        return
    wanted = np.asarray(sample.expected()[0])
    weights = rng.uniform(0.5, 1.5, wanted.shape).astype(wanted.dtype)
    weights[np.abs(wanted) > 1e30] = 0  # empty segments
    grads = tf.gradients(outputs, [feeds[i] for i in chosen], grad_ys=[tf.constant(weights)])
    grads = [tf.convert_to_tensor(g) if g is not None else None for g in grads]
    if all(g is None for g in grads):
        return
    used = [(i, g) for i, g in zip(chosen, grads) if g is not None]
    directions = {i: rng.uniform(-1, 1, sample.inputs[i].shape) for i, _ in used}
    if name in _SYMMETRIC:
        directions = {i: d + np.swapaxes(d, -1, -2) for i, d in directions.items()}
    step = 1e-2 if wanted.dtype == np.float32 else 1e-4

    def total(t):
        values = [
            (x + t * directions[i]).astype(x.dtype) if i in directions else x
            for i, x in enumerate(sample.inputs)
        ]
        return float(np.sum(np.float64(run(outputs[0], feeds, values)) * weights))

    numeric = (8 * (total(step) - total(-step)) - (total(2 * step) - total(-2 * step))) / (12 * step)
    values = run([g for _, g in used], feeds, sample.inputs)
    analytic = sum(float(np.sum(np.float64(v) * directions[i])) for (i, _), v in zip(used, values))
    assert numeric == pytest.approx(analytic, rel=3e-3, abs=3e-3)
    for (i, _), value in zip(used, values):
        assert np.shape(value) == sample.inputs[i].shape


def test_every_op_type_has_a_row():
    elsewhere = {"Const", "Placeholder", "PlaceholderV2"}
    mine = {
        op_type.type
        for module in MODULES
        for op_type in vars(importlib.import_module(f"pyscope.ops.{module}")).values()
        if isinstance(op_type, core.OpType)
    }
    assert mine - set(SAMPLES) - elsewhere == set()
