"""Reads .api, .record, .peer and .log declarations."""
import dataclasses
import pathlib
import re

from model import LENGTHY, RANGES, SCALARS, Bad, Declaration, Field, Message, Struct, Type

NAME = re.compile(r"[a-z][a-z0-9_]*$")
VERSIONS = re.compile(r"(\d+)(?:-(\d+))?$")
KEYWORDS = set("""alignas and asm auto bool break case catch char class const continue default delete do double else
enum explicit export extern false float for friend goto if inline int long mutable namespace new not operator or
private protected public register requires return short signed sizeof static struct switch template this throw true
try typedef typename union unsigned using virtual void volatile while xor""".split())
# The types of fields and the member that holds unknown tags; and a message's own members.
RESERVED = {"unknown", "text", "bytes", "uuid", "fragments", "reader", "writer", "error_code", "codec_error",
            "unknown_tags", "chunked_vector"}
# What the head of each kind of declaration says.
HEADS = {"api": {"key", "versions", "flexible", "response_header"}, "record": {"id", "versions"},
         "peer": {"id", "versions"}, "log": {"type", "versions", "flexible"}}
OWN = {"decode", "encode", "encoded_size", "message_key", "version_min", "version_max", "flexible_from"}


class Line:
    def __init__(self, path, number, text):
        self.path, self.number = path, number
        self.indent = len(text) - len(text.lstrip(" "))
        self.words = text.split()

    def bad(self, why):
        return Bad(f"{self.path}:{self.number}: {why}")


