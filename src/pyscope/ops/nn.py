"""Neural network ops: a list of names; each loads its module when first asked for."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.activations": """
        RELU RELU_GRAD RELU6 RELU6_GRAD LEAKY_RELU LEAKY_RELU_GRAD ELU ELU_GRAD SELU SELU_GRAD SOFTPLUS
        SOFTPLUS_GRAD SOFTSIGN SOFTSIGN_GRAD crelu elu gelu leaky_relu relu relu6 selu silu softplus
        softsign swish
    """,
    "ops.bias": """
        BIAS_ADD BIAS_ADD_GRAD BIAS_ADD_V1 bias_add bias_add_v1 relu_layer xw_plus_b xw_plus_b_v1
    """,
    "ops.dropout": """
        dropout
    """,
    "ops.embedding": """
        embedding_lookup embedding_lookup_sparse
    """,
    "ops.normalization": """
        L2_LOSS batch_norm_with_global_normalization batch_normalization l2_loss l2_normalize
        log_poisson_loss moments normalize_moments sufficient_statistics weighted_moments zero_fraction
    """,
    "ops.ranking": """
        TOP_K_V2 NTH_ELEMENT IN_TOP_K_V2 in_top_k nth_element top_k
    """,
    "ops.sampling": """
        all_candidate_sampler compute_accidental_hits log_uniform_candidate_sampler nce_loss
        sampled_softmax_loss uniform_candidate_sampler
    """,
    "ops.softmax": """
        SOFTMAX LOG_SOFTMAX SOFTMAX_CROSS_ENTROPY_WITH_LOGITS SPARSE_SOFTMAX_CROSS_ENTROPY_WITH_LOGITS
        log_softmax sigmoid_cross_entropy_with_logits softmax softmax_cross_entropy_with_logits
        softmax_cross_entropy_with_logits_v2 sparse_softmax_cross_entropy_with_logits
        weighted_cross_entropy_with_logits
    """,
})
