"""Math ops: a list of names; each loads its module when first asked for."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.arithmetic": """
        ADD ADD_V2 SUB MUL MUL_NO_NAN DIV REAL_DIV DIV_NO_NAN FLOOR_DIV TRUNCATE_DIV FLOOR_MOD
        TRUNCATE_MOD MOD MAXIMUM MINIMUM SQUARED_DIFFERENCE POW XLOGY XLOG1PY XDIVY ATAN2 NEXT_AFTER
        ADD_N ACCUMULATE_N_V2 accumulate_n add add_n add_v1 atan2 div div_no_nan divide floor_div
        floordiv floormod maximum minimum mod multiply multiply_no_nan next_after polyval pow realdiv
        reciprocal_no_nan scalar_mul squared_difference subtract truediv truncatediv truncatemod xdivy
        xlog1py xlogy
    """,
    "ops.cast": """
        CAST COMPLEX REAL IMAG ANGLE CONJ angle bitcast cast complex conj imag real saturate_cast
        to_bfloat16 to_complex128 to_complex64 to_double to_float to_int32 to_int64
    """,
    "ops.compare": """
        EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL APPROXIMATE_EQUAL LOGICAL_AND LOGICAL_OR
        LOGICAL_NOT BITWISE_AND BITWISE_OR BITWISE_XOR LEFT_SHIFT RIGHT_SHIFT INVERT POPULATION_COUNT
        IS_NAN IS_INF IS_FINITE approximate_equal bitwise_and bitwise_or bitwise_xor equal greater
        greater_equal invert is_finite is_inf is_nan left_shift less less_equal logical_and logical_not
        logical_or logical_xor not_equal population_count right_shift
    """,
    "ops.elementwise": """
        ABS COMPLEX_ABS NEG SIGN SQUARE SQRT_GRAD SQRT RSQRT_GRAD RSQRT RECIPROCAL_GRAD RECIPROCAL
        INV_GRAD INV EXP EXPM1 LOG LOG1P SIN COS TAN ASIN ACOS ATAN SINH COSH ASINH ACOSH ATANH
        TANH_GRAD TANH SIGMOID_GRAD SIGMOID FLOOR CEIL RINT ROUND abs acos acosh asin asinh atan atanh
        ceil cos cosh exp expm1 floor log log1p log_sigmoid negative reciprocal rint round rsqrt sigmoid
        sign sin sinh sqrt square tan tanh
    """,
    "ops.linalg": """
        adjoint MATMUL BATCH_MATMUL BATCH_MATMUL_V2 BATCH_MATMUL_V3 SPARSE_MATMUL CROSS cross matmul matvec
        norm normalize tensordot trace
    """,
    "ops.counts": "confusion_matrix histogram_fixed_width",
    "ops.ranges": """
        RANGE LIN_SPACE lin_space linspace range
    """,
    "ops.reduce": """
        SUM MEAN PROD MAX MIN EUCLIDEAN_NORM ALL ANY reduced_shape count_nonzero reduce_all reduce_any
        reduce_euclidean_norm reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_std
        reduce_sum reduce_variance
    """,
    "ops.scan": """
        CUMSUM CUMPROD CUMULATIVE_LOGSUMEXP ARG_MAX ARG_MIN BINCOUNT DENSE_BINCOUNT arg_max arg_min
        argmax argmin bincount cumprod cumsum cumulative_logsumexp
    """,
    "ops.segment": """
        SEGMENT_SUM SEGMENT_MEAN SEGMENT_MAX SEGMENT_MIN SEGMENT_PROD UNSORTED_SEGMENT_SUM
        UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD SPARSE_SEGMENT_SUM
        SPARSE_SEGMENT_SUM_WITH_NUM_SEGMENTS SPARSE_SEGMENT_SUM_GRAD SPARSE_SEGMENT_SUM_GRAD_V2
        SPARSE_SEGMENT_MEAN SPARSE_SEGMENT_MEAN_WITH_NUM_SEGMENTS SPARSE_SEGMENT_MEAN_GRAD
        SPARSE_SEGMENT_MEAN_GRAD_V2 SPARSE_SEGMENT_SQRT_N SPARSE_SEGMENT_SQRT_N_WITH_NUM_SEGMENTS
        SPARSE_SEGMENT_SQRT_N_GRAD SPARSE_SEGMENT_SQRT_N_GRAD_V2 segment_max segment_mean segment_min
        segment_prod segment_sum sparse_segment_mean sparse_segment_sqrt_n sparse_segment_sum
        unsorted_segment_max unsorted_segment_mean unsorted_segment_min unsorted_segment_prod
        unsorted_segment_sqrt_n unsorted_segment_sum
    """,
    "ops.special": """
        ERF ERFC ERFINV NDTRI LGAMMA DIGAMMA POLYGAMMA ZETA digamma erf erfc erfcinv erfinv lgamma ndtri
        polygamma zeta
    """,
    "ops.decompositions": """
        cholesky cholesky_solve log_matrix_determinant logdet matrix_determinant matrix_inverse
        matrix_solve matrix_solve_ls matrix_triangular_solve qr self_adjoint_eig self_adjoint_eigvals
        svd
    """,
    "ops.einsum": """
        einsum
    """,
})
