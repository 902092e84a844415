"""Settings and reports of a session: ``ConfigProto``, ``RunOptions``, ``RunMetadata`` and their parts.

These behave as protobuf messages without needing protobuf: plain classes made, when first asked for, from the
table in ``protos/config.py``. Only reading and writing the wire format goes through the real messages.
"""

import operator
from threading import RLock

import numpy as np

_RANGES = {
    "int32": (-(2**31), 2**31),
    "int64": (-(2**63), 2**63),
    "uint32": (0, 2**32),
    "uint64": (0, 2**64),
    "fixed32": (0, 2**32),
    "fixed64": (0, 2**64),
}
_DEFAULTS = {"float": 0.0, "double": 0.0, "bool": False, "string": "", "bytes": b""}
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "'": "\\'", "\\": "\\\\"}

_classes: dict[str, type] = {}
_lock = RLock()


class Message:
    """Base of the classes here. Fields are attributes; an unset one reads as its type's zero.

    Reading a submessage creates it unset; writing to it, at any depth, sets it in its parents.
    """

    __slots__ = ("_values", "_parent", "_present")
    _name = ""  # full name, as "GPUOptions.Experimental"
    _fields: dict = {}  # name -> protos._schema.Field, by number

    def __init__(self, *args, **fields):
        if args:
            raise TypeError("No positional arguments allowed")
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_parent", None)
        object.__setattr__(self, "_present", False)
        for name, value in fields.items():
            field = self._field(name)
            if value is not None:
                self._init_field(field, value)

    @classmethod
    def _field(cls, name):
        try:
            return cls._fields[name]
        except KeyError:
            raise ValueError(f'Protocol message {cls.__name__} has no "{name}" field.') from None

    def _init_field(self, field, value):
        if field.key:
            getattr(self, field.name).update(value)
        elif field.repeated:
            try:
                values = list(value)
            except TypeError:
                raise TypeError("must assign iterable") from None
            target = getattr(self, field.name)
            for v in values:
                target.add(**v) if isinstance(v, dict) else target.append(v)
        elif field.type in _RANGES or field.type in _DEFAULTS or _is_enum(field):
            setattr(self, field.name, value)
        else:
            cls = _class(field.type)
            if not isinstance(value, (dict, cls)):
                raise TypeError(
                    "Parameter to initialize message field must be dict or instance of same class: "
                    f"expected {cls} got {type(value)}."
                )
            child = getattr(self, field.name)
            child.MergeFrom(cls(**value) if isinstance(value, dict) else value)

    # Attributes.

    def __getattr__(self, name):
        field = self._fields.get(name)
        if field is None:
            raise AttributeError(name)
        value = self._values.get(name)
        if value is None:
            value = _new_value(field, self)
            if isinstance(value, (Message, _Repeated, _Map)):
                self._values[name] = value
        return value

    def __setattr__(self, name, value):
        field = self._fields.get(name)
        if field is None:
            raise AttributeError(f'Protocol message {type(self).__name__} has no "{name}" field.')
        if field.key or field.repeated:
            kind = "map, or repeated field"
        elif _is_message(field):
            kind = "message field"
        else:
            self._clear_oneof(field)
            self._values[name] = _check(field, value, type(self))
            self._touch()
            return
        raise AttributeError(f'Assignment not allowed to {kind} "{name}" in protocol message object.')

    def __delattr__(self, name):
        raise AttributeError("Cannot delete field attribute")

    def _touch(self):
        """This message is set now, and so are those around it."""
        if not self._present:
            object.__setattr__(self, "_present", True)
            if self._parent is not None:
                owner, field = self._parent
                owner._clear_oneof(field)
                owner._touch()

    def _clear_oneof(self, field):
        if field.oneof:
            for other in self._fields.values():
                if other.oneof == field.oneof and other is not field:
                    self.ClearField(other.name)

    # The methods of protobuf messages.

    def SetInParent(self):
        """Mark this submessage as set, though it may be empty."""
        self._touch()

    def HasField(self, field_name):
        """Whether a submessage or member of a oneof is set. Raises ValueError for fields that can't tell."""
        field = self._field(field_name)
        if field.repeated or field.key or not (_is_message(field) or field.oneof):
            raise ValueError(f"Field tensorflow.{self._name}.{field_name} does not have presence.")
        value = self._values.get(field_name)
        return value is not None and getattr(value, "_present", True)

    def WhichOneof(self, oneof_group):
        """Name of the member of a oneof that is set, or None."""
        members = [f.name for f in self._fields.values() if f.oneof == oneof_group]
        if not members:
            raise ValueError(f'Protocol message {type(self).__name__} has no "{oneof_group}" field.')
        return next((name for name in members if self.HasField(name)), None)

    def Clear(self):
        """Unset all fields."""
        for name in list(self._values):
            self.ClearField(name)

    def ClearField(self, field_name):
        """Unset one field."""
        self._field(field_name)
        value = self._values.pop(field_name, None)
        if isinstance(value, Message):  # who holds it may go on using it, by itself
            object.__setattr__(value, "_parent", None)

    def ListFields(self):
        """(field, value) of each field that is set, by number."""
        found = []
        for name, field in self._fields.items():
            value = self._values.get(name)
            if isinstance(value, Message):
                if value._present:
                    found.append((field, value))
            elif value is not None and (value or field.oneof):
                found.append((field, value))
        return found

    def CopyFrom(self, other_msg):
        """Become equal to `other_msg`, of the same class."""
        self._same_class(other_msg, "CopyFrom")
        if other_msg is not self:
            self.Clear()
            self.MergeFrom(other_msg)

    def MergeFrom(self, other_msg):
        """Take over what is set in `other_msg`: scalars replace, lists append, maps and submessages merge."""
        self._same_class(other_msg, "MergeFrom")
        self._touch()
        for field, value in other_msg.ListFields():
            if isinstance(value, Message):
                getattr(self, field.name).MergeFrom(value)
            elif isinstance(value, (_Repeated, _Map)):
                getattr(self, field.name).MergeFrom(value)
            else:
                setattr(self, field.name, value)

    def _same_class(self, other, method):
        if type(other) is not type(self):
            raise TypeError(
                f"Parameter to {method}() must be instance of same class: "
                f"expected {type(self)} got {type(other)}."
            )

    def IsInitialized(self):
        """True: there are no required fields."""
        return True

    def ByteSize(self):
        """Length of the serialized message in bytes."""
        return len(self.SerializeToString())

    def SerializeToString(self, **kwargs):
        """The message in protobuf's wire format (needs the package protobuf)."""
        return self._to_real().SerializeToString(**kwargs)

    def ParseFromString(self, serialized):
        """Replace the contents by a message in wire format; returns the number of bytes read."""
        real = self._real_class()()
        size = real.ParseFromString(serialized)
        self.Clear()
        self._from_real(real)
        return size

    @classmethod
    def FromString(cls, s):
        """New message from its wire format."""
        message = cls()
        message.ParseFromString(s)
        return message

    @classmethod
    def _real_class(cls):
        from .protos import _schema

        return _schema.real(cls._name)

    def _to_real(self, real=None):
        """This as a real protobuf message, new or into the empty `real`."""
        if real is None:
            real = self._real_class()()
        for field, value in self.ListFields():
            target = getattr(real, field.name)
            if isinstance(value, Message):
                target.SetInParent()
                value._to_real(target)
            elif isinstance(value, _Map):
                for k, v in value.items():
                    if isinstance(v, Message):
                        v._to_real(target[k])
                    else:
                        target[k] = v
            elif isinstance(value, _Repeated):
                for v in value:
                    v._to_real(target.add()) if isinstance(v, Message) else target.append(v)
            else:
                setattr(real, field.name, value)
        return real

    def _from_real(self, real):
        self._touch()
        for descriptor, value in real.ListFields():
            field = self._fields[descriptor.name]
            target = getattr(self, field.name)
            if field.key:
                for k, v in value.items():
                    if _is_message(field):
                        target[k]._from_real(v)
                    else:
                        target[k] = v
            elif field.repeated:
                for v in value:
                    target.add()._from_real(v) if _is_message(field) else target.append(v)
            elif isinstance(target, Message):
                target._from_real(value)
            else:
                setattr(self, field.name, value)

    # Python's protocols.

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return {f.name: v for f, v in self.ListFields()} == {f.name: v for f, v in other.ListFields()}

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self):
        return "".join(line + "\n" for line in _text(self))

    __str__ = __repr__

    def __reduce__(self):
        return _rebuild, (self._name, _plain(self))

    def __dir__(self):
        return [*super().__dir__(), *self._fields]


