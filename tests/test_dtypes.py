import importlib.util
import sys

import numpy as np
import pytest
import recorded

from pyscope import dtypes


@pytest.mark.parametrize("line, expected", recorded.load("dtypes"))
def test_as_tensorflow(line, expected):
    assert recorded.evaluate(line, {"tf": dtypes}) == expected


def test_table_is_indexed_by_enum():
    assert all(d is None or d._enum == i for i, d in enumerate(dtypes.TABLE))
    assert [d for d in dtypes.TABLE if d][::33] == [dtypes.float32, dtypes.float32_ref]


def test_each_dtype_is_one_object():
    for d in filter(None, dtypes.TABLE):
        assert dtypes.as_dtype(d.name) is d and dtypes.as_dtype(d._enum) is d and dtypes.DType(d._enum) is d
        assert d.base_dtype._as_ref is d._as_ref


def test_round_trip_through_numpy():
    for d in filter(None, dtypes.TABLE[1:24]):
        if d.is_numpy_compatible and d != dtypes.bfloat16:
            assert dtypes.as_dtype(d.as_numpy_dtype) is d
            assert d.is_quantized or dtypes.as_dtype(np.zeros(2, d.as_numpy_dtype)) is d


def test_handles_have_no_numpy_type():
    with pytest.raises(KeyError):
        dtypes.resource.as_numpy_dtype  # noqa: B018


def test_bfloat16_names_the_package_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    monkeypatch.setattr(dtypes.bfloat16, "_np", None)
    with pytest.raises(NotImplementedError, match="bfloat16 in NumPy needs the package ml_dtypes"):
        dtypes.bfloat16.as_numpy_dtype  # noqa: B018


@pytest.mark.skipif(importlib.util.find_spec("ml_dtypes") is None, reason="needs ml_dtypes")
def test_ml_dtypes():
    import ml_dtypes

    assert dtypes.bfloat16.as_numpy_dtype is ml_dtypes.bfloat16
    assert dtypes.as_dtype(ml_dtypes.bfloat16) is dtypes.bfloat16
    assert dtypes.as_dtype(np.zeros(1, ml_dtypes.float8_e5m2).dtype) is dtypes.float8_e5m2
    assert float(dtypes.float8_e5m2.max) == 57344
