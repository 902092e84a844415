"""``tf.debugging``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "control_flow": "Assert",
    "ops.check": """
        assert_all_finite=verify_tensor_all_finite assert_equal assert_greater assert_greater_equal
        assert_integer assert_less assert_less_equal assert_near assert_negative assert_non_negative
        assert_non_positive assert_none_equal assert_positive assert_proper_iterable assert_rank
        assert_rank_at_least assert_rank_in assert_same_float_dtype assert_scalar assert_shapes
        assert_type is_non_decreasing is_numeric_tensor is_strictly_increasing
    """,
    "ops.compare": "is_finite is_inf is_nan",
    "ops.identity": "check_numerics",
})
