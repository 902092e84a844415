"""TensorFlow 1 graph programs, without TensorFlow: ``import pyscope as tf``."""

from pyscope import _setup  # noqa: F401  (first: the core needs its tables)
from pyscope._lazy import namespace
from pyscope._tensorflow import install_as_tensorflow  # noqa: F401
from pyscope._version import __version__  # noqa: F401

# Defining module -> its public names; a name loads its module when first asked for.
__getattr__, __dir__ = namespace(__name__, {
    "graph": """
        GraphKeys Graph Operation Tensor name_scope get_default_graph reset_default_graph
        control_dependencies device colocate_with container add_to_collection add_to_collections
        get_collection get_collection_ref get_all_collection_keys init_scope GRAPH_DEF_VERSION
    """,
    "conversion": """
        constant convert_to_tensor register_tensor_conversion_function
        convert_to_tensor_or_indexed_slices
    """,
    "device": "DeviceSpec",
    "config": "ConfigProto GPUOptions OptimizerOptions GraphOptions RunOptions RunMetadata",
    "errors": "errors= OpError",
    "tensor_shape": "TensorShape Dimension dimension_value dimension_at_index",
    "dtypes": """
        DType as_dtype float16 half float32 float64 double bfloat16 int8 int16 int32 int64 uint8 uint16
        uint32 uint64 bool string complex64 complex128 resource variant qint8 qint16 qint32 quint8
        quint16 QUANTIZED_DTYPES dtypes=
    """,
    "protos": """
        GraphDef NodeDef AttrValue NameAttrList make_tensor_proto make_ndarray MetaGraphDef
        SummaryMetadata Summary Event HistogramProto
    """,
    "static_value": "get_static_value=constant_value",
    "ops.array": "newaxis",
    "initializers": """
        zeros_initializer=zeros ones_initializer=ones constant_initializer=constant
        random_uniform_initializer=random_uniform random_normal_initializer=random_normal
        truncated_normal_initializer=truncated_normal
        uniform_unit_scaling_initializer=uniform_unit_scaling
        variance_scaling_initializer=variance_scaling orthogonal_initializer=orthogonal
        glorot_uniform_initializer=glorot_uniform glorot_normal_initializer=glorot_normal initializers=
    """,
    "scopes": """
        AUTO_REUSE VariableScope get_local_variable get_variable get_variable_scope no_regularizer
        op_scope variable_creator_scope variable_op_scope variable_scope
    """,
    "gradients": """
        AggregationMethod NoGradient NotDifferentiable RegisterGradient UnconnectedGradients
        custom_gradient gradients hessians no_gradient
    """,
    "control_flow.assertion": "Assert",
    "indexed_slices": "IndexedSlices",
    "session": "InteractiveSession Session get_default_session",
    "ops.logging": "Print timestamp",
    "sparse_tensor": "SparseTensor SparseTensorValue convert_to_tensor_or_sparse_tensor",
    "tensor_array": "TensorArray",
    "variables": """
        Variable VariableAggregation VariableSynchronization all_variables assert_variables_initialized
        disable_resource_variables enable_resource_variables global_variables
        global_variables_initializer initialize_all_variables initialize_local_variables
        initialize_variables is_variable_initialized local_variables local_variables_initializer
        model_variables moving_average_variables report_uninitialized_variables
        resource_variables_enabled trainable_variables variables_initializer
    """,
    "ops.elementwise": """
        abs acos acosh asin asinh atan atanh ceil cos cosh exp expm1 floor log log1p log_sigmoid
        negative reciprocal rint round rsqrt sigmoid sign sin sinh sqrt square tan tanh
    """,
    "ops.arithmetic": """
        accumulate_n add add_n atan2 div div_no_nan divide floor_div floordiv floormod maximum minimum
        mod multiply pow realdiv scalar_mul squared_difference subtract truediv truncatediv truncatemod
    """,
    "ops.cast": """
        angle bitcast cast complex conj imag real saturate_cast to_bfloat16 to_complex128 to_complex64
        to_double to_float to_int32 to_int64
    """,
    "ops.scan": "arg_max arg_min argmax argmin bincount cumprod cumsum",
    "ops.reorder": """
        argsort invert_permutation reverse reverse_sequence reverse_v2 roll searchsorted sort
    """,
    "ops.strings": "as_string string_join string_strip string_to_number substr",
    "ops.check": """
        assert_equal assert_greater assert_greater_equal assert_integer assert_less assert_less_equal
        assert_near assert_negative assert_non_negative assert_non_positive assert_none_equal
        assert_positive assert_proper_iterable assert_rank assert_rank_at_least assert_rank_in
        assert_same_float_dtype assert_scalar assert_type is_non_decreasing is_numeric_tensor
        is_strictly_increasing verify_tensor_all_finite
    """,
    "ops.state": """
        assign assign_add assign_sub batch_scatter_update count_up_to scatter_add scatter_div
        scatter_max scatter_min scatter_mul scatter_nd_add scatter_nd_sub scatter_nd_update scatter_sub
        scatter_update
    """,
    "ops.gather": """
        batch_gather gather gather_nd scatter_nd tensor_scatter_add tensor_scatter_nd_add
        tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub tensor_scatter_nd_update
        tensor_scatter_sub tensor_scatter_update
    """,
    "ops.blocks": """
        batch_to_space batch_to_space_nd depth_to_space required_space_to_batch_paddings space_to_batch
        space_to_batch_nd space_to_depth
    """,
    "ops.slicing": "boolean_mask slice strided_slice",
    "ops.shape": """
        broadcast_dynamic_shape broadcast_static_shape broadcast_to expand_dims matrix_transpose rank
        reshape shape shape_n size squeeze transpose unravel_index
    """,
    "control_flow.case": "case switch_case",
    "ops.identity": """
        check_numerics ensure_shape guarantee_const identity identity_n placeholder
        placeholder_with_default stop_gradient
    """,
    "ops.decompositions": """
        cholesky cholesky_solve matrix_determinant matrix_inverse matrix_solve matrix_solve_ls
        matrix_triangular_solve qr self_adjoint_eig self_adjoint_eigvals svd
    """,
    "clip": "clip_by_average_norm clip_by_global_norm clip_by_norm clip_by_value global_norm",
    "ops.concat": "concat parallel_stack split stack unstack",
    "control_flow.cond": "cond",
    "ops.counts": "confusion_matrix histogram_fixed_width",
    "behavior": """
        control_flow_v2_enabled disable_control_flow_v2 disable_eager_execution disable_tensor_equality
        disable_v2_behavior disable_v2_tensorshape enable_control_flow_v2 enable_eager_execution
        enable_tensor_equality enable_v2_behavior enable_v2_tensorshape executing_eagerly
        executing_eagerly_outside_functions
    """,
    "ops.reduce": """
        count_nonzero reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min
        reduce_prod reduce_sum
    """,
    "partitioners": """
        create_partitioned_variables fixed_size_partitioner min_max_variable_partitioner
        variable_axis_size_partitioner
    """,
    "ops.linalg": "cross matmul norm tensordot trace",
    "ops.diag": """
        diag diag_part eye matrix_band_part matrix_diag matrix_diag_part matrix_set_diag
    """,
    "ops.special": "digamma erf erfc lgamma polygamma zeta",
    "ops.select": """
        dynamic_partition dynamic_stitch setdiff1d unique unique_with_counts where where_v2
    """,
    "ops.sparse": "edit_distance sparse_placeholder sparse_tensor_to_dense sparse_to_dense",
    "ops.einsum": "einsum",
    "ops.compare": """
        equal greater greater_equal is_finite is_inf is_nan less less_equal logical_and logical_not
        logical_or logical_xor not_equal
    """,
    "ops.fill": "fill one_hot ones ones_like sequence_mask zeros zeros_like",
    "app": "flags app=",
    "functional_ops": "foldl foldr map_fn scan",
    "importer": "import_graph_def",
    "logging": "get_logger logging=",
    "random_seed": "get_seed set_random_seed",
    "control_flow.basic": "group no_op tuple",
    "ops.ranges": "lin_space linspace range",
    "template": "make_template",
    "ops.tile": "meshgrid repeat tile",
    "ops.random": """
        multinomial random_crop random_gamma random_normal random_poisson random_shuffle random_uniform
        truncated_normal
    """,
    "ops.script": "numpy_function py_func py_function",
    "ops.pad": "pad",
    "ops.segment": """
        segment_max segment_mean segment_min segment_prod segment_sum sparse_segment_mean
        sparse_segment_sqrt_n sparse_segment_sum unsorted_segment_max unsorted_segment_mean
        unsorted_segment_min unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum
    """,
    "control_flow.while_loop": "while_loop",
    "nn": "nn=",
    "train": "train=",
    "losses": "losses=",
    "random": "random=",
    "math": "math=",
    "graph_util": "graph_util=",
    "io": "io=",
    "keras": "keras=",
    "linalg": "linalg=",
    "strings": "strings=",
    "nest": "nest=",
    "debugging": "debugging=",
    "sets": "sets=",
    "bitwise": "bitwise=",
    "sparse": "sparse=",
    "manip": "manip=",
})
