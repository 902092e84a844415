"""Sampled losses for many classes, and the samplers of candidate classes they need."""

import numpy as np

from .. import _core as core
from .. import dtypes
from ..errors import InvalidArgumentError
from ..random_seed import get_seed
from . import array
from ._rules import merge_dim, text, with_rank

__all__ = [
    "all_candidate_sampler", "compute_accidental_hits", "log_uniform_candidate_sampler", "nce_loss",
    "sampled_softmax_loss", "uniform_candidate_sampler",
]  # fmt: skip


# ---------------------------------------------------------------- samplers

def _sampler_shape(c):
    shape = with_rank(c.shape(0), 2)
    n = c.attr("num_sampled")
    return [(n,), (shape[0], merge_dim(shape[1], c.attr("num_true"))), (n,)]


def _check_sampler(run, op, true_classes):
    """What the typed kernels leave: the errors."""
    range_max = op.get_attr("range_max")
    if true_classes.ndim != 2 or true_classes.shape[1] != op.get_attr("num_true"):
        raise InvalidArgumentError(None, None, "true_classes must have num_true columns")
    outside = true_classes[(true_classes < 0) | (true_classes >= range_max)]
    if outside.size:
        raise InvalidArgumentError(
            None, None, f"`true_candidate` out of range [0, {range_max}), received {outside[0]}"
        )
    raise InvalidArgumentError(None, None, "Sampler's range is too small.")


def _sampler(type, kernel):
    range_attr = "range_max: int >= 1; " if type != "AllCandidateSampler" else ""
    return core.OpType(
        type,
        "true_classes: int64 -> sampled_candidates: int64, true_expected_count: float32, "
        "sampled_expected_count: float32",
        f"num_true: int >= 1; num_sampled: int >= 1; unique: bool; {range_attr}seed: int = 0; seed2: int = 0",
        shape=_sampler_shape,
        kernel=kernel,
        gradient=None,
        stateful=True,
    )


def _all_kernel(attrs, true_classes):
    n = attrs["num_sampled"]
    ones = np.ones(n, np.float32)
    return np.arange(n, dtype=np.int64), np.ones(true_classes.shape, np.float32), ones


LOG_UNIFORM_CANDIDATE_SAMPLER = _sampler(
    "LogUniformCandidateSampler", core.kernel("sample_log_uniform", core.session_kernel(_check_sampler))
)
UNIFORM_CANDIDATE_SAMPLER = _sampler(
    "UniformCandidateSampler", core.kernel("sample_uniform", core.session_kernel(_check_sampler))
)
ALL_CANDIDATE_SAMPLER = _sampler("AllCandidateSampler", _all_kernel)


def _seeds(seed):
    seed1, seed2 = get_seed(seed)
    return {"seed": seed1 or 0, "seed2": seed2 or 0}


class Candidates(tuple):
    """``(sampled_candidates, true_expected_count, sampled_expected_count)``, also by these names."""

    __slots__ = ()
    sampled_candidates = property(lambda self: self[0])
    true_expected_count = property(lambda self: self[1])
    sampled_expected_count = property(lambda self: self[2])


def log_uniform_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None):
    """Classes below `range_max`, small numbers more often, as words sorted by frequency (Zipf's law).

    Returns
    -------
    sampled_candidates : int64 Tensor of shape (num_sampled,)
    true_expected_count : float32 Tensor of the shape of `true_classes`, (batch_size, num_true)
        How often each true class is to be expected among the candidates.
    sampled_expected_count : float32 Tensor of shape (num_sampled,)
    """
    return Candidates(
        LOG_UNIFORM_CANDIDATE_SAMPLER(
            true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique, range_max=range_max,
            name=name, **_seeds(seed),
        )
    )  # fmt: skip


def uniform_candidate_sampler(true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None):
    """Classes below `range_max`, all equally often. Returns as `log_uniform_candidate_sampler`."""
    return Candidates(
        UNIFORM_CANDIDATE_SAMPLER(
            true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique, range_max=range_max,
            name=name, **_seeds(seed),
        )
    )  # fmt: skip


