"""Rows of the array ops: inputs, a NumPy reference and a tolerance, as in samples.py."""

import numpy as np
from samples import Sample

_RNG = np.random.RandomState(11)


class ArraySample(Sample):
    """A row of an op whose arguments may be lists.

    Parameters
    ----------
    layout : tuple
        For each argument the number of inputs in its list, or None for a single input; () makes all inputs single.
    """

    def __init__(self, inputs, reference, layout=(), **attrs):
        super().__init__(inputs, reference, **attrs)
        self.layout = layout

    def grouped(self, tensors):
        """`tensors`, one for each input, as the positional arguments."""
        if not self.layout:
            return tensors
        out = []
        rest = list(tensors)
        for n in self.layout:
            out.append(rest.pop(0) if n is None else [rest.pop(0) for _ in range(n)])
        return out


def _floats(*shape):
    return _RNG.uniform(-2, 2, shape).astype(np.float32)


def _ints(*values):
    return np.array(values, np.int32)


def _scalar(value):
    return np.array(value, np.int32)


X = _floats(3, 4)
Y = _floats(3, 4)
V = _floats(4)
S = _floats()
CUBE = _floats(2, 3, 4)
SQUARES = _floats(2, 3, 3)
IMAGE = _floats(1, 4, 4, 2)
MASK = np.array([[True, False, True, False], [False, True, True, True], [True, True, False, False]])
B2 = _ints(2, 2)
PADS = np.array([[1, 0], [2, 1]], np.int32)
NO_PADS = np.zeros((2, 2), np.int32)
MAIN = _scalar(0)


def _diagonals(matrices):
    return np.stack([np.diag(m) for m in matrices])


def _with_diagonals(matrices, diagonals):
    out = matrices.copy()
    for m, d in zip(out, diagonals):
        np.fill_diagonal(m, d)
    return out


