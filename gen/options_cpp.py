"""Options as C++: declared.h (ids, enums, structs) and declared.cc (the table, assignment by id)."""
import re

from options_grammar import SCOPES

KEYWORDS = {"delete", "default", "new", "auto", "int", "float"}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def enumerator(choice):
    """The last part of a Java class's name."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", choice.rpartition(".")[2]).lower().replace("-", "_")
    return name + "_" if name in KEYWORDS else name


def enum_name(option):
    return option.field + "_choice"


def cpp_type(option):
    if option.type == "choice":
        return enum_name(option)
    if option.type == "list" and option.choices:
        return f"choice_set<{enum_name(option)}>"
    return {"boolean": "bool", "real": "double", "bytes": "std::int64_t",
            "integer": f"std::int{option.bits}_t", "duration": "std::chrono::milliseconds",
            "list": "std::vector<std::string>", "host_port": "host_port",
            "host_ports": "std::vector<host_port>"}.get(option.type, "std::string")


def host_port(text):
    host, port = text.rsplit(":", 1)
    return f"{{{quoted(host.strip('[]'))}, {port}}}"


def number(value):
    return "INT64_MAX" if value == 2**63 - 1 else "INT64_MIN" if value == -(2**63) else str(value)


def initial(option):
    """The initializer of the member: the declared default."""
    text = option.default
    if option.type == "boolean":
        return text
    if option.type == "real":
        return repr(float(text))
    if option.numeric():
        return number(option.number(text))
    if option.type == "choice":
        return f"{enum_name(option)}::{enumerator(text)}"
    parts = [p for p in text.split(",") if p]
    if option.choices:
        return ", ".join(f"{enum_name(option)}::{enumerator(p)}" for p in parts)
    if option.type == "host_port":
        return host_port(text)[1:-1]
    if option.type == "host_ports":
        return ", ".join(f"host_port{host_port(p)}" for p in parts)
    if option.type == "list":
        return ", ".join(quoted(p) for p in parts)
    return quoted(text) if text else ""


def comment(option, width=96):
    """The help, folded, as a comment above the member."""
    out, line = [], "  //"
    for word in (option.help + (f" (Inert: {option.inert}.)" if option.inert else "")).split():
        if len(line) + 1 + len(word) > width:
            out.append(line)
            line = "  //"
        line += " " + word
    return out + [line]


def header(options):
    out = ["#pragma once", "// Made by gen/options.py from decl/options. Do not edit.", "#include <chrono>",
           "#include <cstdint>", "#include <string>", "#include <vector>", "",
           '#include "core/options/value.h"', "", "namespace weir {", "",
           "enum class option_id : std::uint16_t {"]
    out += [f"  {o.id}," for o in options]
    out += ["};", f"inline constexpr std::size_t option_count = {len(options)};", ""]
    for o in options:
        if o.choices:
            out += [f"enum class {enum_name(o)} : std::uint8_t {{"]
            out += [f"  {enumerator(c)}," for c in o.choices] + ["};", ""]
    for scope in SCOPES:
        out += [f"struct {scope}_options {{"]
        for o in options:
            if o.scope == scope:
                out += comment(o) + [f"  {cpp_type(o)} {o.field}{{{initial(o)}}};"]
        out += [f"  bool operator==(const {scope}_options&) const = default;", "};", ""]
    out += [f"// Puts a value that parse_value gave into its member; false if `id` is of another scope."]
    out += [f"bool assign(struct {s}_options& to, option_id id, const option_value& value);" for s in SCOPES]
    return "\n".join(out + ["", "}  // namespace weir", ""])


def maybe(value):
    return "std::nullopt" if value is None else number(value) if isinstance(value, int) else repr(value)


def row(o):
    real = o.type == "real"
    low, high = (None, None) if real else (o.low, o.high)
    return (f"    {{.id = option_id::{o.id}, .name = {quoted(o.name)}, .kafka_name = {quoted(o.kafka)}, "
            f".broker_name = {quoted(o.broker)},\n     .type = option_type::{o.type}, .bits = {o.bits}, "
            f".default_text = {quoted(o.default)},\n     .least = {maybe(o.low if real else None)}, "
            f".most = {maybe(o.high if real else None)}, .min = {maybe(low)}, .max = {maybe(high)}, "
            f".or_equal = {maybe(o.or_equal)},\n     .choices = {o.id + '_choices' if o.choices else '{}'}, "
            f".words = {o.id + '_words' if o.words else '{}'}, .replicas = {str(o.replicas).lower()},\n"
            f"     .scope = option_scope::{o.scope}, .applies = option_applies::{o.applies}, "
            f".extreme = {quoted(o.extreme)}, .flag = {quoted(o.flag)},\n     .help = {quoted(o.help)},\n"
            f"     .inert = {quoted(o.inert)}}},")


def taken(o):
    """The expression that makes the member's type of `value`."""
    if o.type == "choice":
        return f"taken_choice<{enum_name(o)}>(id, value)"
    if o.type == "list" and o.choices:
        return f"taken_choices<{enum_name(o)}>(id, value)"
    if o.type == "integer" and o.bits != 64:
        return f"static_cast<std::int{o.bits}_t>(std::get<std::int64_t>(value))"
    if o.type == "duration":
        return "std::chrono::milliseconds(std::get<std::int64_t>(value))"
    if o.type in ("host_port", "host_ports"):
        return f"taken_{o.type}(value)"
    kind = {"boolean": "bool", "real": "double", "bytes": "std::int64_t", "integer": "std::int64_t",
            "list": "std::vector<std::string>"}.get(o.type, "std::string")
    return f"std::get<{kind}>(value)"


def source(options):
    out = ["// Made by gen/options.py from decl/options. Do not edit.", '#include "core/options/declared.h"', "",
           '#include "core/options/taken.h"', "", "namespace weir {", "namespace {", ""]
    for o in options:
        if o.choices:
            out += [f"constexpr std::string_view {o.id}_choices[] = {{{', '.join(map(quoted, o.choices))}}};"]
        if o.words:
            pairs = ", ".join(f"{{{quoted(w)}, {number(n)}}}" for w, n in o.words.items())
            out += [f"constexpr option_word {o.id}_words[] = {{{pairs}}};"]
    out += ["", "constexpr option_descriptor table[] = {"] + [row(o) for o in options] + ["};", ""]
    out += ["}  // namespace", "", "std::span<const option_descriptor> all_options() { return table; }", ""]
    for scope in SCOPES:
        out += [f"bool assign({scope}_options& to, option_id id, const option_value& value) {{",
                "  switch (id) {"]
        for o in options:
            if o.scope == scope:
                out += [f"    case option_id::{o.id}:", f"      to.{o.field} = {taken(o)};", "      return true;"]
        out += ["    default:", "      return false;", "  }", "}", ""]
    return "\n".join(out + ["}  // namespace weir", ""])