def all_candidate_sampler(true_classes, num_true, num_sampled, unique, seed=None, name=None):
    """All classes below `num_sampled`. Returns as `log_uniform_candidate_sampler`."""
    return Candidates(
        ALL_CANDIDATE_SAMPLER(
            true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique, name=name, **_seeds(seed)
        )
    )


# ---------------------------------------------------------------- accidental hits


def _hits_kernel(attrs, true_classes, sampled):
    if true_classes.ndim != 2 or true_classes.shape[1] != attrs["num_true"]:
        raise InvalidArgumentError(
            None, None, f"true_candidates must be a batch_size * num_true matrix, got {text(true_classes.shape)}"
        )
    position = {candidate: i for i, candidate in enumerate(sampled.tolist())}
    hits = [
        (row, position[true_class])
        for row, classes in enumerate(true_classes.tolist())
        for true_class in classes
        if true_class in position
    ]
    hits = np.array(hits, np.int64).reshape(-1, 2)
    weights = np.full(len(hits), -np.finfo(np.float32).max, np.float32)
    return hits[:, 0].astype(np.int32), hits[:, 1].copy(), weights


def _hits_shape(c):
    merge_dim(with_rank(c.shape(0), 2)[1], c.attr("num_true"))
    with_rank(c.shape(1), 1)
    return [(None,), (None,), (None,)]


COMPUTE_ACCIDENTAL_HITS = core.OpType(
    "ComputeAccidentalHits",
    "true_classes: int64, sampled_candidates: int64 -> indices: int32, ids: int64, weights: float32",
    "num_true: int; seed: int = 0; seed2: int = 0",
    shape=_hits_shape,
    kernel=core.kernel("accidental_hits", _hits_kernel),
    gradient=None,
)


def compute_accidental_hits(true_classes, sampled_candidates, num_true, seed=None, name=None):
    """Where candidates are true classes: row, position of the candidate, and -(largest float32) to add there."""
    return COMPUTE_ACCIDENTAL_HITS(true_classes, sampled_candidates, num_true=num_true, name=name, **_seeds(seed))


# ---------------------------------------------------------------- losses


def _sum_rows(x):
    from .linalg import matmul

    n_columns = array.shape(x)[1]
    ones = array.ones(array.stack([n_columns, 1]), x.dtype)
    return array.reshape(matmul(x, ones), [-1])


