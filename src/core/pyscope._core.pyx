"""The compiled core of PyScope: names, scopes, graphs, and the executor that runs them."""
# The chapters, in reading order.  pyscope._core.pxd says what each record and class holds.

cimport cython
cimport numpy as cnp
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_GetItem
from cpython.long cimport PyLong_AsLong, PyLong_AsLongLongAndOverflow
from cpython.ref cimport Py_INCREF, Py_DECREF, Py_XDECREF, Py_XINCREF, PyObject
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset

import numpy as np

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    int PyUnicode_KIND(object text)
    const void* PyUnicode_DATA(object text)
    Py_UCS4 PyUnicode_READ(int kind, const void* data, Py_ssize_t index)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    str PyUnicode_Substring(object text, Py_ssize_t start, Py_ssize_t end)
    Py_ssize_t PyUnicode_FindChar(object text, Py_UCS4 c, Py_ssize_t start, Py_ssize_t end, int direction)
    ctypedef struct PyThreadState:
        pass
    PyThreadState* PyThreadState_Get()
    unsigned long long PyThreadState_GetID(PyThreadState* state)      # never reused, unlike a thread's ident

cnp.import_array()

include "names.pxi"
include "shapes.pxi"
include "arguments.pxi"
include "graph.pxi"
include "optype.pxi"
include "shape_rules.pxi"
include "quick_rules.pxi"
include "getitem.pxi"
include "reading.pxi"
include "ready.pxi"
include "scopes.pxi"
include "call.pxi"
include "search.pxi"
include "replay.pxi"
include "repeat.pxi"
include "gradients.pxi"
include "wire.pxi"
include "wire_function.pxi"
include "wire_read.pxi"
include "slice_table.pxi"
include "importer_kinds.pxi"
include "importer.pxi"
include "errors.pxi"
include "pool.pxi"
include "kernel.pxi"
include "split.pxi"
include "arrays.pxi"
include "draft.pxi"
include "rewrite.pxi"
include "products.pxi"
include "fusion.pxi"
include "program.pxi"
include "join.pxi"
include "plan.pxi"
include "flow.pxi"
include "beside.pxi"
include "run.pxi"
include "plan_text.pxi"
include "structures.pxi"
include "session.pxi"
include "kernels/variables.pxi"
include "kernels/dense.pxi"
include "kernels/elements.pxi"
include "kernels/images.pxi"
include "kernels/volumes.pxi"
include "kernels/matmul.pxi"
include "kernels/layout.pxi"
include "kernels/gather.pxi"
include "kernels/activations.pxi"
include "kernels/reduce.pxi"
include "kernels/softmax.pxi"
include "kernels/updates.pxi"
include "kernels/random.pxi"
include "kernels/tables.pxi"
include "kernels/sampling.pxi"
include "kernels/select.pxi"
include "kernels/segments.pxi"
include "kernels/ranking.pxi"
include "kernels/points.pxi"
include "kernels/lists.pxi"
include "kernels/tensor_arrays.pxi"
include "functions.pxi"
include "varscope.pxi"
