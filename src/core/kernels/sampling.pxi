# Candidate samplers: classes drawn for sampled losses, from the streams of TF's kernels, and where they hit true ones.
#
# The Python kernel beside each op words the errors; everything else is done here.

cdef extern from "<math.h>" nogil:
    float c_log1pf "log1pf"(float)
    float c_expm1f "expm1f"(float)

cdef enum:
    SAMPLER_RESERVED = 512       # Philox groups that TF sets aside for each candidate


@cython.final
cdef class Sampler:
    """What a sampling op keeps between the runs of a session."""
    cdef PhiloxGenerator generator
    cdef cnp.npy_intp n          # candidates
    cdef cnp.npy_intp n_true     # true classes of an example
    cdef int64_t range_max
    cdef double log_range        # of the log-uniform distribution; 0: all classes are equally frequent
    cdef bint unique


cdef Sampler sampler_of(RunState run, Plan plan, Step* step, bint by_log):
    cdef tuple key = (plan.graph, step.node)
    cdef PyObject* found = PyDict_GetItem(run.session.op_states, key)
    cdef Sampler made
    cdef Operation op
    if found != NULL:
        return <Sampler><object>found
    op = plan.graph.operation(step.node)
    made = Sampler.__new__(Sampler)
    made.n = op._attr("num_sampled")[1]
    made.n_true = op._attr("num_true")[1]
    made.range_max = op._attr("range_max")[1]
    made.log_range = log1p(<double>made.range_max) if by_log else 0.0
    made.unique = op._attr("unique")[1]
    made.generator = PhiloxGenerator(op._attr("seed")[1], op._attr("seed2")[1])
    return run.session.op_states.setdefault(key, made)


@cython.overflowcheck(False)
cdef inline int64_t draw_class(Sampler s, WordStream* stream) noexcept nogil:
    cdef uint32_t x0 = next_word(stream), x1 = next_word(stream)
    cdef uint64_t bits, n = <uint64_t>s.range_max, least
    if s.log_range:
        return (<int64_t>exp(words_to_double(x0, x1) * s.log_range) - 1) % s.range_max
    bits = x0 | <uint64_t>x1 << 32
    if n & (n - 1):
        least = <uint64_t>(-1) % n + 1       # numbers below would make small classes more frequent
        while bits < least:
            x0 = next_word(stream)
            x1 = next_word(stream)
            bits = x0 | <uint64_t>x1 << 32
    return <int64_t>(bits % n)


cdef cnp.npy_intp draw_classes(Sampler s, Philox* start, int64_t* out) noexcept nogil:
    """Draw the candidates; how many draws it took, or -1 if there is no memory."""
    cdef WordStream stream
    cdef IntTable seen
    cdef cnp.npy_intp n_tries = 0, k = 0
    cdef cnp.npy_intp* place
    stream.state = start[0]
    stream.used = 4
    if not s.unique:
        for k in range(s.n):
            out[k] = draw_class(s, &stream)
        return s.n
    if not open_table(&seen, s.n):
        return -1
    while k < s.n:
        n_tries += 1
        out[k] = draw_class(s, &stream)
        place = place_of(&seen, out[k])
        if place[0] < 0:
            place[0] = k
            k += 1
    close_table(&seen)
    return n_tries


cdef void expect_classes(Sampler s, const int64_t* classes, cnp.npy_intp n, cnp.npy_intp n_tries,
                         float* out) noexcept nogil:
    """How often each of some classes is to be expected in `n_tries` draws, or among them at least once."""
    cdef cnp.npy_intp i
    cdef float p
    for i in range(n):
        if s.log_range:
            p = <float>(log((<double>classes[i] + 2.0) / (<double>classes[i] + 1.0)) / s.log_range)
        else:
            p = <float>(1.0 / <double>s.range_max)
        if n_tries == s.n:
            out[i] = p * <float>s.n
        else:
            out[i] = -c_expm1f(<float>n_tries * c_log1pf(-p))