class _Repeated(list):
    """The values of a repeated field: a list that checks what it is given."""

    __slots__ = ("_field", "_owner")

    def __init__(self, field, owner):
        super().__init__()
        self._field = field
        self._owner = owner

    def _checked(self, values):
        values = [_check(self._field, v, type(self._owner)) for v in values]
        self._owner._touch()
        return values

    def add(self, **fields):
        """Append a new message and return it."""
        if not _is_message(self._field):
            raise AttributeError(f"{self._field.name} holds no messages")
        super().append(_class(self._field.type)(**fields))
        self._owner._touch()
        return self[-1]

    def append(self, value):
        super().extend(self._checked([value]))

    def extend(self, values):
        super().extend(self._checked(values))

    MergeFrom = extend

    def insert(self, index, value):
        super().insert(index, *self._checked([value]))

    def __setitem__(self, index, value):
        checked = self._checked(value if isinstance(index, slice) else [value])
        super().__setitem__(index, checked if isinstance(index, slice) else checked[0])

    def __iadd__(self, values):  # type: ignore[misc]
        self.extend(values)
        return self

    def __reduce__(self):
        return list, (list(self),)


class _Map(dict):
    """The entries of a map field. Reading a key that is missing adds its type's zero, as protobuf does."""

    __slots__ = ("_field", "_owner")

    def __init__(self, field, owner):
        super().__init__()
        self._field = field
        self._owner = owner

    def _key(self, key):
        return _scalar(self._field.key, key, self._field, type(self._owner))

    def __missing__(self, key):
        key = self._key(key)
        field = self._field
        value = _class(field.type)() if _is_message(field) else _zero(field)
        super().__setitem__(key, value)
        self._owner._touch()
        return value

    def __setitem__(self, key, value):
        if _is_message(self._field):
            raise ValueError("Direct assignment of submessage not allowed")
        super().__setitem__(self._key(key), _check(self._field, value, type(self._owner)))
        self._owner._touch()

    def update(self, other):
        for key, value in dict(other).items():
            if isinstance(value, dict) and not isinstance(value, _Map):
                value = _class(self._field.type)(**value)
            if _is_message(self._field):
                self[key].CopyFrom(value)
            else:
                self[key] = value

    MergeFrom = update

    def get_or_create(self, key):
        """``self[key]``: the entry, made if missing."""
        return self[key]

    def __reduce__(self):
        return dict, (dict(self),)


