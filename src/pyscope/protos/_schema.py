"""Message definitions as compact text, and the real protobuf classes made from them.

A table has one paragraph a message; continuation lines are indented::

    NodeDef: 1 name string; 3 input string*; 5 attr string->AttrValue
    AttrValue: 2 s bytes |value; 3 i int64 |value
    enum SaverDef.CheckpointFormatVersion: 0 LEGACY; 1 V1; 2 V2

that is: number, name, type, where ``*`` means repeated, ``k->v`` a map, ``|o`` a member of oneof ``o``. Types
are looked up from the inside out, as in a .proto file; ``.a.b`` is absolute.

Names, numbers and package are TensorFlow's, so files and messages are interchangeable with it. The
descriptors live in a pool of our own: TensorFlow in the same process registers the same names elsewhere.
"""

import importlib
from _thread import RLock

PACKAGE = "tensorflow"
FAMILIES = ("graph", "config", "meta_graph", "summary", "example")  # each may use those before it
SCALARS = {
    "double": 1, "float": 2, "int64": 3, "uint64": 4, "int32": 5, "fixed64": 6, "fixed32": 7, "bool": 8,
    "string": 9, "bytes": 12, "uint32": 13,
}  # fmt: skip
_MESSAGE, _ENUM = 11, 14
_OPTIONAL, _REPEATED = 1, 3


class Field:
    """One line of a message: `type` is a scalar's name or the full name of a message or enum."""

    __slots__ = ("number", "name", "type", "repeated", "key", "oneof")

    def __init__(self, number, name, kind, oneof):
        self.number = number
        self.name = name
        self.repeated = kind.endswith("*")
        self.key, _, self.type = kind.rstrip("*").rpartition("->")  # key is "" unless a map
        self.oneof = oneof


class Schema:
    """The parsed tables: `messages` name -> list of Field, `enums` name -> list of (number, name)."""

    def __init__(self, families=FAMILIES):
        self.messages = {}
        self.enums = {}
        self.family = {}  # name of a message or enum -> its table's
        for family in families:
            self._read(family, importlib.import_module("." + family, __package__).MESSAGES)
        for name, fields in self.messages.items():
            for field in fields:
                field.type = self._resolve(name, field.type)

    def _read(self, family, text):
        for paragraph in text.replace("\n    ", " ").splitlines():
            name, _, body = paragraph.partition(": ")
            rows = [row.split() for row in body.split("; ")]
            if name.startswith("enum "):
                name = name[5:]
                self.enums[name] = [(int(number), label) for number, label in rows]
            else:
                self.messages[name] = [
                    Field(int(row[0]), row[1], row[2], row[3][1:] if len(row) > 3 else "") for row in rows
                ]
            self.family[name] = family

    def _resolve(self, scope, kind):
        if kind in SCALARS or kind.startswith("."):
            return kind
        while scope:
            name = f"{scope}.{kind}"
            if name in self.family:
                return name
            scope = scope.rpartition(".")[0]
        if kind not in self.family:
            raise KeyError(f"message definitions: type {kind} is not defined")
        return kind

    def file_proto(self, family):
        """FileDescriptorProto of one table."""
        from google.protobuf import descriptor_pb2

        proto = descriptor_pb2.FileDescriptorProto(
            name=f"{PACKAGE}/pyscope/{family}.proto", package=PACKAGE, syntax="proto3"
        )
        proto.dependency.extend(f"{PACKAGE}/pyscope/{f}.proto" for f in FAMILIES[: FAMILIES.index(family)])
        proto.dependency.append("google/protobuf/any.proto")
        made = {}
        for name, its_family in self.family.items():
            if its_family != family:
                continue
            outer, _, last = name.rpartition(".")
            if name in self.enums:
                enum = made[outer].enum_type.add(name=last) if outer else proto.enum_type.add(name=last)
                for number, label in self.enums[name]:
                    enum.value.add(name=label, number=number)
            else:
                made[name] = (
                    made[outer].nested_type.add(name=last) if outer else proto.message_type.add(name=last)
                )
                for field in self.messages[name]:
                    self._add_field(name, made[name], field)
        return proto

    def _add_field(self, scope, message, field):
        added = message.field.add(name=field.name, number=field.number, label=_OPTIONAL)
        if field.key:
            entry_name = "".join(part.capitalize() for part in field.name.split("_")) + "Entry"
            entry = message.nested_type.add(name=entry_name)
            entry.options.map_entry = True
            self._set_type(entry.field.add(name="key", number=1, label=_OPTIONAL), field.key)
            self._set_type(entry.field.add(name="value", number=2, label=_OPTIONAL), field.type)
            added.type, added.type_name = _MESSAGE, f".{PACKAGE}.{scope}.{entry_name}"
        else:
            self._set_type(added, field.type)
        if field.repeated or field.key:
            added.label = _REPEATED
        elif field.oneof:
            names = [oneof.name for oneof in message.oneof_decl]
            if field.oneof not in names:
                message.oneof_decl.add(name=field.oneof)
                names.append(field.oneof)
            added.oneof_index = names.index(field.oneof)

    def _set_type(self, field_proto, kind):
        if kind in SCALARS:
            field_proto.type = SCALARS[kind]
        else:
            field_proto.type = _ENUM if kind in self.enums else _MESSAGE
            field_proto.type_name = kind if kind.startswith(".") else f".{PACKAGE}.{kind}"


_schema = None
_pool = None
_lock = RLock()                  # classes made twice would not take each other's messages


def schema():
    """The parsed tables, read once."""
    global _schema
    with _lock:
        if _schema is None:
            _schema = Schema()
        return _schema


def real(name):
    """The protobuf class or enum wrapper `name`, as "NodeDef" or "CollectionDef.NodeList"."""
    global _pool
    try:
        from google.protobuf import any_pb2, descriptor_pool, message_factory
        from google.protobuf.internal import enum_type_wrapper
    except ImportError:
        raise ImportError(f"tf.{name} needs the package protobuf: pip install pyscope-graph[proto]") from None
    tables = schema()
    with _lock:
        if _pool is None:
            pool = descriptor_pool.DescriptorPool()
            pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
            for family in FAMILIES:
                pool.AddSerializedFile(tables.file_proto(family).SerializeToString())
            _pool = pool
    if name in tables.enums:
        return enum_type_wrapper.EnumTypeWrapper(_pool.FindEnumTypeByName(f"{PACKAGE}.{name}"))
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
