"""What names and scopes cost."""


def name_scope_same(tf, n):
    """name_scope, same name"""

    def timed():
        for _ in range(n):
            with tf.name_scope("scope"):
                pass

    return timed


def name_scope_new(tf, n):
    """name_scope, new names"""

    def timed():
        for i in range(n):
            with tf.name_scope("scope%d" % i):
                pass

    return timed


def _nested(enter, depth, body):
    if depth:
        with enter("level%d" % depth):
            _nested(enter, depth - 1, body)
    else:
        body()


def name_scope_deep(tf, n):
    """name_scope, 10 deep"""
    return lambda: _nested(tf.name_scope, 10, name_scope_same(tf, n))


def control_dependencies(tf, n):
    """control_dependencies"""
    x = tf.constant(1.0)

    def timed():
        for _ in range(n):
            with tf.control_dependencies([x]):
                pass

    return timed


def variable_scope_same(tf, n):
    """variable_scope, same name"""

    def timed():
        for _ in range(n):
            with tf.variable_scope("scope"):
                pass

    return timed


def variable_scope_reopened(tf, n):
    """variable_scope, captured scope reopened"""
    with tf.variable_scope("scope") as scope:
        pass

    def timed():
        for _ in range(n):
            with tf.variable_scope(scope, reuse=True):
                pass

    return timed


def variable_scope_deep(tf, n):
    """variable_scope, 10 deep"""
    return lambda: _nested(tf.variable_scope, 10, variable_scope_same(tf, n))


def variable_scope_new(tf, n):
    """variable_scope, new names"""

    def timed():
        for i in range(n):
            with tf.variable_scope("scope%d" % i):
                pass

    return timed
