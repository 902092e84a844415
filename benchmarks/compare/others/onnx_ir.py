"""onnx_ir: nodes through its tape."""

import onnx_ir
from onnx_ir import tape

VERSION = onnx_ir.__version__


def add(n):
    x = onnx_ir.Value(name="x")

    def timed():
        made = tape.Tape()
        for _ in range(n):
            made.op("Add", [x, x])

    return timed


def add_number(n):
    x = onnx_ir.Value(name="x")

    def timed():
        made = tape.Tape()
        for _ in range(n):
            made.op("Add", [x, made.op("Constant", [], {"value_float": 1.0})])

    return timed


COLUMNS = {"onnx_ir": ("onnx_ir " + VERSION, {"add": add, "add_number": add_number})}
