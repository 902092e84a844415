"""One row per op type: inputs, a NumPy reference and a tolerance.

The inputs lie where the function is smooth, so that its gradient can be checked numerically as well.
"""

import math
from statistics import NormalDist

import numpy as np

_RNG = np.random.RandomState(7)


class Sample:
    """Inputs of one op, and what it makes of them.

    Parameters
    ----------
    inputs : list of arrays
    reference : function of the inputs, returning the output or a tuple of them
    tolerance : relative and absolute error allowed in each element
    attrs : attributes that are not inferred from the inputs
    n_list : number of inputs that make one list argument, or None
    """

    def __init__(self, inputs, reference, tolerance=1e-6, n_list=None, **attrs):
        self.inputs = [np.asarray(x) for x in inputs]
        self.reference = reference
        self.tolerance = tolerance
        self.n_list = n_list
        self.attrs = attrs

    def expected(self):
        """The outputs, as a list."""
        out = self.reference(*self.inputs)
        return list(out) if isinstance(out, (tuple, list)) else [out]

    def arguments(self):
        """The inputs as the op's positional arguments."""
        return [self.inputs] if self.n_list else self.inputs


def _floats(low, high, *shape):
    return _RNG.uniform(low, high, shape).astype(np.float32)


def _each(function):
    """`function` of Python floats, for arrays, in double precision."""

    def reference(*inputs):
        wide = [np.asarray(x, np.float64) for x in inputs]
        return np.vectorize(function, otypes=[np.float64])(*wide).astype(inputs[0].dtype)

    return reference


def _double(function):
    """`function` of double precision copies of the inputs, rounded to their type."""
    return lambda *inputs: np.asarray(function(*[np.float64(x) for x in inputs])).astype(inputs[0].dtype)


X = _floats(0.1, 2, 3, 4) * _RNG.choice([-1, 1], (3, 4)).astype(np.float32)  # away from 0
Y = _floats(-2, 2, 3, 4)
ROW = _floats(-2, 2, 4)  # broadcasts against X
P = _floats(0.5, 2, 3, 4)  # positive
Q = _floats(0.5, 2, 4)
U = _floats(-0.8, 0.8, 3, 4)  # inside (-1, 1)
A = _floats(1.2, 3, 3, 4)  # above 1
I = np.array([[-7, 5, 0], [3, -2, 9]], np.int32)  # noqa: E741
J = np.array([2, -3, 4], np.int32)
B = np.array([[True, False, True], [False, False, True]])
C = (X + 1j * Y).astype(np.complex64)
D = (Y + 1j * P).astype(np.complex64)
AXES = np.array([1], np.int32)
AXIS = np.array(1, np.int32)
M = _floats(-1, 1, 2, 3)
N = _floats(-1, 1, 3, 4)
SQUARE = (np.eye(3) * 3 + _RNG.uniform(-1, 1, (2, 3, 3))).astype(np.float64)
SYMMETRIC = SQUARE @ np.swapaxes(SQUARE, 1, 2) + np.eye(3)
RHS = _RNG.uniform(-1, 1, (2, 3, 2))
ROWS = _floats(0.5, 2, 5, 2)
IDS = np.array([0, 0, 1, 3, 3], np.int32)
MIXED = np.array([2, 0, -1, 2, 1], np.int32)
FOUR = np.array(4, np.int32)
LABELS = np.array([1, 0, 3], np.int64)
SHARES = (P / P.sum(1, keepdims=True)).astype(np.float32)


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _xent(logits, labels):
    return -(labels * np.log(_softmax(logits))).sum(1), _softmax(logits) - labels


def _sparse_xent(logits, labels):
    return _xent(logits, np.eye(logits.shape[1], dtype=logits.dtype)[labels])


def _by_segment(reduce, ids, n, empty):
    def reference(data, *_):
        return np.stack(
            [
                reduce(data[ids == i], 0) if (ids == i).any() else np.full(data.shape[1:], empty, data.dtype)
                for i in range(n)
            ]
        )

    return reference


def _chosen(reduce, n):
    return lambda data, index, ids, *_: np.stack(
        [reduce(data[index[ids == i]], 0) if (ids == i).any() else np.zeros(data.shape[1:], data.dtype)
         for i in range(n)]
    ).astype(data.dtype)  # fmt: skip


def _sqrt_n(rows, axis):
    return rows.sum(axis) / np.sqrt(len(rows))


def _chosen_grad(scale):
    def reference(grad, index, ids, n):
        out = np.zeros((int(n), *grad.shape[1:]), grad.dtype)
        for i, j in zip(index, ids):
            out[i] += grad[j] * scale(np.sum(ids == j))
        return out

    return reference


