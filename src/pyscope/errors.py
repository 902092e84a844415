"""Exceptions of a run: ``OpError`` and one subclass for each status code."""

import warnings

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class ArgumentTypeError(TypeError, AttributeError):
    """An argument of the wrong type where TensorFlow, which does not look, fails on a missing attribute.

    A TypeError by what it says; also an AttributeError, for programs that expect TensorFlow's.
    """


class OpError(Exception):
    """A failure while a graph ran.

    Parameters
    ----------
    node_def : NodeDef or None
        The node that failed.
    op : Operation or None
        The operation that failed; None if it was made by the runtime or is not known.
    message : str
        What went wrong.
    error_code : int
        One of this module's codes.
    *args
        First: a dict of payloads attached to the status.
    """

    def __init__(self, node_def, op, message, error_code, *args):
        super().__init__()
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = error_code
        self._experimental_payloads = args[0] if args else {}

    def __reduce__(self):
        kept = (self._node_def, self._op, self._message)
        return self.__class__, kept if self.__class__ in _CODES else (*kept, self._error_code)

    @property
    def message(self):
        """The text of the error."""
        return self._message

    @property
    def op(self):
        """The Operation that failed, or None."""
        return self._op

    @property
    def error_code(self):
        """The status code, one of this module's constants."""
        return self._error_code

    @property
    def node_def(self):
        """The NodeDef of the operation that failed, or None."""
        return self._node_def

    @property
    def experimental_payloads(self):
        """Data attached to the status, by URL."""
        return self._experimental_payloads

    def __str__(self):
        if self._op is None:
            return self._message
        lines = [f"{self._message}\n\nOriginal stack trace for {self._op.name!r}:\n"]
        lines += _stack(self._op)
        # The op whose gradient (or copy) this one is, and the op that one came from, and so on.
        original = getattr(self._op, "_original_op", None)
        while original is not None:
            lines.append(f"\n...which was originally created as op {original.name!r}, defined at:\n")
            lines += _stack(original)
            original = getattr(original, "_original_op", None)
        return "".join(lines)


def _stack(op):
    """The stack at which `op` was made, as text; empty where none was recorded."""
    import traceback  # NumPy does not load it, and few programs print such an error

    return traceback.format_list(getattr(op, "traceback", None) or [])


class CancelledError(OpError):
    """The run was cancelled: its session closed, or a coordinator asked it to stop."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, CANCELLED, *args)


class UnknownError(OpError):
    """An error that fits no other class."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, UNKNOWN, *args)


class InvalidArgumentError(OpError):
    """An operation got a value it cannot take: a shape, an index or a number out of its domain."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, INVALID_ARGUMENT, *args)


class DeadlineExceededError(OpError):
    """Time ran out before the operation was done."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, DEADLINE_EXCEEDED, *args)


class NotFoundError(OpError):
    """Something asked for does not exist, as a file or a key of a checkpoint."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, NOT_FOUND, *args)


class AlreadyExistsError(OpError):
    """Something to be created is there already."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, ALREADY_EXISTS, *args)


class PermissionDeniedError(OpError):
    """The caller may not do this, as writing a protected file."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, PERMISSION_DENIED, *args)


class UnauthenticatedError(OpError):
    """The request carries no valid credentials."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, UNAUTHENTICATED, *args)


class ResourceExhaustedError(OpError):
    """Something ran out: memory, disk or a quota."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, RESOURCE_EXHAUSTED, *args)


class FailedPreconditionError(OpError):
    """The state does not allow it, as reading a variable before it is initialized."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, FAILED_PRECONDITION, *args)


class AbortedError(OpError):
    """The operation was given up, as one that lost a race with another."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, ABORTED, *args)


class OutOfRangeError(OpError):
    """Past the end of valid input, as an empty closed queue or the end of a file."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, OUT_OF_RANGE, *args)


class UnimplementedError(OpError):
    """There is no kernel for this operation or these types."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, UNIMPLEMENTED, *args)


class InternalError(OpError):
    """An invariant of the runtime does not hold."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, INTERNAL, *args)


class UnavailableError(OpError):
    """The runtime cannot serve this now; trying again may help."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, UNAVAILABLE, *args)


class DataLossError(OpError):
    """Data is lost or corrupt, as a truncated file."""

    def __init__(self, node_def, op, message, *args):
        super().__init__(node_def, op, message, DATA_LOSS, *args)


_CLASSES = {
    CANCELLED: CancelledError,
    UNKNOWN: UnknownError,
    INVALID_ARGUMENT: InvalidArgumentError,
    DEADLINE_EXCEEDED: DeadlineExceededError,
    NOT_FOUND: NotFoundError,
    ALREADY_EXISTS: AlreadyExistsError,
    PERMISSION_DENIED: PermissionDeniedError,
    UNAUTHENTICATED: UnauthenticatedError,
    RESOURCE_EXHAUSTED: ResourceExhaustedError,
    FAILED_PRECONDITION: FailedPreconditionError,
    ABORTED: AbortedError,
    OUT_OF_RANGE: OutOfRangeError,
    UNIMPLEMENTED: UnimplementedError,
    INTERNAL: InternalError,
    UNAVAILABLE: UnavailableError,
    DATA_LOSS: DataLossError,
}
_CODES = {cls: code for code, cls in _CLASSES.items()}


class InaccessibleTensorError(ValueError):
    """A tensor of another function or control flow branch was used outside it."""


class OperatorNotAllowedInGraphError(TypeError):
    """A symbolic tensor was used where Python needs a value now, as in ``if t:`` or ``for x in t:``."""


def exception_type_from_error_code(error_code):
    """The exception class of a status code. Raises KeyError for OK and for codes without a class."""
    return _CLASSES[error_code]


def error_code_from_exception_type(cls):
    """The status code of an exception class; for classes without one it warns and returns an UnknownError."""
    try:
        return _CODES[cls]
    except KeyError:
        warnings.warn("Unknown class exception", stacklevel=2)
        return UnknownError(None, None, "Unknown class exception", None)
