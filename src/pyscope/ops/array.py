"""Array ops: a list of names; each loads its module when first asked for."""

from pyscope._lazy import namespace

newaxis = None

__getattr__, __dir__ = namespace(__name__, {
    "ops.identity": """
        IDENTITY IDENTITY_N SNAPSHOT DEEP_COPY STOP_GRADIENT PREVENT_GRADIENT GUARANTEE_CONST
        DEBUG_GRADIENT_IDENTITY PLACEHOLDER PLACEHOLDER_V2 PLACEHOLDER_WITH_DEFAULT CHECK_NUMERICS
        ENSURE_SHAPE BITCAST identity identity_n snapshot stop_gradient prevent_gradient
        guarantee_const placeholder placeholder_with_default check_numerics ensure_shape bitcast
    """,
    "ops.shape": """
        deprecated_argument SHAPE SHAPE_N SIZE RANK RESHAPE EXPAND_DIMS SQUEEZE TRANSPOSE
        CONJUGATE_TRANSPOSE BROADCAST_TO BROADCAST_ARGS BROADCAST_GRADIENT_ARGS UNRAVEL_INDEX shape
        shape_v2 shape_internal shape_n size size_v2 size_internal rank rank_internal reshape
        expand_dims squeeze transpose matrix_transpose broadcast_to broadcast_dynamic_shape
        broadcast_static_shape unravel_index
    """,
    "ops.fill": """
        FILL ZEROS_LIKE ONES_LIKE ONE_HOT fill zeros ones zeros_like ones_like zeros_like_v2
        ones_like_v2 one_hot all_dimensions sequence_mask
    """,
    "ops.concat": """
        CONCAT_V2 CONCAT CONCAT_OFFSET SPLIT SPLIT_V PACK UNPACK PARALLEL_CONCAT concat split stack
        unstack parallel_stack
    """,
    "ops.tile": "TILE tile repeat meshgrid",
    "ops.slicing": """
        SLICE STRIDED_SLICE STRIDED_SLICE_GRAD TENSOR_STRIDED_SLICE_UPDATE slice strided_slice
        strided_slice_update tensor_strided_slice_update getitem getitem_of_variable boolean_mask
    """,
    "ops.gather": """
        GATHER GATHER_V2 GATHER_ND SCATTER_ND TENSOR_SCATTER_UPDATE TENSOR_SCATTER_ADD
        TENSOR_SCATTER_SUB TENSOR_SCATTER_MIN TENSOR_SCATTER_MAX SCATTER_ND_NON_ALIASING_ADD
        check_indices gather gather_v2 batch_gather gather_nd batch_gather_nd scatter_nd
        tensor_scatter_nd_update tensor_scatter_nd_add tensor_scatter_nd_sub tensor_scatter_nd_min
        tensor_scatter_nd_max scatter_nd_non_aliasing_add tensor_scatter_update tensor_scatter_add
        tensor_scatter_sub tensor_scatter_min tensor_scatter_max
    """,
    "ops.pad": """
        PAD PAD_V2 MIRROR_PAD MIRROR_PAD_GRAD pad
    """,
    "ops.reorder": """
        REVERSE REVERSE_V2 REVERSE_SEQUENCE INVERT_PERMUTATION ROLL LOWER_BOUND UPPER_BOUND reverse
        reverse_v2 reverse_sequence invert_permutation roll sort argsort searchsorted
    """,
    "ops.select": """
        WHERE SELECT SELECT_V2 UNIQUE UNIQUE_WITH_COUNTS LIST_DIFF DYNAMIC_PARTITION DYNAMIC_STITCH
        PARALLEL_DYNAMIC_STITCH where where_v2 unique unique_with_counts setdiff1d listdiff
        dynamic_partition dynamic_stitch
    """,
    "ops.diag": """
        DIAG DIAG_PART MATRIX_DIAG MATRIX_DIAG_V3 MATRIX_DIAG_PART MATRIX_DIAG_PART_V3 MATRIX_SET_DIAG
        MATRIX_SET_DIAG_V3 MATRIX_BAND_PART diag diag_part tensor_diag_part matrix_diag
        matrix_diag_part matrix_set_diag matrix_band_part eye
    """,
    "ops.blocks": """
        SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND SPACE_TO_DEPTH DEPTH_TO_SPACE space_to_batch_nd
        batch_to_space_nd space_to_batch batch_to_space required_space_to_batch_paddings
        space_to_depth depth_to_space
    """,
    "ops.sparse": """
        SPARSE_TO_DENSE EDIT_DISTANCE sparse_to_dense sparse_tensor_to_dense sparse_placeholder
        edit_distance
    """,
    "conversion": "constant",
})