cdef int sample(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs,
                bint by_log) except -1:
    cdef Sampler s = sampler_of(run, plan, step, by_log)
    cdef CArray* truth = <CArray*>inputs[0]
    cdef int64_t* classes
    cdef cnp.npy_intp n_classes, n_tries
    cdef Philox start
    flat = row_numbers(inputs[0])
    if flat is None or array_ndim(truth) != 2 or array_dims(truth)[1] != s.n_true:
        return 0
    classes = <int64_t*>array_bytes(<CArray*><PyObject*>flat)
    n_classes = array_size(truth)
    if not all_below(<cnp.npy_int64*>classes, n_classes, s.range_max, False) or (s.unique and s.n > s.range_max):
        return 0
    outputs[0] = new_array(frame, step.first_out, cnp.NPY_INT64, 1, &s.n)
    outputs[1] = new_array(frame, step.first_out + 1, cnp.NPY_FLOAT32, 2, array_dims(truth))
    outputs[2] = new_array(frame, step.first_out + 2, cnp.NPY_FLOAT32, 1, &s.n)
    start = s.generator.reserve(<uint64_t>SAMPLER_RESERVED * <uint64_t>s.n)
    n_tries = draw_classes(s, &start, <int64_t*>array_bytes(<CArray*>outputs[0]))
    if n_tries < 0:
        raise MemoryError()
    expect_classes(s, classes, n_classes, n_tries, <float*>array_bytes(<CArray*>outputs[1]))
    expect_classes(s, <int64_t*>array_bytes(<CArray*>outputs[0]), s.n, n_tries,
                   <float*>array_bytes(<CArray*>outputs[2]))
    return 1


cdef int kernel_sample_log_uniform(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return sample(run, plan, frame, step, inputs, outputs, True)


cdef int kernel_sample_uniform(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                               PyObject** outputs) except -1:
    return sample(run, plan, frame, step, inputs, outputs, False)


# ---------------------------------------------------------------- accidental hits

cdef int kernel_accidental_hits(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                PyObject** outputs) except -1:
    """ComputeAccidentalHits: where candidates are true classes of an example."""
    cdef CArray* truth = <CArray*>inputs[0]
    cdef cnp.npy_intp i, k, n, n_hits = 0, width, place
    cdef int64_t* classes
    cdef int64_t* candidates
    cdef IntTable positions
    flat = row_numbers(inputs[0])
    sampled = row_numbers(inputs[1])
    if (flat is None or sampled is None or array_ndim(truth) != 2 or array_ndim(<CArray*>inputs[1]) != 1
            or array_dims(truth)[1] != read_int_attr(plan, step, "num_true")):
        return 0
    classes = <int64_t*>array_bytes(<CArray*><PyObject*>flat)
    candidates = <int64_t*>array_bytes(<CArray*><PyObject*>sampled)
    n = array_size(truth)
    width = array_dims(truth)[1]
    if not open_table(&positions, array_size(<CArray*>inputs[1])):
        raise MemoryError()
    try:
        for i in range(array_size(<CArray*>inputs[1])):
            place_of(&positions, candidates[i])[0] = i       # the last one of equals
        for i in range(n):
            n_hits += number_of(&positions, classes[i]) >= 0
        outputs[0] = new_array(frame, step.first_out, cnp.NPY_INT32, 1, &n_hits)
        outputs[1] = new_array(frame, step.first_out + 1, cnp.NPY_INT64, 1, &n_hits)
        outputs[2] = new_array(frame, step.first_out + 2, cnp.NPY_FLOAT32, 1, &n_hits)
        k = 0
        for i in range(n):
            place = number_of(&positions, classes[i])
            if place >= 0:
                (<cnp.npy_int32*>array_bytes(<CArray*>outputs[0]))[k] = <cnp.npy_int32>(i // width)
                (<cnp.npy_int64*>array_bytes(<CArray*>outputs[1]))[k] = place
                (<float*>array_bytes(<CArray*>outputs[2]))[k] = <float>-3.4028234663852886e38
                k += 1
    finally:
        close_table(&positions)
    return 1


add_core_kernel("sample_log_uniform", kernel_sample_log_uniform)
add_core_kernel("sample_uniform", kernel_sample_uniform)
add_core_kernel("accidental_hits", kernel_accidental_hits)
