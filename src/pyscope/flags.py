"""``tf.flags``: command line flags, defined by name and read as attributes of `FLAGS`.

These are Abseil's, as TensorFlow's are, so a program may define flags here and read them there. Two things are
TensorFlow's own: reading a flag parses ``sys.argv`` when nothing has done so before, and four of the functions that
define flags take the argument names of the first releases.
"""

import functools
import sys

from absl import flags as _absl
from absl.flags import *  # noqa: F403

_absl.disclaim_key_flags()  # a flag belongs to the module that calls us

_OLD_NAMES = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _with_old_names(define):
    """`define`, taking the argument names of the first TensorFlow releases as well."""

    @functools.wraps(define)
    def wrapper(*args, **kwargs):
        if not _OLD_NAMES.keys().isdisjoint(kwargs):
            import logging

            logging.warning(
                "Use of the keyword argument names (flag_name, default_value, docstring) is deprecated, "
                "please use (name, default, help) instead."
            )
            kwargs = {_OLD_NAMES.get(key, key): value for key, value in kwargs.items()}
        return define(*args, **kwargs)

    return wrapper


class _Flags:
    """Abseil's flags of the process, parsed when first read."""

    __slots__ = ()

    def __getattr__(self, name):
        try:
            return object.__getattribute__(_absl.FLAGS, name)  # a method, not a flag
        except AttributeError:
            if not _absl.FLAGS.is_parsed():
                _absl.FLAGS(sys.argv)
        return getattr(_absl.FLAGS, name)

    def __setattr__(self, name, value):
        setattr(_absl.FLAGS, name, value)

    def __delattr__(self, name):
        delattr(_absl.FLAGS, name)

    def __dir__(self):
        return dir(_absl.FLAGS)

    def __getitem__(self, name):
        return _absl.FLAGS[name]

    def __setitem__(self, name, flag):
        _absl.FLAGS[name] = flag

    def __contains__(self, name):
        return name in _absl.FLAGS

    def __iter__(self):
        return iter(_absl.FLAGS)

    def __len__(self):
        return len(_absl.FLAGS)

    def __str__(self):
        return str(_absl.FLAGS)

    def __call__(self, *args, **kwargs):
        return _absl.FLAGS(*args, **kwargs)


DEFINE_string = _with_old_names(_absl.DEFINE_string)
DEFINE_boolean = DEFINE_bool = _with_old_names(_absl.DEFINE_boolean)
DEFINE_float = _with_old_names(_absl.DEFINE_float)
DEFINE_integer = _with_old_names(_absl.DEFINE_integer)
FLAGS = _Flags()  # type: ignore[assignment]
