# Protobuf bytes read where they lie: fields as slices of the message, attribute values as what nodes keep.

cdef extern from "Python.h":
    str PyUnicode_DecodeUTF8(const char* data, Py_ssize_t size, const char* errors)

cdef struct Slice:               # borrowed bytes
    const unsigned char* data
    Py_ssize_t n

cdef struct WireField:           # one field of a message
    int number
    int wire                     # wire type
    unsigned long long value     # of a varint
    Slice content                # of strings, messages and fixed-size numbers

cdef enum:
    NO_KIND = 0                  # an AttrValue without a value
    EMPTY_LIST = KIND_LIST       # a list that does not tell what it is a list of

cdef dict KIND_NAMES = {code: name for name, code in KIND_CODES.items()}
KIND_NAMES[EMPTY_LIST] = "list(int)"
cdef list ELEMENT_TYPES = [None] * 34    # DataType number -> NumPy dtype
cdef int TENSOR_FIELD[34]        # TENSOR_FIELDS as arrays; a field of 0: there is none
cdef int TENSOR_FORM[34]
cdef int TENSOR_WIDTH[34]
for _number in range(34):
    TENSOR_FIELD[_number], TENSOR_FORM[_number], TENSOR_WIDTH[_number] = TENSOR_FIELDS.get(_number, (0, 0, 0))[:3]


cdef object broken():
    return ValueError("the bytes are not those of a protobuf message")


cdef const unsigned char* read_varint(const unsigned char* p, const unsigned char* end,
                                      unsigned long long* value) except NULL:
    cdef int shift = 0
    value[0] = 0
    while p < end and shift < 64:
        value[0] |= <unsigned long long>(p[0] & 127) << shift
        p += 1
        if p[-1] < 128:
            return p
        shift += 7
    raise broken()


cdef const unsigned char* read_field(const unsigned char* p, const unsigned char* end, WireField* f) except NULL:
    """The field at `p`; returns where the next one starts."""
    cdef unsigned long long tag
    if p[0] < 128:
        tag = p[0]
        p += 1
    else:
        p = read_varint(p, end, &tag)
    f.number = <int>(tag >> 3)
    f.wire = tag & 7
    if f.wire == 0:
        return read_varint(p, end, &f.value)
    if f.wire == LENGTH_PREFIXED:
        p = read_varint(p, end, &tag)
    elif f.wire == 1:
        tag = 8
    elif f.wire == 5:
        tag = 4
    else:
        raise broken()
    if <unsigned long long>(end - p) < tag:
        raise broken()
    f.content.data = p
    f.content.n = <Py_ssize_t>tag
    return p + tag


cdef bytes slice_bytes(Slice s):
    return PyBytes_FromStringAndSize(<char*>s.data, s.n)


cdef str slice_text(Slice s):
    return PyUnicode_DecodeUTF8(<char*>s.data, s.n, "surrogateescape")


cdef float float_at(const unsigned char* p) noexcept:
    cdef float value
    memcpy(&value, p, 4)
    return value


# ---------------------------------------------------------------- attribute values

cdef object read_attr(Slice message, int* kind):
    """The value in an AttrValue, and its AttrKind."""
    cdef const unsigned char* p = message.data
    cdef const unsigned char* end = p + message.n
    cdef WireField f
    value = None
    kind[0] = NO_KIND
    while p < end:
        p = read_field(p, end, &f)
        if f.number == 1:
            value = read_list(f.content, kind)
        elif 2 <= f.number <= 8 or f.number == KIND_FUNC:
            kind[0] = f.number
            value = read_scalar(&f)
    return value


cdef object read_scalar(WireField* f):
    """One value from a field whose number is its AttrKind."""
    if f.number == KIND_STRING:
        return slice_bytes(f.content)
    if f.number == KIND_INT:
        return <long long>f.value
    if f.number == KIND_FLOAT:
        return <double>float_at(f.content.data)
    if f.number == KIND_BOOL:
        return f.value != 0
    if f.number == KIND_TYPE:
        return read_type(f.value)
    if f.number == KIND_SHAPE:
        return shape_object(intern_shape(read_shape(f.content)))
    if f.number == KIND_TENSOR:
        return read_tensor(f.content)
    return read_function(f.content)


