"""TensorFlow 1 graph programs, without TensorFlow: ``import pyscope as tf``."""

from pyscope import _setup  # noqa: F401  (first: the core needs its tables)
from pyscope._lazy import namespace
from pyscope._version import __version__  # noqa: F401

# Defining module -> its public names; a name loads its module when first asked for.
__getattr__, __dir__ = namespace(__name__, {
    "graph": """
        GraphKeys Graph Operation Tensor name_scope get_default_graph reset_default_graph
        control_dependencies device colocate_with container add_to_collection add_to_collections
        get_collection get_collection_ref get_all_collection_keys init_scope
    """,
    "conversion": """
        constant convert_to_tensor register_tensor_conversion_function
        convert_to_tensor_or_indexed_slices
    """,
    "device": "DeviceSpec",
    "config": "ConfigProto GPUOptions OptimizerOptions GraphOptions RunOptions RunMetadata",
    "errors": "errors= OpError",
    "tensor_shape": "TensorShape Dimension",
    "dtypes": """
        DType as_dtype float16 half float32 float64 double bfloat16 int8 int16 int32 int64 uint8 uint16
        uint32 uint64 bool string complex64 complex128 resource variant qint8 qint16 qint32 quint8
        quint16
    """,
    "protos": """
        GraphDef NodeDef AttrValue NameAttrList make_tensor_proto make_ndarray MetaGraphDef
        SummaryMetadata Summary Event
    """,
    "gradients": """
        AggregationMethod NoGradient NotDifferentiable RegisterGradient UnconnectedGradients
        custom_gradient gradients hessians no_gradient
    """,
    "ops.arithmetic": """
        accumulate_n add add_n atan2 div div_no_nan divide floor_div floordiv floormod maximum minimum
        mod multiply pow realdiv scalar_mul squared_difference subtract truediv truncatediv truncatemod
    """,
    "ops.cast": """
        angle bitcast cast complex conj imag real saturate_cast to_bfloat16 to_complex128 to_complex64
        to_double to_float to_int32 to_int64
    """,
    "ops.compare": """
        equal greater greater_equal is_finite is_inf is_nan less less_equal logical_and logical_not
        logical_or logical_xor not_equal
    """,
    "ops.elementwise": """
        abs acos acosh asin asinh atan atanh ceil cos cosh exp expm1 floor log log1p log_sigmoid
        negative reciprocal rint round rsqrt sigmoid sign sin sinh sqrt square tan tanh
    """,
    "ops.linalg": "cross matmul norm tensordot trace",
    "ops.ranges": "lin_space linspace range",
    "ops.reduce": """
        count_nonzero reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min
        reduce_prod reduce_sum
    """,
    "ops.scan": "arg_max arg_min argmax argmin bincount cumprod cumsum",
    "ops.segment": """
        segment_max segment_mean segment_min segment_prod segment_sum sparse_segment_mean
        sparse_segment_sqrt_n sparse_segment_sum unsorted_segment_max unsorted_segment_mean
        unsorted_segment_min unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum
    """,
    "ops.special": "digamma erf erfc lgamma polygamma zeta",
    "scopes": """
        AUTO_REUSE VariableScope get_local_variable get_variable get_variable_scope no_regularizer
        op_scope variable_creator_scope variable_op_scope variable_scope
    """,
    "template": "make_template",
    "partitioners": """
        create_partitioned_variables fixed_size_partitioner min_max_variable_partitioner
        variable_axis_size_partitioner
    """,
    "variables": """
        Variable VariableAggregation VariableSynchronization all_variables
        assert_variables_initialized disable_resource_variables enable_resource_variables
        global_variables global_variables_initializer initialize_all_variables
        initialize_local_variables initialize_variables is_variable_initialized local_variables
        local_variables_initializer model_variables moving_average_variables
        report_uninitialized_variables resource_variables_enabled trainable_variables
        variables_initializer
    """,
    "ops.state": """
        assign assign_add assign_sub batch_scatter_update count_up_to scatter_add scatter_div
        scatter_max scatter_min scatter_mul scatter_nd_add scatter_nd_sub scatter_nd_update
        scatter_sub scatter_update
    """,
    "initializers": """
        initializers= zeros_initializer=zeros ones_initializer=ones constant_initializer=constant
        random_uniform_initializer=random_uniform random_normal_initializer=random_normal
        truncated_normal_initializer=truncated_normal
        uniform_unit_scaling_initializer=uniform_unit_scaling
        variance_scaling_initializer=variance_scaling glorot_uniform_initializer=glorot_uniform
        glorot_normal_initializer=glorot_normal orthogonal_initializer=orthogonal
    """,
})
