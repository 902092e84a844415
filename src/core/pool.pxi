# Threads: how many a run may use, and parallel_for, which kernels call without the GIL.
#
# pool.h has the pool itself. A run may use as many threads as its session's ConfigProto says
# (intra_op_parallelism_threads; 0: the CPUs that the process may run on). A loop over fewer than two grains stays in the
# calling thread; a grain is to be worth some 20 us, which is what waking a thread costs.

cdef extern from "pool.h" nogil:
    ctypedef void (*pool_body)(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil
    int pool_limit
    void pool_setup() noexcept
    int pool_use(int n) noexcept
    int pool_size() noexcept
    void parallel_for(pool_body body, void* ctx, cnp.npy_intp n, cnp.npy_intp grain) noexcept
    int blas_find(const char* path) noexcept
    void blas_enter() noexcept           # around calls of BLAS: it stays in the calling thread
    void blas_leave() noexcept

cdef enum:
    GRAIN = 32768                # elements of a light loop that are worth a thread

cdef int cpu_count = 0           # CPUs that this process may run on, when first asked for


cdef int default_threads() except -1:
    global cpu_count
    if cpu_count == 0:
        import os
        try:
            cpu_count = <int>len(os.sched_getaffinity(0))
        except AttributeError:
            cpu_count = os.cpu_count() or 1
        pool_setup()
        try:
            from numpy._core import _multiarray_umath as umath
        except ImportError:
            from numpy.core import _multiarray_umath as umath
        blas_find(os.fsencode(umath.__file__))
    return cpu_count


cdef int threads_for(int wanted) except -1:
    """The threads of a session that asks for `wanted`; 0 asks for the default, and TF takes less for 1."""
    cdef int default = default_threads()
    return default if wanted == 0 else max(1, wanted)


# ---------------------------------------------------------------- for tests

cdef struct Marks:
    char* data
    cnp.npy_intp n_calls


cdef void mark(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(start, stop):
        (<Marks*>ctx).data[i] += 1


def _parallel_for_marks(Py_ssize_t n, Py_ssize_t grain, int n_threads):
    """How often parallel_for visits each of `n` elements with `n_threads` threads, as bytes; for tests."""
    cdef bytearray visits = bytearray(n)
    cdef Marks marks
    cdef int before
    marks.data = visits
    threads_for(0)
    before = pool_use(n_threads)
    with nogil:
        parallel_for(mark, &marks, n, grain)
    pool_use(before)
    return bytes(visits)


def _pool_size():
    """The helper threads that the pool has made."""
    return pool_size()