class EnumType:
    """An enum: its labels are attributes, ``Name(number)`` and ``Value(label)`` translate."""

    def __init__(self, name, values):
        self._name = name.rpartition(".")[2]
        self._by_label = {label: number for number, label in values}
        self._by_number = {number: label for number, label in values}

    def Name(self, number):
        """Label of `number`."""
        try:
            return self._by_number[number]
        except KeyError:
            raise ValueError(f"Enum {self._name} has no name defined for value {number!r}") from None

    def Value(self, name):
        """Number of the label `name`."""
        try:
            return self._by_label[name]
        except KeyError:
            raise ValueError(f"Enum {self._name} has no value defined for name {name!r}") from None

    def keys(self):
        """All labels."""
        return list(self._by_label)

    def values(self):
        """All numbers."""
        return list(self._by_label.values())

    def items(self):
        """All (label, number) pairs."""
        return list(self._by_label.items())

    def __getattr__(self, name):
        try:
            return self.__dict__["_by_label"][name]
        except KeyError:
            raise AttributeError(name) from None


# Values.


def _tables():
    from .protos import _schema

    return _schema.schema()


def _is_enum(field):
    return field.type in _tables().enums


def _is_message(field):
    return field.type in _tables().messages


def _zero(field):
    if field.type in _DEFAULTS:
        return _DEFAULTS[field.type]
    return 0 if field.type in _RANGES else _tables().enums[field.type][0][0]


def _new_value(field, owner):
    """What an unset field reads as."""
    if field.key:
        return _Map(field, owner)
    if field.repeated:
        return _Repeated(field, owner)
    if not _is_message(field):
        return _zero(field)
    message = _class(field.type)()
    object.__setattr__(message, "_parent", (owner, field))
    return message


