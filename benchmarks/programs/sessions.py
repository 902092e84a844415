"""Sessions of the programs that compute, with as many threads as the row says."""

import numpy as np


def session(tf, threads=1):
    """A session of `threads` threads; None: the library's default."""
    if threads is None:
        return tf.Session()
    return tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads))


def runs(tf, n, fetches, feed=None, threads=1):
    """Timed: n runs of `fetches`, with variables initialized and the first run done."""
    made = session(tf, threads)
    made.run(tf.global_variables_initializer())
    made.run(fetches, feed)

    def timed():
        for _ in range(n):
            made.run(fetches, feed)

    return timed


def calls(tf, n, y, x, value, threads=1):
    """Timed: n calls of y, of the placeholder x."""
    call = session(tf, threads).make_callable(y, [x])
    call(value)

    def timed():
        for _ in range(n):
            call(value)

    return timed


def aligned(values, dtype="float32"):
    """A copy that begins where the widest vectors like it: TensorFlow copies what it is fed otherwise."""
    values = np.asarray(values, dtype)
    room = np.empty(values.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + values.nbytes].view(dtype).reshape(values.shape)
    copy[...] = values
    return copy
