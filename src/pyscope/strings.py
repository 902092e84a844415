"""``tf.strings``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.logging": "format=string_format",
    "ops.strings": """
        as_string join=string_join length=string_length lower=string_lower strip=string_strip substr
        to_number=string_to_number upper=string_upper
    """,
})