def _check(field, value, owner_class):
    """`value` as an element of `field`, or the exception that protobuf raises."""
    if _is_message(field):
        cls = _class(field.type)
        if not isinstance(value, cls):
            raise TypeError(f"Expected a message object, but got {value!r}.")
        copy = cls()
        copy.CopyFrom(value)
        return copy
    if _is_enum(field):
        if isinstance(value, str):
            numbers = [n for n, label in _tables().enums[field.type] if label == value]
            if not numbers:
                raise ValueError(f'unknown enum label "{value}"')
            return numbers[0]
        return _scalar("int32", value, field, owner_class)
    return _scalar(field.type, value, field, owner_class)


def _scalar(kind, value, field, owner_class):
    if kind in _RANGES:
        if isinstance(value, bool):
            text = f"Field tensorflow.{owner_class._name}.{field.name}: Expected an int, got a boolean."
            raise TypeError(text)
        number = operator.index(value)
        low, end = _RANGES[kind]
        if not low <= number < end:
            raise ValueError(f"Value out of range: {number}")
        return number
    if kind == "bool":
        return bool(value) if isinstance(value, np.bool_) else bool(operator.index(value))
    if kind in ("float", "double"):
        if not (hasattr(value, "__float__") or hasattr(value, "__index__")):
            raise TypeError(f"must be real number, not {type(value).__name__}")
        return float(np.float32(value)) if kind == "float" else float(value)
    if kind == "string" and isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str if kind == "string" else bytes):
        raise TypeError(f"bad argument type for {kind} field {field.name}: {value!r}")
    return value


def _plain(message):
    """Dict from which the class of `message` makes an equal one."""
    plain = {}
    for field, value in message.ListFields():
        if isinstance(value, _Map):
            value = {k: _plain(v) if isinstance(v, Message) else v for k, v in value.items()}
        elif isinstance(value, _Repeated):
            value = [_plain(v) if isinstance(v, Message) else v for v in value]
        plain[field.name] = _plain(value) if isinstance(value, Message) else value
    return plain


def _rebuild(name, plain):
    return _class(name)(**plain)


def _text(message):
    """Lines of protobuf's text format."""
    lines = []
    for field, value in message.ListFields():
        if isinstance(value, _Map):
            for k, v in value.items():
                inner = [f"key: {_literal(field.key, k)}", *_entry("value", field, v)]
                lines += [f"{field.name} {{", *("  " + line for line in inner), "}"]
        else:
            for v in value if isinstance(value, _Repeated) else [value]:
                lines += _entry(field.name, field, v)
    return lines


def _entry(name, field, value):
    if isinstance(value, Message):
        return [f"{name} {{", *("  " + line for line in _text(value)), "}"]
    if _is_enum(field):
        labels = dict(_tables().enums[field.type])
        return [f"{name}: {labels.get(value, value)}"]
    return [f"{name}: {_literal(field.type, value)}"]


def _literal(kind, value):
    if kind == "string":
        return '"' + "".join([_ESCAPES.get(c, c) for c in value]) + '"'
    if kind == "bytes":
        chars = [chr(b) if 32 <= b < 127 or b in b"\n\r\t" else f"\\{b:03o}" for b in value]
        return '"' + "".join([_ESCAPES.get(c, c) for c in chars]) + '"'
    if kind == "bool":
        return str(value).lower()
    if kind in ("float", "double"):
        text = str(np.float32(value) if kind == "float" else value)
        return text[:-2] if text.endswith(".0") else text
    return str(value)


# Classes.


def _class(name):
    """The class of message `name`, made with the classes and enums inside it."""
    found = _classes.get(name)
    if found is None:
        with _lock:                  # a class made twice would not take the other's messages
            found = _classes.get(name) or _made(name)
    return found


def _made(name):
    tables = _tables()
    fields = tables.messages[name]
    members = {"__slots__": (), "__module__": __name__, "_name": name, "__doc__": f"Message {name}."}
    members["_fields"] = {f.name: f for f in sorted(fields, key=lambda f: f.number)}
    for field in fields:
        members[f"{field.name.upper()}_FIELD_NUMBER"] = field.number
    for enum, values in tables.enums.items():
        if enum.rpartition(".")[0] == name:
            members[enum.rpartition(".")[2]] = EnumType(enum, values)
            members.update({label: number for number, label in values})
    for inner in tables.messages:
        if inner.rpartition(".")[0] == name:
            members[inner.rpartition(".")[2]] = _class(inner)
    made = type(name.rpartition(".")[2], (Message,), members)
    made.__qualname__ = name
    _classes[name] = made
    return made


def __getattr__(name):
    if name.startswith("_") or _tables().family.get(name) != "config":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = made = _class(name)
    return made
