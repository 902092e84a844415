"""``tf.math``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.activations": "softplus softsign",
    "ops.arithmetic": """
        accumulate_n add add_n atan2 divide floordiv floormod maximum minimum mod multiply
        multiply_no_nan polyval pow reciprocal_no_nan scalar_mul squared_difference subtract truediv
        xdivy xlog1py xlogy
    """,
    "ops.cast": "angle conj imag real",
    "ops.compare": """
        equal greater greater_equal is_finite is_inf is_nan less less_equal logical_and logical_not
        logical_or logical_xor not_equal
    """,
    "ops.counts": "confusion_matrix",
    "ops.elementwise": """
        abs acos acosh asin asinh atan atanh ceil cos cosh exp expm1 floor log log1p log_sigmoid
        negative reciprocal rint round rsqrt sigmoid sign sin sinh sqrt square tan tanh
    """,
    "ops.normalization": "l2_normalize zero_fraction",
    "ops.ranking": "in_top_k top_k",
    "ops.reduce": """
        count_nonzero reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp reduce_max
        reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance
    """,
    "ops.reorder": "invert_permutation",
    "ops.scan": "argmax argmin bincount cumprod cumsum cumulative_logsumexp",
    "ops.segment": """
        segment_max segment_mean segment_min segment_prod segment_sum unsorted_segment_max
        unsorted_segment_mean unsorted_segment_min unsorted_segment_prod unsorted_segment_sqrt_n
        unsorted_segment_sum
    """,
    "ops.softmax": "log_softmax softmax",
    "ops.special": "digamma erf erfc erfcinv erfinv lgamma ndtri polygamma zeta",
})
