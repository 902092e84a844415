"""Nested structures of lists, tuples, dicts, namedtuples and attrs classes: flatten, pack, map.

Dicts are walked in the order of their sorted keys, as TF does.
"""

from functools import lru_cache

__all__ = ["assert_same_structure", "flatten", "is_nested", "is_sequence", "map_structure", "pack_sequence_as"]


@lru_cache(1024)
def _kind(cls):
    """What instances of a class are: "sequence", "mapping", "attrs", "composite" or None, a leaf."""
    if issubclass(cls, (list, tuple)):
        return "sequence"
    if issubclass(cls, dict) or (hasattr(cls, "keys") and hasattr(cls, "__getitem__") and hasattr(cls, "items")):
        return "mapping"
    if hasattr(cls, "__attrs_attrs__"):
        return "attrs"
    return "composite" if hasattr(cls, "_components") else None


_STRUCTURES = ("sequence", "mapping", "attrs")


def is_nested(value):
    """Whether `value` is a structure rather than a leaf."""
    return _kind(type(value)) in _STRUCTURES


is_sequence = is_nested


def _sorted_keys(mapping):
    try:
        return sorted(mapping)
    except TypeError:
        raise TypeError("nest only supports dicts with sortable keys.") from None


def children(value):
    """The direct elements of a structure, in order."""
    kind = _kind(type(value))
    if kind == "mapping":
        return [value[k] for k in _sorted_keys(value)]
    if kind == "attrs":
        return [getattr(value, a.name) for a in type(value).__attrs_attrs__]
    return list(value)


def _is_composite(value):
    return _kind(type(value)) == "composite"


def flatten(structure, expand_composites=False):
    """The leaves of `structure` as a list; a leaf alone is a list of one.

    With `expand_composites`, an IndexedSlices or SparseTensor counts as its tensors.
    """
    kind = _kind(type(structure))
    if kind is None or (kind == "composite" and not expand_composites):
        return [structure]
    if kind == "composite":
        return structure._components()
    out = []
    for child in structure if kind == "sequence" else children(structure):
        if _kind(type(child)) is None:
            out.append(child)
        else:
            out.extend(flatten(child, expand_composites))
    return out


def like(structure, elements):
    """A structure of the kind of `structure` with these direct elements."""
    if _kind(type(structure)) == "mapping":
        found = dict(zip(_sorted_keys(structure), elements))
        pairs = [(k, found[k]) for k in structure]
        return type(structure)(pairs) if not hasattr(structure, "default_factory") else type(structure)(
            structure.default_factory, pairs)
    if hasattr(structure, "_fields") or _kind(type(structure)) == "attrs":
        return type(structure)(*elements)
    return type(structure)(elements)


def pack_sequence_as(structure, flat_sequence, expand_composites=False):
    """`flat_sequence` arranged as `structure` is.

    Raises
    ------
    TypeError, ValueError
        When the numbers of leaves differ.
    """
    flat = list(flat_sequence)
    if not is_nested(structure):
        if expand_composites and _is_composite(structure):
            return structure._from_components(flat)
        if len(flat) != 1:
            raise ValueError(f"The target structure is of type `{type(structure)}`\n  {structure}\nHowever the input "
                             f"is a sequence ({type(flat_sequence)}) of length {len(flat)}.\n  {flat}\nnest cannot "
                             "guarantee that it is safe to map one to the other.")
        return flat[0]
    total = len(flatten(structure, expand_composites))
    if total != len(flat):
        raise ValueError(f"Could not pack sequence. Structure had {total} atoms, but flat_sequence had {len(flat)} "
                         f"items.  Structure: {structure}, flat_sequence: {flat}.")
    packed, _ = _pack(structure, flat, 0, expand_composites)
    return packed


def _pack(structure, flat, position, expand_composites):
    out = []
    for child in children(structure):
        if is_nested(child):
            packed, position = _pack(child, flat, position, expand_composites)
            out.append(packed)
        elif expand_composites and _is_composite(child):
            n = len(child._components())
            out.append(child._from_components(flat[position:position + n]))
            position += n
        else:
            out.append(flat[position])
            position += 1
    return like(structure, out), position


def assert_same_structure(nest1, nest2, check_types=True, expand_composites=False):
    """Raise ValueError or TypeError unless both structures nest alike."""
    n1, n2 = len(flatten(nest1, expand_composites)), len(flatten(nest2, expand_composites))
    if is_nested(nest1) != is_nested(nest2) or n1 != n2:
        raise ValueError(f"The two structures don't have the same nested structure.\n\nFirst structure: "
                         f"type={type(nest1).__name__} str={nest1}\n\nSecond structure: type={type(nest2).__name__} "
                         f"str={nest2}")
    if not is_nested(nest1):
        return
    mappings = _kind(type(nest1)) == _kind(type(nest2)) == "mapping"
    if check_types and type(nest1) is not type(nest2) and not mappings:
        raise TypeError("The two structures don't have the same nested structure.\n\nFirst structure: "
                        f"type={type(nest1).__name__} str={nest1}\n\nSecond structure: type={type(nest2).__name__} "
                        f"str={nest2}\n\nMore specifically: The two namedtuples don't have the same sequence type.")
    if mappings and set(nest1) != set(nest2):
        raise ValueError("The two dictionaries don't have the same set of keys. First structure has keys "
                         f"{list(nest1)}, while second structure has keys {list(nest2)}")
    for a, b in zip(children(nest1), children(nest2)):
        assert_same_structure(a, b, check_types, expand_composites)


def map_structure(func, *structure, **kwargs):
    """`func` applied to the leaves of one or several structures of the same form; the results in that form."""
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError("Only valid keyword arguments are `check_types` and `expand_composites`, not: "
                         f"`{'`, `'.join(kwargs)}`")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand)
    leaves = zip(*[flatten(s, expand) for s in structure])
    return pack_sequence_as(structure[0], [func(*x) for x in leaves], expand)