def _chosen_grad_v2(scale):
    def reference(grad, index, ids, n):
        return _chosen_grad(scale)(grad, index, ids, n)[np.unique(index)], np.unique(index)

    return reference


INDEX = np.array([4, 1, 1, 0], np.int32)
INDEX_IDS = np.array([0, 0, 1, 1], np.int32)
ROW_GRADS = _floats(-1, 1, 2, 2)


def _exclusive_sum(x, axis):
    out = np.cumsum(x, 1)
    return np.concatenate([np.zeros_like(out[:, :1]), out[:, :-1]], 1)


def _population(x):
    return np.array([[bin(int(v) & 0xFFFFFFFF).count("1") for v in row] for row in x], np.uint8)


def _truncated(x, y):
    return np.trunc(x / y).astype(x.dtype)


def _series(x, q):
    """Sum of ``(q + k) ** -x`` over all k: 3000 terms, and the integral of the rest."""
    x, wide = np.float64(x), np.float64(q)[..., None] + np.arange(3000)
    exponent = np.broadcast_to(x, q.shape)
    total = (wide ** -exponent[..., None]).sum(-1) + (np.float64(q) + 2999.5) ** (1 - exponent) / (
        exponent - 1
    )
    return total.astype(q.dtype)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


ARITHMETIC = {
    "Add": Sample([X, ROW], np.add),
    "AddV2": Sample([X, ROW], np.add),
    "Sub": Sample([X, ROW], np.subtract),
    "Mul": Sample([X, ROW], np.multiply),
    "MulNoNan": Sample([X, Q], np.multiply),
    "Div": Sample([X, Q], np.divide),
    "RealDiv": Sample([X, Q], np.divide),
    "DivNoNan": Sample([X, Q], np.divide),
    "FloorDiv": Sample([I, J], np.floor_divide),
    "TruncateDiv": Sample([I, J], _truncated),
    "FloorMod": Sample([X, Q], np.mod, 1e-5),
    "TruncateMod": Sample([I, J], np.fmod),
    "Mod": Sample([I, J], np.fmod),
    "Maximum": Sample([X, ROW], np.maximum),
    "Minimum": Sample([X, ROW], np.minimum),
    "SquaredDifference": Sample([X, ROW], lambda x, y: (x - y) ** 2),
    "Pow": Sample([P, ROW], np.power, 1e-5),
    "Xlogy": Sample([X, Q], lambda x, y: x * np.log(y)),
    "Xlog1py": Sample([X, Q], lambda x, y: x * np.log1p(y)),
    "Xdivy": Sample([X, Q], np.divide),
    "Atan2": Sample([X, Q], np.arctan2),
    "NextAfter": Sample([X, ROW], np.nextafter),
    "AddN": Sample([X, Y, P], lambda *xs: np.sum(xs, 0), n_list=3),
    "AccumulateNV2": Sample([X, Y], np.add, n_list=2, shape=(3, 4)),
}

