"""Structures: what counts as one, in which order its leaves come, and back again."""

import collections
import types

import pytest

from pyscope import nest

Pair = collections.namedtuple("Pair", "b a")


class Plain:
    pass


class Record:
    """As the attrs library marks its classes."""

    __attrs_attrs__ = (types.SimpleNamespace(name="first"), types.SimpleNamespace(name="second"))

    def __init__(self, first, second):
        self.first, self.second = first, second

    def __eq__(self, other):
        return (self.first, self.second) == (other.first, other.second)


class WithKeys(Plain):
    """Keys of the instance alone make no mapping."""

    def __init__(self):
        self.keys = self.items = self.__getitem__ = None


LEAF = WithKeys()


@pytest.mark.parametrize("structure, leaves", [
    (1, [1]),
    ("text", ["text"]),
    (LEAF, [LEAF]),
    ([], []),
    ([1, (2, [3])], [1, 2, 3]),
    ({"b": 1, "a": [2, 3]}, [2, 3, 1]),
    (collections.OrderedDict([("b", 1), ("a", 2)]), [2, 1]),
    (Pair(1, Pair(2, 3)), [1, 2, 3]),
    (Record(1, [2, Pair(3, 4)]), [1, 2, 3, 4]),
])
def test_leaves_and_back(structure, leaves):
    assert nest.flatten(structure) == leaves
    packed = nest.pack_sequence_as(structure, leaves)
    assert packed == structure and type(packed) is type(structure)
    assert nest.map_structure(lambda x: (x,), structure) == nest.pack_sequence_as(structure, [(x,) for x in leaves])
    nest.assert_same_structure(structure, packed)


def test_default_dict_keeps_its_factory():
    structure = collections.defaultdict(list, {"b": 1, "a": 2})
    assert nest.map_structure(str, structure).default_factory is list


@pytest.mark.parametrize("first, second", [([1, 2], [1]), ([1, [2]], [1, 2]), ({"a": 1}, {"b": 1}), ([1], 1)])
def test_other_forms_are_refused(first, second):
    with pytest.raises(ValueError):
        nest.assert_same_structure(first, second)


def test_other_types_are_refused_when_they_matter():
    with pytest.raises(TypeError):
        nest.assert_same_structure([1], (1,))
    nest.assert_same_structure([1], (1,), check_types=False)


def test_unsortable_keys():
    with pytest.raises(TypeError, match="sortable"):
        nest.flatten({1: 1, "a": 2})
