"""``tf.logging``: messages by level, through Python's own logging under the name "tensorflow"."""

DEBUG, INFO, WARN, ERROR, FATAL = 10, 20, 30, 40, 50

_logger = []


def get_logger():
    """The `logging.Logger` that messages go through; it writes to standard error."""
    if not _logger:
        import logging
        import sys

        logger = logging.getLogger("tensorflow")
        if not logger.handlers and not logging.getLogger().handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
            logger.addHandler(handler)
        if logger.level == 0:
            logger.setLevel(WARN)
        _logger.append(logger)
    return _logger[0]


def set_verbosity(v):
    """Show messages of level `v` and above."""
    get_logger().setLevel(v)


def get_verbosity():
    """The lowest level that is shown."""
    return get_logger().getEffectiveLevel()


def log(level, msg, *args, **kwargs):
    """Log a message at a level."""
    get_logger().log(level, msg, *args, **kwargs)


def debug(msg, *args, **kwargs):
    """Log a message for those who look for a fault."""
    get_logger().debug(msg, *args, **kwargs)


def info(msg, *args, **kwargs):
    """Log what is going on."""
    get_logger().info(msg, *args, **kwargs)


def warning(msg, *args, **kwargs):
    """Log what may be wrong."""
    get_logger().warning(msg, *args, **kwargs)


warn = warning


def error(msg, *args, **kwargs):
    """Log what is wrong."""
    get_logger().error(msg, *args, **kwargs)


def fatal(msg, *args, **kwargs):
    """Log what ends the program."""
    get_logger().fatal(msg, *args, **kwargs)


_counts = {}


def log_every_n(level, msg, n, *args):
    """Log a message at the first and every n-th call with it."""
    count = _counts[msg] = _counts.get(msg, -1) + 1
    if count % n == 0:
        log(level, msg, *args)


def log_first_n(level, msg, n, *args):
    """Log a message at the first n calls with it."""
    count = _counts[msg] = _counts.get(msg, -1) + 1
    if count < n:
        log(level, msg, *args)


def log_if(level, msg, condition, *args):
    """Log a message when `condition` holds."""
    if condition:
        log(level, msg, *args)


def vlog(level, msg, *args, **kwargs):
    """Log a message for debugging, of a finer level the larger `level` is."""
    get_logger().log(DEBUG if level <= 1 else 1, msg, *args, **kwargs)


def flush():
    """Accepted for programs that call it: messages are written at once."""