ELEMENTWISE = {
    "Abs": Sample([X], np.abs),
    "ComplexAbs": Sample([C], np.abs, Tout="float32"),
    "Neg": Sample([X], np.negative),
    "Sign": Sample([X], np.sign),
    "Square": Sample([X], np.square),
    "Sqrt": Sample([P], np.sqrt),
    "SqrtGrad": Sample([P, X], lambda y, dy: 0.5 * dy / y),
    "Rsqrt": Sample([P], lambda x: 1 / np.sqrt(x)),
    "RsqrtGrad": Sample([P, X], lambda y, dy: -0.5 * dy * y**3, 1e-5),
    "Reciprocal": Sample([P], lambda x: 1 / x),
    "ReciprocalGrad": Sample([P, X], lambda y, dy: -dy * y * y),
    "Inv": Sample([P], lambda x: 1 / x),
    "InvGrad": Sample([P, X], lambda y, dy: -dy * y * y),
    "Exp": Sample([X], np.exp),
    "Expm1": Sample([X], np.expm1),
    "Log": Sample([P], np.log),
    "Log1p": Sample([P], np.log1p),
    "Sin": Sample([X], np.sin),
    "Cos": Sample([X], np.cos),
    "Tan": Sample([U], np.tan),
    "Asin": Sample([U], np.arcsin),
    "Acos": Sample([U], np.arccos),
    "Atan": Sample([X], np.arctan),
    "Sinh": Sample([X], np.sinh),
    "Cosh": Sample([X], np.cosh),
    "Tanh": Sample([X], np.tanh),
    "TanhGrad": Sample([U, X], lambda y, dy: dy * (1 - y * y)),
    "Asinh": Sample([X], np.arcsinh),
    "Acosh": Sample([A], np.arccosh),
    "Atanh": Sample([U], np.arctanh),
    "Sigmoid": Sample([X], _sigmoid),
    "SigmoidGrad": Sample([U, X], lambda y, dy: dy * y * (1 - y)),
    "Floor": Sample([X], np.floor),
    "Ceil": Sample([X], np.ceil),
    "Rint": Sample([np.array([0.5, 1.5, -2.5, 0.4], np.float32)], np.rint),
    "Round": Sample([np.array([0.5, 1.5, -2.5, 0.4], np.float32)], np.rint),
    "Erf": Sample([X], _each(math.erf)),
    "Erfc": Sample([X * 3], _each(math.erfc)),
    "Erfinv": Sample([_each(math.erf)(U)], lambda x: U, 1e-5),
    "Ndtri": Sample([_each(NormalDist().cdf)(U)], lambda x: U, 1e-5),
    "Lgamma": Sample([P * 3], _each(math.lgamma), 1e-5),
    "Digamma": Sample([P * 3], _each(lambda x: (math.lgamma(x + 1e-4) - math.lgamma(x - 1e-4)) / 2e-4), 1e-5),
    "Polygamma": Sample([np.ones((3, 4), np.float32), A], lambda n, x: _series(2.0, x), 1e-5),  # trigamma
    "Zeta": Sample([A, P], lambda x, q: _series(x, q), 1e-5),
}

COMPARISONS = {
    "Equal": Sample([I, J], np.equal),
    "NotEqual": Sample([I, J], np.not_equal),
    "Less": Sample([X, ROW], np.less),
    "LessEqual": Sample([X, ROW], np.less_equal),
    "Greater": Sample([X, ROW], np.greater),
    "GreaterEqual": Sample([X, ROW], np.greater_equal),
    "ApproximateEqual": Sample(
        [X, (X + (np.arange(4) % 2) * 1e-3).astype(np.float32)], lambda x, y: np.abs(x - y) < 1e-5
    ),
    "LogicalAnd": Sample([B, B[0]], np.logical_and),
    "LogicalOr": Sample([B, B[0]], np.logical_or),
    "LogicalNot": Sample([B], np.logical_not),
    "BitwiseAnd": Sample([I, J], np.bitwise_and),
    "BitwiseOr": Sample([I, J], np.bitwise_or),
    "BitwiseXor": Sample([I, J], np.bitwise_xor),
    "LeftShift": Sample([I, np.abs(J)], np.left_shift),
    "RightShift": Sample([I, np.abs(J)], np.right_shift),
    "Invert": Sample([I], np.invert),
    "PopulationCount": Sample([I], _population),
    "IsNan": Sample([np.array([1, np.nan, np.inf], np.float32)], np.isnan),
    "IsInf": Sample([np.array([1, np.nan, -np.inf], np.float32)], np.isinf),
    "IsFinite": Sample([np.array([1, np.nan, np.inf], np.float32)], np.isfinite),
}

CASTS = {
    "Cast": Sample([X], lambda x: x.astype(np.float64), DstT="float64"),
    "Complex": Sample([X, Y], lambda x, y: x + 1j * y, Tout="complex64"),
    "Real": Sample([C], np.real, Tout="float32"),
    "Imag": Sample([C], np.imag, Tout="float32"),
    "Angle": Sample([C], np.angle, Tout="float32"),
    "Conj": Sample([C], np.conj),
}

