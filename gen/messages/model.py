"""What a declaration says, once parsed. docs/formats/kafka-declarations.md is the grammar."""
import dataclasses

# Scalar: C++ type, reader and writer method, bytes on the wire.
SCALARS = {
    "int8": ("std::int8_t", "int8", 1),
    "int16": ("std::int16_t", "int16", 2),
    "uint16": ("std::uint16_t", "uint16", 2),
    "int32": ("std::int32_t", "int32", 4),
    "int64": ("std::int64_t", "int64", 8),
    "float64": ("double", "float64", 8),
    "bool": ("bool", "boolean", 1),
    "uuid": ("uuid", "id", 16),
    "error_code": ("error_code", "int16", 2),
}
# Of variable length: C++ type, reader and writer method.
LENGTHY = {
    "string": ("text", "string"),
    "bytes": ("bytes", "byte_string"),
    "records": ("fragments", "records"),
}
RANGES = {"int8": (-2**7, 2**7), "int16": (-2**15, 2**15), "uint16": (0, 2**16),
          "int32": (-2**31, 2**31), "int64": (-2**63, 2**63)}


class Bad(Exception):
    """A declaration that can't be used; the text starts with file:line."""


@dataclasses.dataclass
class Type:
    kind: str  # "scalar", "lengthy", "struct" or "array"
    name: str  # of the scalar, the lengthy or the struct; of an array, its element's
    nullable: bool = False
    element: "Type | None" = None


@dataclasses.dataclass
class Field:
    name: str
    type: Type
    line: int
    since: int
    until: int
    tag: "int | None" = None
    default: "str | None" = None  # as written; None stands for zero, empty or null
    droppable: bool = False
    nullable_from: int = 0
    always: bool = True  # whether every version of the message has it

    @property
    def wire_name(self):
        """The name that Kafka's protocol gives the field."""
        return self.name + "_code" if self.type.name == "error_code" else self.name


@dataclasses.dataclass
class Struct:
    name: str
    fields: list
    line: int


@dataclasses.dataclass
class Message:
    name: str  # of the C++ struct
    kind: str  # "request", "response", "record", "peer", "key" or "value"
    root: Struct
    structs: list  # nested ones, each after those that it uses
    decl: "Declaration"  # with the versions that are the message's own


@dataclasses.dataclass
class Declaration:
    path: str
    kind: str  # "api", "record", "peer" or "log"
    name: str
    key: int  # of the API, or the record's or peer message's id; of a log's record, its newest type
    low: int
    high: int
    flexible: "int | None"  # first flexible version
    response_header: "int | None"  # where it doesn't follow from flexible
    messages: list
    types: tuple = (0, 0)  # of a log's record: the oldest and newest type that has this key

    @property
    def camel(self):
        return "".join(part.capitalize() for part in self.name.split("_"))


def wire_min(type_, structs):
    """The least that a value takes on the wire in any version: a lower bound for checking counts."""
    if type_.nullable or type_.kind in ("lengthy", "array"):
        return 1
    if type_.kind == "scalar":
        return SCALARS[type_.name][2]
    return struct_wire_min(next(s for s in structs if s.name == type_.name), structs)


def struct_wire_min(struct, structs):
    """As wire_min, of the fields that every version has."""
    total = 0
    for f in struct.fields:
        if f.tag is None and f.always:
            total += wire_min(f.type, structs)
    return max(total, 1)
