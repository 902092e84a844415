# Split: one inner loop over large operands, in several threads.
#
# Pieces are whole units of some thousand elements, or of rows if the operands broadcast, so that vector loops start
# where they would have started anyway. What a loop computes for an element does not depend on its neighbours, so the
# cut cannot be seen in the result.

cdef enum:
    SPLIT_UNIT = 4096            # elements that stay together; a piece has GRAIN or more

cdef struct FlatLoop:            # operands that a loop walks from end to end
    loop_fn loop
    void* data
    char** args
    const cnp.npy_intp* strides
    int n_args
    cnp.npy_intp n

cdef struct RowLoop:             # operands with strides of their own: rows, each cut into chunks of equal length
    loop_fn loop
    void* data
    char** args
    cnp.npy_intp[64]* strides    # operand -> axis -> bytes
    const cnp.npy_intp* dims
    int ndim
    int n_args
    cnp.npy_intp chunk           # elements of a row in one unit
    cnp.npy_intp n_chunks        # to a row


cdef void flat_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef FlatLoop* f = <FlatLoop*>ctx
    cdef cnp.npy_intp first = start * SPLIT_UNIT, n = min(f.n, stop * SPLIT_UNIT) - first
    cdef char* args[3]
    cdef int k
    for k in range(f.n_args):
        args[k] = f.args[k] + first * f.strides[k]
    f.loop(args, &n, f.strides, f.data)


cdef void run_flat(loop_fn loop, void* data, char** args, int n_args, const cnp.npy_intp* strides,
                   cnp.npy_intp n) noexcept nogil:
    """Call an inner loop for `n` elements, in several threads if they are many."""
    cdef FlatLoop f
    f.loop = loop
    f.data = data
    f.args = args
    f.strides = strides
    f.n_args = n_args
    f.n = n
    parallel_for(flat_body, &f, (n + SPLIT_UNIT - 1) // SPLIT_UNIT, GRAIN // SPLIT_UNIT)


cdef void rows_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef RowLoop* r = <RowLoop*>ctx
    cdef cnp.npy_intp index[64]
    cdef cnp.npy_intp inner[3]
    cdef cnp.npy_intp n, left, chunk, row = r.dims[r.ndim - 1]
    cdef char* args[3]
    cdef char* call[3]
    cdef int i, k
    chunk = start % r.n_chunks
    left = start // r.n_chunks
    for k in range(r.n_args):
        args[k] = r.args[k]
        inner[k] = r.strides[k][r.ndim - 1]
    for i in range(r.ndim - 2, -1, -1):
        index[i] = left % r.dims[i]
        left //= r.dims[i]
        for k in range(r.n_args):
            args[k] += index[i] * r.strides[k][i]
    while True:
        # The rest of this row, as far as it belongs to these units.
        n = min(row - chunk * r.chunk, (stop - start) * r.chunk)
        for k in range(r.n_args):
            call[k] = args[k] + chunk * r.chunk * inner[k]
        r.loop(call, &n, inner, r.data)
        start += r.n_chunks - chunk
        chunk = 0
        if start >= stop:
            return
        i = r.ndim - 2
        while True:              # there is a next row
            index[i] += 1
            for k in range(r.n_args):
                args[k] += r.strides[k][i]
            if index[i] < r.dims[i]:
                break
            for k in range(r.n_args):
                args[k] -= r.strides[k][i] * r.dims[i]
            index[i] = 0
            i -= 1


cdef void run_rows(loop_fn loop, void* data, char** args, int n_args, cnp.npy_intp[64]* strides,
                   const cnp.npy_intp* dims, int ndim, cnp.npy_intp size) noexcept nogil:
    """Call an inner loop for each row of `size` elements in all, in several threads if they are many."""
    cdef RowLoop r
    cdef cnp.npy_intp row = dims[ndim - 1]
    r.loop = loop
    r.data = data
    r.args = args
    r.strides = strides
    r.dims = dims
    r.ndim = ndim
    r.n_args = n_args
    r.chunk = min(row, <cnp.npy_intp>SPLIT_UNIT)
    r.n_chunks = (row + r.chunk - 1) // r.chunk
    parallel_for(rows_body, &r, size // row * r.n_chunks, GRAIN // r.chunk)