class Parser:
    def __init__(self, path):
        self.path = path
        self.lines = []
        for number, text in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
            text = re.sub(r"(^|\s)#.*", "", text).rstrip()
            if "\t" in text:
                raise Bad(f"{path}:{number}: a tab; indent with two spaces")
            if text:
                self.lines.append(Line(path, number, text))
        self.at = 0

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else None

    def next(self):
        self.at += 1
        return self.lines[self.at - 1]

    def parse(self):
        if not self.lines:
            raise Bad(f"{self.path}:1: empty")
        self.decl = self.head(self.next())
        if self.decl.name != pathlib.Path(self.path).stem:
            raise self.lines[0].bad(f"{self.decl.name} belongs into a file of that name")
        whole = self.decl
        if whole.kind in ("record", "peer"):
            whole.messages.append(self.message(whole.name, whole.kind, self.lines[0], 2))
        for kind in {"api": ("request", "response"), "log": ("key", "value")}.get(whole.kind, ()):
            line = self.next() if self.peek() else None
            if not line or line.indent or line.words != [kind]:
                raise (line or self.lines[-1]).bad(f"expected '{kind}'")
            # What stands before a key says the record's type: to reading and writing it is the key's version.
            self.decl = dataclasses.replace(whole, low=whole.types[0], high=whole.types[1], flexible=None) \
                if kind == "key" else whole
            whole.messages.append(self.message(f"{whole.name}_{kind}", kind, line, 2))
        self.decl = whole
        if self.peek():
            raise self.peek().bad("not expected here")
        return self.decl

    def head(self, line):
        words = line.words
        kind = words[0]
        if kind not in HEADS or len(words) < 2 or not NAME.match(words[1]) or line.indent:
            raise line.bad("expected 'api NAME …', 'record NAME …', 'peer NAME …' or 'log NAME …'")
        pairs = dict(zip(words[2::2], words[3::2]))
        allowed = HEADS[kind]
        if len(words) % 2 or set(pairs) - allowed or len(pairs) != len(words) // 2 - 1:
            raise line.bad(f"after the name: {', '.join(sorted(allowed))}, each with a value")
        number = pairs.get("type" if kind == "log" else "key" if kind == "api" else "id", "")
        types = VERSIONS.match(number)
        versions = VERSIONS.match(pairs.get("versions", ""))
        flexible = pairs.get("flexible", "") if "flexible" in allowed else "0+"
        if not types or (types[2] and kind != "log") or not versions or not re.match(r"\d+\+$|none$", flexible):
            raise line.bad("needs a number, versions N-N and flexible N+ or none")
        low, high = int(versions[1]), int(versions[2] or versions[1])
        types = int(types[1]), int(types[2] or types[1])
        if low > high or types[0] > types[1]:
            raise line.bad("versions run backwards")
        header = pairs.get("response_header")
        return Declaration(self.path, kind, words[1], types[1], low, high,
                           None if flexible == "none" else int(flexible[:-1]),
                           None if header is None else int(header), [], types)

    def message(self, name, kind, line, indent):
        self.structs = []
        while self.peek() and self.peek().indent == indent and self.peek().words[0] == "struct":
            head = self.next()
            if len(head.words) != 2:
                raise head.bad("expected 'struct NAME'")
            self.add_struct(head, head.words[1], self.fields(indent + 2))
        root = Struct(name, self.fields(indent), line.number)
        for taken in [*root.fields, *self.structs]:
            if taken.name in OWN:
                raise Bad(f"{self.path}:{taken.line}: {taken.name} is a member of every message")
        return Message(name, kind, root, self.structs, self.decl)

    def add_struct(self, line, name, fields):
        if not NAME.match(name) or name in KEYWORDS | RESERVED or name in SCALARS or name in LENGTHY:
            raise line.bad(f"{name} can't name a struct")
        if any(s.name == name for s in self.structs):
            raise line.bad(f"struct {name} is there already")
        if not fields:
            raise line.bad(f"struct {name} has no fields")
        self.structs.append(Struct(name, fields, line.number))

    def fields(self, indent):
        found = []
        while self.peek() and self.peek().indent >= indent:
            line = self.peek()
            if line.indent != indent:
                raise line.bad(f"indented by {line.indent}, expected {indent}")
            found.append(self.field(self.next(), indent))
            if any(f.name == found[-1].name for f in found[:-1]):
                raise line.bad(f"field {found[-1].name} is there already")
            if found[-1].tag is not None and any(f.tag == found[-1].tag for f in found[:-1]):
                raise line.bad(f"tag {found[-1].tag} is taken")
        return found

    def field(self, line, indent):
        words = line.words
        name = words[0]
        if len(words) < 2 or not NAME.match(name) or name in KEYWORDS | RESERVED:
            raise line.bad(f"{name} can't name a field, or its type is missing")
        if words[1] in ("array", "array?"):
            if len(words) < 4 or words[2] != "of" or words[3].endswith("?"):
                raise line.bad("expected 'array of TYPE' or 'array? of TYPE'")
            element = self.type_named(words[3])
            type_, rest = Type("array", element.name, words[1].endswith("?"), element), words[4:]
        else:
            type_, rest = self.type_named(words[1]), words[2:]
        if self.peek() and self.peek().indent > indent:
            if not self.is_struct(type_):
                raise self.peek().bad("only a struct has fields below it")
            self.add_struct(line, type_.name, self.fields(indent + 2))
        elif self.is_struct(type_) and all(s.name != type_.name for s in self.structs):
            raise line.bad(f"no type {type_.name}")
        field = Field(name, type_, line.number, self.decl.low, self.decl.high, nullable_from=self.decl.low)
        self.attributes(line, field, rest)
        field.always = (field.since, field.until) == (self.decl.low, self.decl.high)
        return field

    @staticmethod
    def is_struct(type_):
        return type_.kind == "struct" or (type_.kind == "array" and type_.element.kind == "struct")

    @staticmethod
    def type_named(word):
        name, nullable = word.rstrip("?"), word.endswith("?")
        if name in SCALARS and not nullable:
            return Type("scalar", name)
        return Type("lengthy" if name in LENGTHY else "struct", name, nullable)

    def attributes(self, line, field, rest):
        words = iter(rest)
        seen = set()
        for word in words:
            if word in seen:
                raise line.bad(f"'{word}' twice")
            seen.add(word)
            if word == "droppable":
                field.droppable = True
                continue
            value = next(words, "")
            if word == "default":
                self.check_default(line, field, value)
                field.default = value
            elif word == "nullable" and re.match(r"\d+\+$", value) and field.type.nullable:
                field.nullable_from = int(value[:-1])
            elif word in ("since", "until", "tag") and value.isdigit():
                setattr(field, word, int(value))
            else:
                raise line.bad(f"'{word} {value}' is not understood")
        if not self.decl.low <= field.since <= field.until <= self.decl.high:
            raise line.bad("since and until must lie inside the versions of the message")
        if field.tag is not None:
            if self.decl.flexible is None or self.decl.flexible > field.since:
                raise line.bad("tagged fields exist in flexible versions only")

    def check_default(self, line, field, value):
        kind, name = field.type.kind, field.type.name
        if kind == "scalar" and name in RANGES and re.match(r"-?\d+$", value):
            low, high = RANGES[name]
            if low <= int(value) < high:
                return
        empties = {"lengthy": '""', "array": "[]", "struct": "{}"}
        if field.type.nullable and name != "records" and value == empties.get(kind):
            return
        if (name == "bool" and kind == "scalar" and value == "true") or \
           (name == "float64" and kind == "scalar" and re.match(r"-?\d+(\.\d+)?$", value)):
            return
        raise line.bad(f"default {value} doesn't fit the type")


def parse(path):
    return Parser(path).parse()
