"""Any request and answer of Kafka's protocol as plain values, by the declarations of decl/kafka. What a field is not given is
zero, empty or its default; a uuid is 32 hex digits, bytes and records are hex."""
import functools
import pathlib
import struct
import sys

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
sys.path.insert(0, str(root / "gen/messages"))
import parse  # noqa: E402

FORMATS = {"int8": ">b", "int16": ">h", "uint16": ">H", "int32": ">i", "int64": ">q", "float64": ">d", "bool": ">?",
           "error_code": ">h"}
NO_ID = "0" * 32


@functools.cache
def declaration(name):
    return parse.parse(root / f"decl/kafka/{name}.api")


def uvarint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


class Shape:
    """One message of one version, in either direction."""

    def __init__(self, declared, message, version):
        self.version = version
        self.flexible = declared.flexible is not None and version >= declared.flexible
        self.structs = {s.name: s for s in message.structs}
        self.root = message.root

    def fields(self, of):
        return [f for f in of.fields if f.since <= self.version <= f.until]

    # Out.
    def length(self, count):
        return uvarint(count + 1) if self.flexible else None

    def put_lengthy(self, kind, value):
        wide = kind != "string"
        if value is None:
            return b"\0" if self.flexible else struct.pack(">i" if wide else ">h", -1)
        raw = value.encode() if kind == "string" else bytes.fromhex(value)
        return (self.length(len(raw)) or struct.pack(">i" if wide else ">h", len(raw))) + raw

    def put(self, type_, value):
        if type_.kind == "array":
            if value is None:
                return b"\0" if self.flexible else struct.pack(">i", -1)
            head = self.length(len(value)) or struct.pack(">i", len(value))
            return head + b"".join(self.put(type_.element, v) for v in value)
        if type_.kind == "lengthy":
            return self.put_lengthy(type_.name, value)
        if type_.kind == "struct":
            if type_.nullable:
                return b"\xff" if value is None else b"\1" + self.put_struct(self.structs[type_.name], value)
            return self.put_struct(self.structs[type_.name], value)
        if type_.name == "uuid":
            return bytes.fromhex(value)
        return struct.pack(FORMATS[type_.name], value)

    def default(self, field):
        t, d = field.type, field.default
        if t.kind == "array":
            return None if t.nullable and d is None else []
        if t.kind == "lengthy":
            return None if t.nullable and d is None else ""
        if t.kind == "struct":
            return None if t.nullable else {}
        if t.name == "uuid":
            return NO_ID
        return d == "true" if t.name == "bool" else int(d or 0)

    def put_struct(self, of, value):
        unknown = set(value) - {f.name for f in self.fields(of)}
        if unknown:
            raise ValueError(f"{of.name} has no {', '.join(unknown)} in version {self.version}")
        out, tags = b"", []
        for f in self.fields(of):
            if f.tag is not None:
                if f.name in value:
                    tags.append((f.tag, self.put(f.type, value[f.name])))
                continue
            out += self.put(f.type, value.get(f.name, self.default(f)))
        if self.flexible:
            out += uvarint(len(tags)) + b"".join(uvarint(t) + uvarint(len(raw)) + raw for t, raw in sorted(tags))
        return out

    # In.
    def take(self, data, type_):
        if type_.kind == "array":
            count = data.count(self.flexible, ">i")
            return None if count < 0 else [self.take(data, type_.element) for _ in range(count)]
        if type_.kind == "lengthy":
            count = data.count(self.flexible, ">h" if type_.name == "string" else ">i")
            if count < 0:
                return None
            raw = data.bytes(count)
            return raw.decode() if type_.name == "string" else raw.hex()
        if type_.kind == "struct":
            if type_.nullable and data.unpack(">b") < 0:
                return None
            return self.take_struct(data, self.structs[type_.name])
        return data.bytes(16).hex() if type_.name == "uuid" else data.unpack(FORMATS[type_.name])

    def take_struct(self, data, of):
        out = {}
        tagged = {f.tag: f for f in self.fields(of) if f.tag is not None}
        for f in self.fields(of):
            if f.tag is None:
                out[f.name] = self.take(data, f.type)
        for _ in range(data.uvarint() if self.flexible else 0):
            tag, size = data.uvarint(), data.uvarint()
            part = Data(data.bytes(size))
            if tag in tagged:
                out[tagged[tag].name] = self.take(part, tagged[tag].type)
        return out


class Data:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def bytes(self, count):
        if count > len(self.raw) - self.at:
            raise ValueError("the answer ends too soon")
        self.at += count
        return self.raw[self.at - count:self.at]

    def unpack(self, form):
        return struct.unpack(form, self.bytes(struct.calcsize(form)))[0]

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.bytes(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def count(self, flexible, form):
        return self.uvarint() - 1 if flexible else self.unpack(form)


def encode(api, version, fields):
    """(key, body, whether the header is a flexible one)"""
    declared = declaration(api)
    shape = Shape(declared, declared.messages[0], version)
    return declared.key, shape.put_struct(shape.root, fields), shape.flexible


def decode(api, version, raw):
    """The answer's fields; `raw` begins with the correlation id."""
    declared = declaration(api)
    shape = Shape(declared, declared.messages[1], version)
    data = Data(raw[4:])
    if shape.flexible and declared.response_header is None:
        data.uvarint()
    told = shape.take_struct(data, shape.root)
    if data.at != len(data.raw):
        raise ValueError(f"{len(data.raw) - data.at} bytes too many behind the answer")
    return told