REDUCTIONS = {
    "Sum": Sample([X, AXES], lambda x, a: x.sum(1)),
    "Mean": Sample([X, AXES], lambda x, a: x.mean(1)),
    "Prod": Sample([X, AXES], lambda x, a: x.prod(1)),
    "Max": Sample([X, AXES], lambda x, a: x.max(1)),
    "Min": Sample([X, AXES], lambda x, a: x.min(1)),
    "EuclideanNorm": Sample([X, AXES], lambda x, a: np.sqrt((x * x).sum(1))),
    "All": Sample([B, AXES], lambda x, a: x.all(1)),
    "Any": Sample([B, AXES], lambda x, a: x.any(1)),
    "Cumsum": Sample([X, AXIS], _exclusive_sum, exclusive=True),
    "Cumprod": Sample([X, AXIS], lambda x, a: np.cumprod(x[:, ::-1], 1)[:, ::-1], reverse=True),
    "CumulativeLogsumexp": Sample([X, AXIS], lambda x, a: np.log(np.cumsum(np.exp(x), 1))),
    "ArgMax": Sample([X, AXIS], lambda x, a: x.argmax(1)),
    "ArgMin": Sample([X, AXIS], lambda x, a: x.argmin(1)),
    "Bincount": Sample(
        [np.array([1, 1, 3], np.int32), FOUR, np.array([], np.int32)],
        lambda x, n, w: np.array([0, 2, 0, 1], np.int32),
    ),
    "DenseBincount": Sample(
        [np.array([1, 1, 3], np.int32), FOUR, np.array([1, 2, 4], np.float32)],
        lambda x, n, w: np.array([0, 3, 0, 4], np.float32),
    ),
    "HistogramFixedWidth": Sample(
        [np.array([-1, 0.1, 0.3, 0.9, 5], np.float32), np.array([0, 1], np.float32), FOUR],
        lambda x, r, n: np.array([2, 1, 0, 2], np.int32),
    ),
    "Range": Sample([np.array(v, np.int32) for v in (1, 10, 3)], lambda *v: np.array([1, 4, 7], np.int32)),
    "LinSpace": Sample(
        [np.float32(0), np.float32(2), FOUR], lambda a, b, n: np.linspace(a, b, 4, dtype=a.dtype)
    ),
}

LINALG = {
    "MatMul": Sample([M, N], np.matmul),
    "SparseMatMul": Sample([M, N], np.matmul, a_is_sparse=True),
    "BatchMatMul": Sample([SQUARE, SYMMETRIC], np.matmul),
    "BatchMatMulV2": Sample([SQUARE, SYMMETRIC[0]], lambda x, y: x @ y.T, adj_y=True),
    "BatchMatMulV3": Sample([SQUARE, SYMMETRIC[0]], np.matmul, Tout="float64"),
    "Cross": Sample([M, M[::-1]], np.cross),
}

DECOMPOSITIONS = {
    "MatrixInverse": Sample([SQUARE], np.linalg.inv),
    "MatrixDeterminant": Sample([SQUARE], np.linalg.det),
    "LogMatrixDeterminant": Sample([SYMMETRIC], lambda x: tuple(np.linalg.slogdet(x))),
    "Cholesky": Sample([SYMMETRIC], np.linalg.cholesky),
    "MatrixSolve": Sample([SQUARE, RHS], np.linalg.solve),
    "MatrixTriangularSolve": Sample([SQUARE, RHS], lambda a, b: np.linalg.solve(np.tril(a), b)),
    "Qr": Sample([SQUARE], lambda x: tuple(np.linalg.qr(x))),
    "Svd": Sample(
        [SQUARE], lambda x: np.sqrt(np.linalg.eigvalsh(x @ np.swapaxes(x, 1, 2))[:, ::-1]), compute_uv=False
    ),
    "SelfAdjointEigV2": Sample([SYMMETRIC], np.linalg.eigvalsh, compute_v=False),
    "Einsum": Sample([M, N], lambda x, y: (x @ y).T, n_list=2, equation="ij,jk->ki"),
}

SEGMENTS = {
    "SegmentSum": Sample([ROWS, IDS], _by_segment(np.sum, IDS, 4, 0)),
    "SegmentMean": Sample([ROWS, IDS], _by_segment(np.mean, IDS, 4, 0)),
    "SegmentMax": Sample([ROWS, IDS], _by_segment(np.max, IDS, 4, 0)),
    "SegmentMin": Sample([ROWS, IDS], _by_segment(np.min, IDS, 4, 0)),
    "SegmentProd": Sample([ROWS, IDS], _by_segment(np.prod, IDS, 4, 1)),
    "UnsortedSegmentSum": Sample([ROWS, MIXED, FOUR], _by_segment(np.sum, MIXED, 4, 0)),
    "UnsortedSegmentMax": Sample(
        [ROWS, MIXED, FOUR], _by_segment(np.max, MIXED, 4, np.finfo(np.float32).min)
    ),
    "UnsortedSegmentMin": Sample(
        [ROWS, MIXED, FOUR], _by_segment(np.min, MIXED, 4, np.finfo(np.float32).max)
    ),
    "UnsortedSegmentProd": Sample([ROWS, MIXED, FOUR], _by_segment(np.prod, MIXED, 4, 1)),
    "SparseSegmentSum": Sample([ROWS, INDEX, INDEX_IDS], _chosen(np.sum, 2)),
    "SparseSegmentMean": Sample([ROWS, INDEX, INDEX_IDS], _chosen(np.mean, 2)),
    "SparseSegmentSqrtN": Sample([ROWS, INDEX, INDEX_IDS], _chosen(_sqrt_n, 2)),
    "SparseSegmentSumWithNumSegments": Sample([ROWS, INDEX, INDEX_IDS, FOUR], _chosen(np.sum, 4)),
    "SparseSegmentMeanWithNumSegments": Sample([ROWS, INDEX, INDEX_IDS, FOUR], _chosen(np.mean, 4)),
    "SparseSegmentSqrtNWithNumSegments": Sample([ROWS, INDEX, INDEX_IDS, FOUR], _chosen(_sqrt_n, 4)),
}
for _name, _scale in (("Sum", lambda n: 1), ("Mean", lambda n: 1 / n), ("SqrtN", lambda n: 1 / np.sqrt(n))):
    _inputs = [ROW_GRADS, INDEX, INDEX_IDS, np.array(5, np.int32)]
    SEGMENTS[f"SparseSegment{_name}Grad"] = Sample(_inputs, _chosen_grad(_scale))
    SEGMENTS[f"SparseSegment{_name}GradV2"] = Sample(_inputs, _chosen_grad_v2(_scale))