cdef object read_type(unsigned long long number):
    if number >= <unsigned long long>len(DTYPES) or DTYPES[number] is None:
        raise ValueError(f"{number} does not correspond to a valid tensorflow::DataType")
    return DTYPES[number]


cdef tuple read_list(Slice message, int* kind):
    cdef const unsigned char* p = message.data
    cdef const unsigned char* end = p + message.n
    cdef const unsigned char* q
    cdef const unsigned char* stop
    cdef WireField f
    cdef list values = []
    kind[0] = EMPTY_LIST
    while p < end:
        p = read_field(p, end, &f)
        if f.number == 9:
            f.number = KIND_FUNC             # elsewhere functions are field 10
        if f.number < KIND_STRING or f.number > KIND_FUNC:
            continue
        kind[0] = f.number + KIND_LIST
        if f.wire == LENGTH_PREFIXED and KIND_INT <= f.number <= KIND_TYPE:      # packed
            q = f.content.data
            stop = q + f.content.n
            while q < stop:
                if f.number == KIND_FLOAT:
                    values.append(<double>float_at(q))
                    q += 4
                else:
                    q = read_varint(q, stop, &f.value)
                    values.append(read_scalar(&f))
        else:
            values.append(read_scalar(&f))
    return tuple(values)


cdef object read_shape(Slice message):
    """The dimensions in a TensorShapeProto, a tuple; None for unknown rank."""
    cdef const unsigned char* p = message.data
    cdef const unsigned char* end = p + message.n
    cdef const unsigned char* q
    cdef const unsigned char* stop
    cdef WireField f
    cdef WireField d
    cdef list dims = []
    cdef long long size
    cdef bint known = True
    while p < end:
        p = read_field(p, end, &f)
        if f.number == 3:
            known = f.value == 0
        elif f.number == 2:
            size = 0
            q = f.content.data
            stop = q + f.content.n
            while q < stop:
                q = read_field(q, stop, &d)
                if d.number == 1:
                    size = <long long>d.value
            dims.append(None if size < 0 else size)
    return tuple(dims) if known else None


cdef object read_function(Slice message):
    cdef const unsigned char* p = message.data
    cdef const unsigned char* end = p + message.n
    cdef WireField f
    cdef Slice key, value
    cdef int kind
    cdef dict attrs = None
    name = ""
    while p < end:
        p = read_field(p, end, &f)
        if f.number == 1:
            name = slice_text(f.content)
        elif f.number == 2:
            read_entry(f.content, &key, &value)
            inner = read_attr(value, &kind)
            if kind != NO_KIND:
                attrs = {} if attrs is None else attrs
                attrs[slice_text(key)] = (KIND_NAMES[kind], inner)
    return FunctionName(name, attrs)


cdef int read_entry(Slice message, Slice* key, Slice* value) except -1:
    """The key and value of a map's entry."""
    cdef const unsigned char* p = message.data
    cdef const unsigned char* end = p + message.n
    cdef WireField f
    key.data = value.data = p
    key.n = value.n = 0
    while p < end:
        p = read_field(p, end, &f)
        if f.number == 1:
            key[0] = f.content
        elif f.number == 2:
            value[0] = f.content
    return 0


cdef object element_type(int number):
    """The NumPy dtype of a DataType."""
    found = ELEMENT_TYPES[number] if 0 <= number < 34 else None
    if found is None:
        if not 0 <= number < 34 or TENSOR_FIELD[number] == 0:
            raise NotImplementedError(f"a constant of type {read_type(number).name}: PyScope cannot read its value")
        found = ELEMENT_TYPES[number] = np.dtype(DTYPES[number].as_numpy_dtype)
    return found