def _sampled_logits(
    weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values, remove_accidental_hits,
    partition_strategy, name, seed=None,
):  # fmt: skip
    """Logits of the true and the sampled classes, log of the expected counts subtracted, and labels for them."""
    from ..variables import PartitionedVariable
    from .arithmetic import multiply
    from .cast import cast
    from .elementwise import log
    from .embedding import embedding_lookup
    from .linalg import matmul

    if isinstance(weights, PartitionedVariable):
        weights = list(weights)
    if not isinstance(weights, list):
        weights = [weights]
    with core.name_scope(name, "compute_sampled_logits", [*weights, biases, inputs, labels]):
        if labels.dtype != dtypes.int64:
            labels = cast(labels, dtypes.int64)
        labels_flat = array.reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                true_classes=labels, num_true=num_true, num_sampled=num_sampled, unique=True,
                range_max=num_classes, seed=seed,
            )  # fmt: skip
        sampled, true_count, sampled_count = [array.stop_gradient(s) for s in sampled_values]
        sampled = cast(sampled, dtypes.int64)
        ids = array.concat([labels_flat, sampled], 0)

        all_w = embedding_lookup(weights, ids, partition_strategy=partition_strategy)
        if all_w.dtype != inputs.dtype:
            all_w = cast(all_w, inputs.dtype)
        true_w = array.slice(all_w, [0, 0], array.stack([array.shape(labels_flat)[0], -1]))
        sampled_w = array.slice(all_w, array.stack([array.shape(labels_flat)[0], 0]), [-1, -1])
        sampled_logits = matmul(inputs, sampled_w, transpose_b=True)

        all_b = embedding_lookup(biases, ids, partition_strategy=partition_strategy)
        if all_b.dtype != inputs.dtype:
            all_b = cast(all_b, inputs.dtype)
        true_b = array.slice(all_b, [0], array.shape(labels_flat))
        sampled_b = array.slice(all_b, array.shape(labels_flat), [-1])

        # The true classes' logits: each input's products with the weights of its own classes.
        size = array.shape(true_w)[1:2]
        true_w_shape = array.concat([[-1, num_true], size], 0)
        products = multiply(array.expand_dims(inputs, 1), array.reshape(true_w, true_w_shape))
        rows = array.reshape(products, array.concat([[-1], size], 0))
        true_logits = array.reshape(_sum_rows(rows), [-1, num_true])
        true_b = array.reshape(true_b, [-1, num_true])
        true_logits += true_b
        sampled_logits += sampled_b

        if remove_accidental_hits:
            sampled_logits += _hit_penalties(labels, sampled, num_true, num_sampled, sampled_logits.dtype)
        true_logits -= log(true_count)
        sampled_logits -= log(sampled_count)
        logits = array.concat([true_logits, sampled_logits], 1)
        shares = array.ones_like(true_logits) / num_true
        return logits, array.concat([shares, array.zeros_like(sampled_logits)], 1)


def _hit_penalties(labels, sampled, num_true, num_sampled, dtype):
    """What to add to the sampled logits so that candidates which are true classes do not count."""
    from .cast import cast
    from .sparse import SPARSE_TO_DENSE

    rows, columns, weights = compute_accidental_hits(labels, sampled, num_true=num_true)
    rows = array.reshape(rows, [-1, 1])
    columns = array.reshape(cast(columns, dtypes.int32), [-1, 1])
    indices = array.concat([rows, columns], 1, "sparse_indices")
    shape = array.concat([array.shape(labels)[:1], array.expand_dims(num_sampled, 0)], 0)
    if dtype != weights.dtype:
        weights = cast(weights, dtype)
    return SPARSE_TO_DENSE(indices, shape, weights, 0.0, validate_indices=False)


def nce_loss(
    weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
    remove_accidental_hits=False, partition_strategy="mod", name="nce_loss",
):  # fmt: skip
    """Noise-contrastive estimation loss of each example (Gutmann and Hyvarinen 2010).

    Parameters
    ----------
    weights : Tensor of shape (num_classes, dim), or parts of it as in `embedding_lookup`
    biases : Tensor of shape (num_classes,)
    labels : int64 Tensor of shape (batch_size, num_true)
    inputs : Tensor of shape (batch_size, dim)
    num_sampled : int
        Number of other classes to sample for the batch, by `log_uniform_candidate_sampler` unless
        `sampled_values` has the results of another sampler.

    Returns
    -------
    Tensor of shape (batch_size,)
    """
    from .softmax import sigmoid_cross_entropy_with_logits

    logits, labels = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
        remove_accidental_hits, partition_strategy, name,
    )  # fmt: skip
    losses = sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name="sampled_losses")
    return _sum_rows(losses)


def sampled_softmax_loss(
    weights, biases, labels, inputs, num_sampled, num_classes, num_true=1, sampled_values=None,
    remove_accidental_hits=True, partition_strategy="mod", name="sampled_softmax_loss", seed=None,
):  # fmt: skip
    """Softmax cross entropy over the true and `num_sampled` other classes (Jean et al. 2014).

    Arguments and result as in `nce_loss`. For training; evaluate with the full softmax.
    """
    from .softmax import softmax_cross_entropy_with_logits_v2

    logits, labels = _sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
        remove_accidental_hits, partition_strategy, name, seed,
    )  # fmt: skip
    labels = array.stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