_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805

ACTIVATIONS = {
    "Relu": Sample([X], lambda x: np.maximum(x, 0)),
    "ReluGrad": Sample([X, Y], lambda g, x: g * (x > 0)),
    "Relu6": Sample([X * 5], lambda x: np.clip(x, 0, 6)),
    "Relu6Grad": Sample([X, Y * 5], lambda g, x: g * ((x > 0) & (x < 6))),
    "LeakyRelu": Sample([X], lambda x: np.where(x > 0, x, np.float32(0.1) * x), alpha=0.1),
    "LeakyReluGrad": Sample([X, Y], lambda g, x: np.where(x > 0, g, np.float32(0.1) * g), alpha=0.1),
    "Elu": Sample([X], lambda x: np.where(x > 0, x, np.exp(x) - 1), 1e-5),
    "EluGrad": Sample([X, U], lambda g, y: np.where(y < 0, g * (y + 1), g)),
    "Selu": Sample([X], _double(lambda x: _SCALE * np.where(x > 0, x, _ALPHA * np.expm1(x)))),
    "SeluGrad": Sample([X, U], _double(lambda g, y: np.where(y < 0, g * (y + _SCALE * _ALPHA), g * _SCALE))),
    "Softplus": Sample([X], lambda x: np.log1p(np.exp(x))),
    "SoftplusGrad": Sample([X, Y], lambda g, x: g * _sigmoid(x)),
    "Softsign": Sample([X], lambda x: x / (1 + np.abs(x))),
    "SoftsignGrad": Sample([X, Y], lambda g, x: g / (1 + np.abs(x)) ** 2),
}

NN = {
    "Softmax": Sample([X], _softmax),
    "LogSoftmax": Sample([X], lambda x: np.log(_softmax(x))),
    "SoftmaxCrossEntropyWithLogits": Sample([X, SHARES], _xent),
    "SparseSoftmaxCrossEntropyWithLogits": Sample([X, LABELS], _sparse_xent),
    "L2Loss": Sample([X], lambda x: (x * x).sum() / 2),
    "BiasAdd": Sample([X, ROW], np.add),
    "BiasAddV1": Sample([X, ROW], np.add),
    "BiasAddGrad": Sample([X], lambda x: x.sum(0)),
    "TopKV2": Sample(
        [X, np.array(2, np.int32)],
        lambda x, k: (-np.sort(-x, 1)[:, :2], np.argsort(-x, 1, kind="stable")[:, :2].astype(np.int32)),
    ),
    "NthElement": Sample([X, np.array(2, np.int32)], lambda x, n: np.sort(x, 1)[:, 2]),
    "InTopKV2": Sample(
        [X, LABELS, np.array(2, np.int64)], lambda x, t, k: (x > x[np.arange(3), t][:, None]).sum(1) < 2
    ),
    "DenseToDenseSetOperation": Sample(
        [np.array([[1, 2], [3, 4]], np.int32), np.array([[2, 5], [4, 3]], np.int32)],
        lambda a, b: (np.array([[0, 0]], np.int64), np.array([1], np.int32), np.array([2, 1], np.int64)),
        set_operation="a-b",
    ),
}

SAMPLES = {
    **ARITHMETIC, **ELEMENTWISE, **COMPARISONS, **CASTS, **REDUCTIONS, **LINALG, **DECOMPOSITIONS,
    **SEGMENTS, **ACTIVATIONS, **NN,
}  # fmt: skip
