"""``tf.nn``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.activations": "crelu elu leaky_relu relu relu6 selu silu softplus softsign swish",
    "ops.batch_norm": "fused_batch_norm local_response_normalization lrn",
    "ops.bias": "bias_add relu_layer xw_plus_b",
    "ops.blocks": "depth_to_space space_to_batch space_to_depth",
    "ops.conv": """
        conv1d conv1d_transpose conv2d conv2d_backprop_filter conv2d_backprop_input conv2d_transpose
    """,
    "ops.convolution": """
        atrous_conv2d atrous_conv2d_transpose conv_transpose convolution pool with_space_to_batch
    """,
    "ops.depthwise": """
        depthwise_conv2d depthwise_conv2d_backprop_filter=depthwise_conv2d_native_backprop_filter
        depthwise_conv2d_backprop_input=depthwise_conv2d_native_backprop_input depthwise_conv2d_native
        depthwise_conv2d_native_backprop_filter depthwise_conv2d_native_backprop_input separable_conv2d
    """,
    "ops.dropout": "dropout",
    "ops.elementwise": "sigmoid tanh",
    "ops.embedding": "embedding_lookup embedding_lookup_sparse",
    "ops.normalization": """
        batch_norm_with_global_normalization batch_normalization l2_loss l2_normalize log_poisson_loss
        moments normalize_moments sufficient_statistics weighted_moments zero_fraction
    """,
    "ops.pool": """
        avg_pool avg_pool1d avg_pool2d=avg_pool avg_pool_v2 max_pool max_pool1d max_pool2d max_pool_v2
        max_pool_with_argmax
    """,
    "ops.ranking": "in_top_k top_k",
    "ops.sampling": """
        all_candidate_sampler compute_accidental_hits log_uniform_candidate_sampler nce_loss
        sampled_softmax_loss uniform_candidate_sampler
    """,
    "ops.softmax": """
        log_softmax sigmoid_cross_entropy_with_logits softmax softmax_cross_entropy_with_logits
        softmax_cross_entropy_with_logits_v2 sparse_softmax_cross_entropy_with_logits
        weighted_cross_entropy_with_logits
    """,
    "ops.volumes": """
        avg_pool3d conv3d conv3d_backprop_filter=conv3d_backprop_filter_v2 conv3d_backprop_filter_v2
        conv3d_transpose max_pool3d
    """,
    "recurrent.dynamic": "bidirectional_dynamic_rnn dynamic_rnn",
    "recurrent.raw": "raw_rnn",
    "recurrent.unrolled": "static_bidirectional_rnn static_rnn static_state_saving_rnn",
})