def _blocks_of_space(x):
    n, h, w, c = x.shape
    return np.stack([x[0, i::2, j::2] for i in range(2) for j in range(2)]).reshape(4 * n, h // 2, w // 2, c)


def _blocks_of_batch(x):
    _, h, w, c = x.shape
    out = np.empty((1, 2 * h, 2 * w, c), x.dtype)
    for k in range(4):
        out[0, k // 2 :: 2, k % 2 :: 2] = x[k]
    return out


def _deep(x):
    parts = [x[:, i::2, j::2] for i in range(2) for j in range(2)]
    return np.concatenate(parts, 3)


def _shallow(x):
    n, h, w, c = x.shape
    out = np.empty((n, 2 * h, 2 * w, c // 4), x.dtype)
    for k, part in enumerate(np.split(x, 4, 3)):
        out[:, k // 2 :: 2, k % 2 :: 2] = part
    return out


def _mirror_back(mode):
    def reference(g, pads):
        n, m = (d - sum(p) for d, p in zip(g.shape, pads))
        source = np.pad(np.arange(n * m).reshape(n, m), pads, mode)
        return np.bincount(source.ravel(), g.ravel(), n * m).reshape(n, m).astype(g.dtype)

    return reference


def _scattered(change):
    def reference(x, indices, updates):
        out = x.copy()
        for i, u in zip(indices[:, 0], updates):
            out[i] = change(out[i], u)
        return out

    return reference


def _scatter_nd(indices, updates, shape):
    return _scattered(np.add)(np.zeros(shape, updates.dtype), indices, updates)


def _into_slice(shape, begin, end, strides, dy):
    out = np.zeros(shape, dy.dtype)
    out[begin[0] : end[0] : strides[0], begin[1] : end[1] : strides[1]] = dy
    return out


def _sliced(x, begin, end, strides):
    return x[begin[0] : end[0] : strides[0], begin[1] : end[1] : strides[1]]


def _updated(x, begin, end, strides, value):
    out = x.copy()
    out[begin[0] : end[0] : strides[0], begin[1] : end[1] : strides[1]] = value
    return out


BOUNDS = [_ints(0, 3), _ints(3, 0), _ints(2, -1)]
ROWS = np.array([[2], [0]], np.int32)

PASSING = {
    "Identity": Sample([X], lambda x: x),
    "IdentityN": ArraySample([X, V], lambda x, v: (x, v), layout=(2,)),
    "Snapshot": Sample([X], lambda x: x),
    "DeepCopy": Sample([X], lambda x: x),
    "StopGradient": Sample([X], lambda x: x),
    "PreventGradient": Sample([np.arange(3)], lambda x: x),
    "GuaranteeConst": Sample([X], lambda x: x),
    "DebugGradientIdentity": Sample([X], lambda x: x),
    "PlaceholderWithDefault": Sample([X], lambda x: x, shape=[3, 4]),
    "CheckNumerics": Sample([X], lambda x: x, message="bad"),
    "EnsureShape": Sample([X], lambda x: x, shape=[None, 4]),
    "Bitcast": Sample([X], lambda x: x.view(np.int32), type="int32"),
}

SHAPES = {
    "Shape": Sample([X], lambda x: _ints(*x.shape)),
    "ShapeN": ArraySample([X, CUBE], lambda x, y: (_ints(*x.shape), _ints(*y.shape)), layout=(2,)),
    "Size": Sample([X], lambda x: _scalar(x.size)),
    "Rank": Sample([X], lambda x: _scalar(x.ndim)),
    "Reshape": Sample([X, _ints(2, -1)], lambda x, s: x.reshape(s)),
    "ExpandDims": Sample([X, _scalar(1)], lambda x, d: np.expand_dims(x, d)),
    "Squeeze": Sample([X[:, None]], lambda x: x.squeeze(1), squeeze_dims=[1]),
    "Transpose": Sample([CUBE, _ints(2, 0, 1)], lambda x, p: x.transpose(p)),
    "ConjugateTranspose": Sample([(X + 1j * Y).astype(np.complex64), _ints(1, 0)], lambda x, p: x.T.conj()),
    "BroadcastTo": Sample([X[:, :1], _ints(2, 3, 4)], lambda x, s: np.broadcast_to(x, s)),
    "BroadcastArgs": Sample([_ints(3, 1), _ints(2, 1, 4)], lambda a, b: _ints(2, 3, 4)),
    "BroadcastGradientArgs": Sample([_ints(3, 1), _ints(2, 1, 4)], lambda a, b: (_ints(0, 2), _ints(1))),
    "UnravelIndex": Sample([_ints(7, 3), _ints(2, 5)], lambda i, d: np.stack(np.unravel_index(i, d)).astype(np.int32)),
}

FILLS = {
    "Fill": Sample([_ints(2, 3), S], lambda s, v: np.full(s, v)),
    "ZerosLike": Sample([X], np.zeros_like),
    "OnesLike": Sample([X], np.ones_like),
    "OneHot": Sample([_ints(2, 0, 5), _scalar(3), S, np.float32(-1)],
                     lambda i, n, on, off: np.where(np.arange(n) == i[:, None], on, off)),
}

JOINING = {
    "ConcatV2": ArraySample([X, Y[:1], _scalar(0)], lambda x, y, a: np.concatenate([x, y], a), layout=(2, None)),
    "Concat": ArraySample([_scalar(0), X, Y[:1]], lambda a, x, y: np.concatenate([x, y], a), layout=(None, 2)),
    "ConcatOffset": ArraySample([_scalar(1), _ints(2, 3), _ints(2, 5)], lambda a, x, y: (_ints(0, 0), _ints(0, 3)),
                                layout=(None, 2)),
    "Split": Sample([_scalar(1), X], lambda a, x: np.split(x, 2, a), num_split=2),
    "SplitV": Sample([X, np.array([1, -1]), _scalar(1)], lambda x, s, a: np.split(x, [1], a), num_split=2),
    "Pack": ArraySample([X, Y], lambda x, y: np.stack([x, y], 1), layout=(2,), axis=1),
    "Unpack": Sample([X], lambda x: list(x.T), num=4, axis=1),
    "ParallelConcat": ArraySample([X[:1], Y[:1]], lambda x, y: np.concatenate([x, y]), layout=(2,), shape=[2, 4]),
    "Tile": Sample([X, _ints(2, 3)], np.tile),
}

SLICES = {
    "Slice": Sample([X, _ints(1, 0), _ints(2, -1)], lambda x, b, s: x[1:, :]),
    "StridedSlice": Sample([X, *BOUNDS], _sliced),
    "StridedSliceGrad": Sample([_ints(3, 4), *BOUNDS, Y[::2, 3:0:-1]], _into_slice),
    "TensorStridedSliceUpdate": Sample([X, *BOUNDS, Y[::2, 3:0:-1]], _updated),
    "Gather": Sample([X, _ints(2, 0, 2)], lambda x, i: x[i]),
    "GatherV2": Sample([CUBE, np.array([[0, 2], [1, 1]], np.int32), _scalar(2)],
                       lambda x, i, a: np.stack([x[b][:, i[b]] for b in range(2)]), batch_dims=1),
    "GatherNd": Sample([X, np.array([[2, 1], [0, 3]], np.int32)], lambda x, i: x[i[:, 0], i[:, 1]]),
    "ScatterNd": Sample([ROWS, X[:2], _ints(4, 4)], _scatter_nd),
    "TensorScatterUpdate": Sample([X, ROWS, Y[:2]], _scattered(lambda a, b: b)),
    "TensorScatterAdd": Sample([X, ROWS, Y[:2]], _scattered(np.add)),
    "TensorScatterSub": Sample([X, ROWS, Y[:2]], _scattered(np.subtract)),
    "TensorScatterMin": Sample([X, ROWS, Y[:2]], _scattered(np.minimum)),
    "TensorScatterMax": Sample([X, ROWS, Y[:2]], _scattered(np.maximum)),
    "ScatterNdNonAliasingAdd": Sample([X, ROWS, Y[:2]], _scattered(np.add)),
}

PADDING = {
    "Pad": Sample([X, PADS], np.pad),
    "PadV2": Sample([X, PADS, S], lambda x, p, c: np.pad(x, p, constant_values=c)),
    "MirrorPad": Sample([X, PADS], lambda x, p: np.pad(x, p, "reflect"), mode="REFLECT"),
    "MirrorPadGrad": Sample([_floats(4, 7), PADS], _mirror_back("symmetric"), mode="SYMMETRIC", tolerance=1e-5),
}

ORDER = {
    "Reverse": Sample([X, np.array([False, True])], lambda x, d: x[:, ::-1]),
    "ReverseV2": Sample([X, _ints(-1, 0)], lambda x, a: x[::-1, ::-1]),
    "ReverseSequence": Sample([X, np.array([2, 4, 0])],
                              lambda x, n: np.stack([np.r_[r[:k][::-1], r[k:]] for r, k in zip(x, n)]), seq_dim=1),
    "InvertPermutation": Sample([_ints(2, 0, 1)], lambda p: np.argsort(p).astype(np.int32)),
    "Roll": Sample([X, _ints(1, -2), _ints(0, 1)], lambda x, s, a: np.roll(x, s, a)),
    "LowerBound": Sample([np.sort(X, 1), Y], lambda a, v: np.stack(
        [np.searchsorted(r, q) for r, q in zip(a, v)]).astype(np.int32)),
    "UpperBound": Sample([_ints(1, 2, 2, 3)[None], _ints(2, 9)[None]], lambda a, v: _ints(3, 4)[None]),
}

CHOICE = {
    "Where": Sample([MASK], np.argwhere),
    "Select": Sample([MASK, X, Y], np.where),
    "SelectV2": Sample([MASK[0], X, Y[:, :1]], np.where),
    "Unique": Sample([_ints(3, 1, 3, 2)], lambda x: (_ints(3, 1, 2), _ints(0, 1, 0, 2))),
    "UniqueWithCounts": Sample([_ints(3, 1, 3, 2)], lambda x: (_ints(3, 1, 2), _ints(0, 1, 0, 2), _ints(2, 1, 1))),
    "ListDiff": Sample([_ints(3, 1, 3, 2), _ints(3)], lambda x, y: (_ints(1, 2), _ints(1, 3))),
    "DynamicPartition": Sample([X, _ints(1, 0, 1)], lambda x, p: (x[p == 0], x[p == 1]), num_partitions=2),
    "DynamicStitch": ArraySample([_ints(2, 0), _scalar(1), X[:2], X[2]], lambda i, j, x, y: np.stack([x[1], y, x[0]]),
                                 layout=(2, 2)),
    "ParallelDynamicStitch": ArraySample([_ints(2, 0), _scalar(1), X[:2], X[2]],
                                         lambda i, j, x, y: np.stack([x[1], y, x[0]]), layout=(2, 2)),
}

DIAGONALS = {
    "Diag": Sample([V], np.diag),
    "DiagPart": Sample([SQUARES[0]], np.diag),
    "MatrixDiag": Sample([X], lambda x: np.stack([np.diag(r) for r in x])),
    "MatrixDiagV3": Sample([X, _scalar(1), _scalar(-1), _scalar(-1), S],
                           lambda x, k, *_: np.stack([np.where(np.eye(5, k=1) > 0, np.diag(r, 1), S) for r in x])),
    "MatrixDiagPart": Sample([SQUARES], _diagonals),
    "MatrixDiagPartV3": Sample([SQUARES, _ints(-1, 0), S],
                               lambda x, k, p: np.stack([[np.diag(m), np.r_[np.diag(m, -1), p]] for m in x])),
    "MatrixSetDiag": Sample([SQUARES, X[:2, :3]], _with_diagonals),
    "MatrixSetDiagV3": Sample([SQUARES, X[:2, :3], MAIN], lambda x, d, k: _with_diagonals(x, d)),
    "MatrixBandPart": Sample([SQUARES, _scalar(1), _scalar(0)], lambda x, a, b: np.tril(np.triu(x, -1))),
}

BLOCKS = {
    "SpaceToBatchND": Sample([IMAGE, B2, NO_PADS], lambda x, b, p: _blocks_of_space(x)),
    "BatchToSpaceND": Sample([_floats(4, 2, 3, 1), B2, NO_PADS], lambda x, b, p: _blocks_of_batch(x)),
    "SpaceToDepth": Sample([IMAGE], _deep, block_size=2),
    "DepthToSpace": Sample([_floats(1, 2, 3, 8)], _shallow, block_size=2),
}

SPARSE = {
    "SparseToDense": Sample([np.array([[0, 1], [1, 2]]), np.array([2, 3]), V[:2], S],
                            lambda i, s, v, d: np.array([[d, v[0], d], [d, d, v[1]]])),
    "EditDistance": Sample(
        [np.array([[0, 0], [0, 1], [1, 0]]), _ints(1, 2, 3), np.array([2, 2]),
         np.array([[0, 0], [1, 0], [1, 1]]), _ints(2, 3, 4), np.array([2, 2])],
        lambda *_: np.array([1, 0.5], np.float32),
    ),
}

SAMPLES = {
    **PASSING, **SHAPES, **FILLS, **JOINING, **SLICES, **PADDING, **ORDER, **CHOICE, **DIAGONALS, **BLOCKS, **SPARSE,
}  # fmt: skip
