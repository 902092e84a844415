"""Nested structures of lists, tuples, dicts, namedtuples and attrs classes: flatten, pack, map.

Dicts are walked in the order of their sorted keys, as TF does.
"""

__all__ = ["assert_same_structure", "flatten", "is_nested", "is_sequence", "map_structure", "pack_sequence_as"]


def _is_namedtuple(value):
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _is_attrs(value):
    return hasattr(type(value), "__attrs_attrs__")


def _is_mapping(value):
    return isinstance(value, dict) or (hasattr(value, "keys") and hasattr(value, "__getitem__")
                                       and hasattr(value, "items"))


def is_nested(value):
    """Whether `value` is a structure rather than a leaf."""
    return isinstance(value, (list, tuple)) or _is_mapping(value) or _is_attrs(value)


is_sequence = is_nested


def _sorted_keys(mapping):
    try:
        return sorted(mapping)
    except TypeError:
        raise TypeError("nest only supports dicts with sortable keys.") from None


def children(value):
    """The direct elements of a structure, in order."""
    if _is_mapping(value):
        return [value[k] for k in _sorted_keys(value)]
    if _is_attrs(value):
        return [getattr(value, a.name) for a in type(value).__attrs_attrs__]
    return list(value)


def _is_composite(value):
    return hasattr(value, "_components")


def flatten(structure, expand_composites=False):
    """The leaves of `structure` as a list; a leaf alone is a list of one.

    With `expand_composites`, an IndexedSlices or SparseTensor counts as its tensors.
    """
    if not is_nested(structure):
        if expand_composites and _is_composite(structure):
            return structure._components()
        return [structure]
    out = []
    for child in children(structure):
        if is_nested(child):
            out.extend(flatten(child, expand_composites))
        elif expand_composites and _is_composite(child):
            out.extend(child._components())
        else:
            out.append(child)
    return out


def like(structure, elements):
    """A structure of the kind of `structure` with these direct elements."""
    if _is_mapping(structure):
        found = dict(zip(_sorted_keys(structure), elements))
        pairs = [(k, found[k]) for k in structure]
        return type(structure)(pairs) if not hasattr(structure, "default_factory") else type(structure)(
            structure.default_factory, pairs)
    if _is_namedtuple(structure):
        return type(structure)(*elements)
    if _is_attrs(structure):
        return type(structure)(*elements)
    if type(structure) in (list, tuple):
        return type(structure)(elements)
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
    if check_types and type(nest1) is not type(nest2) and not (_is_mapping(nest1) and _is_mapping(nest2)):
        raise TypeError("The two structures don't have the same nested structure.\n\nFirst structure: "
                        f"type={type(nest1).__name__} str={nest1}\n\nSecond structure: type={type(nest2).__name__} "
                        f"str={nest2}\n\nMore specifically: The two namedtuples don't have the same sequence type.")
    if _is_mapping(nest1) and _is_mapping(nest2) and set(nest1) != set(nest2):
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
