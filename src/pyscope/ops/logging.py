"""Printing while a graph runs: Print, PrintV2 with StringFormat, and TF's text form of values."""

import sys

import numpy as np

from .. import _core as core
from .. import dtypes, errors
from .._core import OpType
from ..sparse_tensor import SparseTensor
from ._array_rules import show, with_rank

# ---------------------------------------------------------------- values as text

_ESCAPES = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escape(text, utf8):
    out = []
    for b in text:
        if b in _ESCAPES:
            out.append(_ESCAPES[b])
        elif 32 <= b < 127 or (utf8 and b >= 128):
            out.append(chr(b))
        else:
            out.append("\\%03o" % b)
    joined = "".join(out)
    return joined.encode("latin1").decode("utf8", "replace") if utf8 else joined


def _float_text(value, digits, more):
    # As few digits as read back to the same number.
    text = "%.*g" % (digits, value)
    if type(value)(text) != value and value == value:
        text = "%.*g" % (more, value)
    return text


def element_text(value, quoted):
    """One element of an array, as TF prints it."""
    if isinstance(value, bytes):
        return '"%s"' % _escape(value, True) if quoted else _escape(value, False)
    if isinstance(value, np.float32):
        return _float_text(value, 6, 9)
    if isinstance(value, np.float64):
        return _float_text(value, 15, 17)
    if isinstance(value, np.floating) or type(value).__name__ == "bfloat16":
        return _float_text(np.float32(value), 6, 9)
    if isinstance(value, np.complexfloating):
        half = np.float32 if value.dtype.itemsize == 8 else np.float64
        return "(%s,%s)" % (element_text(half(value.real), False), element_text(half(value.imag), False))
    if isinstance(value, np.bool_):
        return "1" if value else "0"
    return str(value)


def summarize_value(x, limit):
    """The first `limit` elements in the form of Print and Assert: ``[1 2][3...]``; all when negative."""
    if limit < 0:
        limit = x.size
    flat = x.reshape(-1)
    if x.ndim == 0:
        return element_text(flat[0], False) if limit else "..."
    out = []
    done = 0

    def walk(dim):
        nonlocal done
        if done >= limit:
            return
        if dim == x.ndim - 1:
            for i in range(x.shape[dim]):
                if done >= limit:
                    if dim:
                        out.append("...")
                    return
                if i:
                    out.append(" ")
                out.append(element_text(flat[done], False))
                done += 1
            return
        for _ in range(x.shape[dim]):
            opened = done < limit
            if opened:
                out.append("[")
            walk(dim + 1)
            if opened or done < limit:
                out.append("]")

    walk(0)
    if x.size > limit:
        out.append("...")
    return "".join(out)


def format_value(x, n_ends):
    """`x` in the form of ``tf.print``: nested brackets, `n_ends` elements at both ends; all when negative."""

    def text(part, dim):
        if dim == x.ndim:
            return element_text(part[()] if isinstance(part, np.ndarray) else part, True)
        n = len(part)
        ends = n if n_ends < 0 else n_ends
        if dim == x.ndim - 1:
            space = " "
        else:
            space = "\n" * (x.ndim - dim - 1) + " " * (dim + 1)
        items = [text(part[i], dim + 1) for i in range(min(ends, n))]
        if n > 2 * ends:
            items.append("...")
        items += [text(part[i], dim + 1) for i in range(max(ends, n - ends), n)]
        return "[" + space.join(items) + "]"

    return text(x, 0)


# ---------------------------------------------------------------- Print

def _print_kernel(run, op, x, *data):
    first_n = op.get_attr("first_n")
    if first_n >= 0:
        counts = run.resources.setdefault("Print", {})
        seen = counts.get(op._id, 0)
        if seen >= first_n:
            return x
        counts[op._id] = seen + 1
    limit = op.get_attr("summarize")
    message = op.get_attr("message")
    if isinstance(message, bytes):
        message = message.decode("utf8", "replace")
    print(message + "".join("[%s]" % summarize_value(v, limit) for v in data), file=sys.stderr, flush=True)
    return x


PRINT = OpType(
    "Print",
    "input: T, data: [U] -> output: T",
    "T: type; U: list(type) >= 0; message: string = ''; first_n: int = -1; summarize: int = 3",
    shape="same",
    kernel=core.session_kernel(_print_kernel),
    gradient=lambda op, dy: [dy] + [None] * (len(op.inputs) - 1),
    stateful=True,
)


@core.repeats(ignoring="input_ data")
def Print(input_, data, message=None, first_n=None, summarize=None, name=None):
    """`input_`; running it prints `message` and the first `summarize` elements of each of `data` to stderr.

    Only the first `first_n` runs print, when it is not negative.
    """
    return PRINT(
        input_, data, message="" if message is None else message, first_n=-1 if first_n is None else first_n,
        summarize=3 if summarize is None else summarize, name=name,
    )


# ---------------------------------------------------------------- tf.print

def _string_format_kernel(attrs, *inputs):
    template = attrs["template"].decode()
    placeholder = attrs["placeholder"].decode()
    parts = template.split(placeholder)
    if len(parts) - 1 != len(inputs):
        raise errors.InvalidArgumentError(
            None, None, "num placeholders in template and num inputs must match: %d vs. %d"
            % (len(parts) - 1, len(inputs))
        )
    out = [parts[0]]
    for x, part in zip(inputs, parts[1:]):
        out += (format_value(x, attrs["summarize"]), part)
    result = np.empty((), object)
    result[()] = "".join(out).encode()
    return result