cdef object empty_array(int rank, cnp.npy_intp* dims, cnp.dtype np_type, object shape):
    if np_type.type_num < cnp.NPY_OBJECT:
        return cnp.PyArray_SimpleNew(rank, dims, np_type.type_num)
    return np.empty(shape, np_type)


cdef object read_tensor(Slice message):
    """The value of a TensorProto, read-only; a single stored value is repeated without copies."""
    cdef const unsigned char* p = message.data
    cdef const unsigned char* end = p + message.n
    cdef const unsigned char* q
    cdef const unsigned char* stop
    cdef WireField f
    cdef Slice content
    cdef Slice raw                   # the packed elements, when they come in one piece
    cdef Wire values = None
    cdef list strings = None
    cdef cnp.ndarray array
    cdef int number = 0, field = 0, form = 0, width = 0, rank = 0
    cdef Py_ssize_t n_values, size
    cdef cnp.npy_intp dims[64]
    shape = ()
    np_type = None
    content.n = -1
    raw.n = -1
    while p < end:
        p = read_field(p, end, &f)
        if f.number == 1:
            number = <int>f.value
            np_type = element_type(number)
            field = TENSOR_FIELD[number]
            form = TENSOR_FORM[number]
            width = TENSOR_WIDTH[number]
        elif f.number == 2:
            shape = read_shape(f.content)
        elif f.number == 4:
            content = f.content
        elif f.number == field:
            if form == FORM_STRING:
                if strings is None:
                    strings = []
                strings.append(slice_bytes(f.content))
                continue
            if form == FORM_RAW and raw.n < 0 and values is None:
                raw = f.content
                continue
            if values is None:
                values = Wire()
                if raw.n >= 0:
                    values.raw(raw.data, raw.n)
            if form == FORM_RAW:
                values.raw(f.content.data, f.content.n)
            elif f.wire == 0:
                values.raw(&f.value, width)          # little-endian: the low bytes come first
            else:
                q = f.content.data
                stop = q + f.content.n
                while q < stop:
                    q = read_varint(q, stop, &f.value)
                    values.raw(&f.value, width)
    if field == 0:
        element_type(number)
    if shape is None:
        raise ValueError("a constant's shape must be fully known")
    for d in <tuple>shape:
        if d is None or rank == 64:
            raise ValueError("a constant's shape must be fully known")
        dims[rank] = d
        rank += 1
    if form == FORM_STRING:
        array = np.empty(shape, object)
        flat = array.reshape(-1)
        for i in range(array.size):
            flat[i] = (strings[i] if i < len(strings) else strings[len(strings) - 1]) if strings else b""
        cnp.PyArray_CLEARFLAGS(array, cnp.NPY_ARRAY_WRITEABLE)
        return array
    narrow = number in (29, 30, 31, 32)              # NumPy has them by ml_dtypes, a byte each
    if narrow:
        np_type = np.dtype(np.int8)
    if values is not None:
        raw.data = values.data
        raw.n = values.n
    n_values = raw.n // width if raw.n > 0 else 0
    array = empty_array(rank, dims, np_type, shape)
    size = cnp.PyArray_SIZE(array)
    if content.n > 0:
        if content.n != size * width:
            raise ValueError(f"a constant of shape {shape} and type {DTYPES[number].name} has {content.n} bytes")
        memcpy(cnp.PyArray_DATA(array), content.data, content.n)
    elif n_values >= size:
        memcpy(cnp.PyArray_DATA(array), raw.data, size * width)
    elif n_values == 0:
        memset(cnp.PyArray_DATA(array), 0, size * width)
    else:
        array = np.frombuffer(PyBytes_FromStringAndSize(<char*>raw.data, raw.n), np_type)
        if n_values > 1:
            array = np.concatenate([array, np.repeat(array[n_values - 1:], size - n_values)]).reshape(shape)
        else:
            array = np.broadcast_to(array[0], shape)
    if narrow:
        array = array.astype(element_type(number))
    cnp.PyArray_CLEARFLAGS(array, cnp.NPY_ARRAY_WRITEABLE)
    return array
