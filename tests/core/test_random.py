"""The random kernels against numbers recorded from TensorFlow 2.21 (CPU)."""

from pathlib import Path

import numpy as np
import pytest

from pyscope import _core as core


def _recorded():
    with np.load(Path(__file__).parents[1] / "data" / "random.npz") as file:
        data, start, found = file["values"].tobytes(), 0, {}
        for line in str(file["index"]).split("\n"):
            key, dtype, shape = line.split(" ")
            shape = tuple(int(n) for n in shape.split(",") if n)
            count = int(np.prod(shape, dtype=int))
            found[key] = np.frombuffer(data, dtype, count, start).reshape(shape)
            start += found[key].nbytes
    return found


RECORDED = _recorded()
FILLS = ("uniform", "normal", "truncated_normal", "int")
CASES = [key for key in RECORDED if key.count("/") == 4 and not key.startswith("stateless")]


def _draw(kind, dtype, n, generator):
    if kind in FILLS:
        return core.random_fill(kind, generator, (n,), dtype, -7, 1000003)
    if kind == "shuffle":
        return core.random_shuffle(generator, np.arange(n, dtype=dtype))
    if kind == "multinomial":
        return core.random_multinomial(generator, RECORDED["logits"], n, dtype)
    if kind == "gamma":
        return core.random_gamma(generator, (n,), RECORDED["alpha"].astype(dtype))
    assert kind == "poisson"
    return core.random_poisson(generator, (n,), RECORDED["rate"], dtype)


def _assert_equal(kind, found, wanted):
    assert found.dtype == wanted.dtype
    if kind in ("normal", "truncated_normal", "gamma"):
        # Other C libraries' logarithms and sines may differ
        np.testing.assert_array_max_ulp(found, wanted, 2 if kind != "gamma" else 8)
    else:
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("case", CASES)
def test_two_runs_give_tensorflows_numbers(case):
    kind, dtype, n, seed, seed2 = case.split("/")
    generator = core.PhiloxGenerator(int(seed), int(seed2))
    _assert_equal(kind, _draw(kind, dtype, int(n), generator), RECORDED[case])
    again = _draw(kind, dtype, int(n), generator)
    if case + "/2" in RECORDED:
        wanted = RECORDED[case + "/2"]
        _assert_equal(kind, again[: len(wanted)], wanted)


@pytest.mark.parametrize("kind", ["uniform", "truncated_normal"])
def test_the_end_of_a_million_values(kind):
    generator = core.PhiloxGenerator(5, 6)
    for wanted in RECORDED[f"tail/{kind}"]:
        _assert_equal(kind, core.random_fill(kind, generator, (1000000,), "float32")[-8:], wanted)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_stateless_seed_is_scrambled_into_key_and_counter(dtype):
    generator = core.PhiloxGenerator.from_stateless_seed(12, -34)
    found = core.random_fill("uniform", generator, (5,), dtype)
    np.testing.assert_array_equal(found, RECORDED[f"stateless_uniform/{dtype}/5/12/-34"])


def test_philox_known_answers():
    # From the Random123 distribution: counter and key all zeros, and all ones.
    zero = core.PhiloxGenerator.from_key_counter(0, 0)
    found = core.random_fill("bits", zero, (4,), "uint32").tolist()
    assert found == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    ones = core.PhiloxGenerator.from_key_counter(2**64 - 1, 2**128 - 1)
    found = core.random_fill("bits", ones, (4,), "uint32").tolist()
    assert found == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


@pytest.mark.parametrize("counter", [5, 2**32 - 33, 2**32 - 70, 2**64 - 100, 2**96 - 33, 2**128 - 64])
def test_the_counter_carries(counter):
    key = 0x0123456789ABCDEF
    start = core.PhiloxGenerator.from_key_counter
    together = core.random_fill("bits", start(key, counter), (1000,), "uint32")
    one_by_one = [
        core.random_fill("bits", start(key, (counter + i) % 2**128), (4,), "uint32") for i in range(250)
    ]
    np.testing.assert_array_equal(together, np.concatenate(one_by_one))


def test_a_fill_reserves_256_groups_per_value():
    generator = core.PhiloxGenerator(3, 4)
    assert (generator.key, generator.counter) == (3, 4 << 64)
    core.random_fill("uniform", generator, (2, 5), "float64")
    assert generator.counter == (4 << 64) + 2560
    core.random_fill("normal", generator, (0,), "float32")
    assert generator.counter == (4 << 64) + 2560


def test_seeds_of_zero_come_from_the_system():
    first, second = core.PhiloxGenerator(0, 0), core.PhiloxGenerator()
    assert (first.key, first.counter) != (second.key, second.counter)


@pytest.mark.parametrize("value", [np.float32(3), np.zeros((0, 3)), np.ones((1, 4)), np.zeros((3, 0))])
def test_nothing_to_shuffle(value):
    generator = core.PhiloxGenerator(1, 2)
    value = np.asarray(value)
    assert core.random_shuffle(generator, value) is value
    assert generator.counter == 2 << 64


def test_rows_of_objects_are_shuffled():
    value = np.array([[b"a", b"b"], [b"c", b"d"], [b"e", b"f"]], dtype=object)
    shuffled = core.random_shuffle(core.PhiloxGenerator(1, 2), value)
    assert sorted(map(tuple, shuffled)) == [(b"a", b"b"), (b"c", b"d"), (b"e", b"f")]


def test_unsupported_dtype():
    with pytest.raises(NotImplementedError, match="'uniform' are not made in dtype int32"):
        core.random_fill("uniform", core.PhiloxGenerator(1, 2), (2,), "int32")
    with pytest.raises(NotImplementedError, match="'normal' are not made in dtype uint8"):
        core.random_fill("normal", core.PhiloxGenerator(1, 2), (2,), "uint8")


def test_poisson_of_no_distribution_comes_back():
    found = core.random_poisson(core.PhiloxGenerator(1, 2), (1,), np.array([np.inf, np.nan, -1.0]), "float64")
    np.testing.assert_array_equal(found, [[np.nan, np.nan, 0.0]])
