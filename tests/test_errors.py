import pytest
import recorded

from pyscope import errors


@pytest.mark.parametrize("line, expected", recorded.load("errors"))
def test_as_tensorflow(line, expected):
    assert recorded.evaluate(line, {"errors": errors}) == expected


def test_message_tells_of_the_op_it_came_from():
    class Gradient:
        name = "gradients/MatMul_grad"
        _original_op = recorded.Op

    text = str(errors.InvalidArgumentError(None, Gradient, "bad"))
    assert text.splitlines()[0] == "bad"
    assert "Original stack trace for 'gradients/MatMul_grad'" in text
    assert "originally created as op 'layer/MatMul'" in text


def test_class_without_a_code():
    with pytest.warns(UserWarning, match="Unknown class exception"):
        assert isinstance(errors.error_code_from_exception_type(ValueError), errors.UnknownError)