STRING_FORMAT = OpType(
    "StringFormat",
    "inputs: [T] -> output: string",
    "T: list(type) >= 0; template: string = '%s'; placeholder: string = '%s'; summarize: int = 3",
    shape="scalar",
    kernel=_string_format_kernel,
    gradient=core.NO_GRADIENT,
)


def string_format(template, inputs, placeholder="{}", summarize=3, name=None):
    """String of `template` with each `placeholder` replaced by a tensor of `inputs`."""
    if not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    n = template.count(placeholder)
    if n != len(inputs):
        raise ValueError(
            f"The template expects {n} tensors, but the inputs only has {len(inputs)}. Please ensure the "
            f"number of placeholders in template matches inputs length."
        )
    return STRING_FORMAT(inputs, template=template, placeholder=placeholder, summarize=summarize, name=name)


def _write(text, stream):
    if stream == "stdout":
        sys.stdout.write(text)
        sys.stdout.flush()
    elif stream == "stderr":
        sys.stderr.write(text)
        sys.stderr.flush()
    elif stream.startswith("file://"):
        with open(stream[len("file://"):], "a") as file:
            file.write(text)
    else:
        from .. import logging

        {"log(info)": logging.info, "log(warning)": logging.warning, "log(error)": logging.error}[stream](text)


def _print_v2_kernel(attrs, text):
    if text.ndim:
        raise errors.InvalidArgumentError(None, None, f"Input is expected to be scalar, but got {show(text.shape)}")
    _write(text[()].decode("utf8", "replace") + attrs["end"].decode(), attrs["output_stream"].decode())


def _print_v2_rule(c):
    with_rank(c.shape(0), 0)
    return []


PRINT_V2 = OpType(
    "PrintV2",
    "input: string -> ",
    "output_stream: string = 'stderr'; end: string = '\\n'",
    shape=_print_v2_rule,
    kernel=_print_v2_kernel,
    gradient=None,
    stateful=True,
)


def _stream_name(stream):
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    if stream is sys.stdout:
        return "stdout"
    if stream is sys.stderr:
        return "stderr"
    import logging as python_logging

    from .. import logging

    for module in (logging, python_logging):
        for name, found in (
            ("info", "log(info)"), ("INFO", "log(info)"), ("warning", "log(warning)"), ("warn",
            "log(warning)"),
            ("WARN", "log(warning)"), ("WARNING", "log(warning)"), ("error", "log(error)"), ("ERROR",
            "log(error)"),
        ):
            known = getattr(module, name, None)
            if known is not None and known == stream:
                return found
    raise ValueError(
        "Unsupported output stream, logging level, or file." + str(stream) + ". Supported streams are sys.stdout, "
        "sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. File needs to be in the form of "
        "'file://<filepath>'."
    )


def _placeholder_for(text):
    # One that the text does not hold already; TF draws the same digits.
    import random

    placeholder = "{}"
    draw = random.Random(5)
    while placeholder in text:
        placeholder += str(draw.randint(0, 9))
    return placeholder


def print_v2(*inputs, **kwargs):
    """Operation that prints `inputs`, tensors among other things, when it runs.

    Keywords: `output_stream` (stderr by default), `summarize` (elements at both ends of each dimension, 3 by
    default, all when -1), `sep`, `end`, `name`.
    """
    from pprint import pformat

    from .. import nest

    stream = kwargs.pop("output_stream", sys.stderr)
    name = kwargs.pop("name", None)
    summarize = kwargs.pop("summarize", 3)
    sep = kwargs.pop("sep", " ")
    end = kwargs.pop("end", "\n")
    if kwargs:
        raise ValueError("Unrecognized keyword arguments for tf.print: %s" % kwargs)
    stream = _stream_name(stream)
    first = inputs[0] if inputs else None
    if (
        len(inputs) == 1 and isinstance(first, core.Tensor) and first.get_shape().ndims == 0
        and first.dtype == dtypes.string
    ):
        text = first
    else:
        def is_tensor(x):
            return isinstance(x, (core.Tensor, SparseTensor)) or hasattr(x, "_dense_var_to_tensor")

        free = nest.map_structure(lambda x: "" if is_tensor(x) else x, list(inputs))
        placeholder = _placeholder_for(" ".join(pformat(x) for x in free))
        tensors = []
        templates = []
        for item in inputs:
            flat = []
            for x in nest.flatten(item):
                if isinstance(x, SparseTensor):
                    tensors += (x.indices, x.values, x.dense_shape)
                    flat.append(f"SparseTensor(indices={placeholder}, values={placeholder}, shape={placeholder})")
                elif is_tensor(x):
                    tensors.append(x)
                    flat.append(placeholder)
                else:
                    flat.append(x)
            templates.append(item if isinstance(item, str) else pformat(nest.pack_sequence_as(item, flat)))
        template = sep.join(templates).replace("'" + placeholder + "'", placeholder)
        text = STRING_FORMAT(
            tensors, template=template, placeholder=placeholder, summarize=summarize,
            name=name + "_format" if name else None,
        )
    return PRINT_V2(text, output_stream=stream, end=end, name=name)


TIMESTAMP = OpType(
    "Timestamp",
    " -> ts: float64",
    "",
    shape="scalar",
    kernel=lambda attrs: _now(),
    gradient=core.NO_GRADIENT,
    stateful=True,
)


def _now():
    import time

    return np.array(time.time())


def timestamp(name=None):
    """Seconds since 1970 when it runs."""
    return TIMESTAMP(name=name)
