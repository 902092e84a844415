# Threads: how many a run may use, and parallel_for, which kernels call without the GIL.
#
# pool.h has the pool itself. One step may use as many threads as its session's ConfigProto says
# (intra_op_parallelism_threads; 0: the CPUs that the process may run on), but never more than there are CPUs. A loop over fewer than two grains stays in the
# calling thread; a grain is to be worth some 20 us, which is what waking a thread costs.

cdef extern from "pool.h" nogil:
    ctypedef void (*pool_body)(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil
    int pool_limit
    int pool_splits                      # counts the jobs of this thread that were cut
    long long pool_ticks() noexcept
    int pool_cpus() noexcept
    void pool_setup() noexcept
    int pool_use(int n) noexcept
    int pool_size() noexcept
    void parallel_for(pool_body body, void* ctx, cnp.npy_intp n, cnp.npy_intp grain) noexcept
    unsigned pool_turn() noexcept        # threads of one run wait for each other: see beside.pxi
    void pool_knock() noexcept
    void pool_wait(unsigned turn) noexcept
    int blas_find(const char* path) noexcept
    int blas_count() noexcept
    void blas_enter() noexcept           # around calls of BLAS: it stays in the calling thread
    void blas_leave() noexcept

cdef enum:
    GRAIN = 32768                # elements of a light loop that are worth a thread

cdef bint pool_is_set_up = False


cdef int set_up_pool() except -1:
    """See to forks, and find NumPy's BLAS."""
    global pool_is_set_up
    if pool_is_set_up:
        return 0
    import os
    try:
        from numpy._core import _multiarray_umath as umath
    except ImportError:
        from numpy.core import _multiarray_umath as umath
    if not pool_is_set_up:
        pool_is_set_up = True
        pool_setup()
        blas_find(os.fsencode(umath.__file__))
    return 0


cdef int threads_for(int wanted) except -1:
    """The threads of a session that asks for `wanted`; 0 asks for the default, and TF takes less for 1."""
    set_up_pool()
    return pool_cpus() if wanted == 0 else max(1, wanted)


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


def _cpus():
    """The processors that this thread may use."""
    return pool_cpus()


def _blas_threads():
    """The threads that NumPy's BLAS would use now; 0 if that is not known."""
    set_up_pool()
    return blas_count()
