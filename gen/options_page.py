"""Options as docs/options.md."""

SCOPES = {
    "node": ("Of a broker", "Set by a flag, `--set NAME=VALUE` or the configuration file of the process; "
             "clients can read but not change them."),
    "cluster": ("Of the cluster", "Changed while running, for all brokers or for one, under the name that "
                "Kafka has for it. The configuration file gives a start value."),
    "topic": ("Of a topic", "Given when a topic is created or altered, under Kafka's name. The default for all "
              "topics is set in the configuration file under Weir's name or, while running, on the brokers "
              "under the name in brackets."),
    "group": ("Of a group", "Given to a consumer, share or streams group by its name, under Kafka's name. The default for all "
              "groups is set in the configuration file under Weir's name or, while running, on the brokers "
              "under the name in brackets."),
    "client_metrics": ("Of client metrics", "Given to a subscription of client metrics (KIP-714) by its name, under Kafka's "
                       "name."),
}
TITLE = """# Options

Made by `gen/options.py` from `decl/options`; `python3 gen/options.py --rewrite docs/options.md` makes it again.

Sizes are written with B, KiB, MiB, GiB or TiB, times with ms, s, min, h or d; a bare number is bytes or
milliseconds. Kafka clients always see and send bare numbers. A list is separated by commas.
*Inert* options are accepted so that tools written for Kafka work, and do nothing yet.
"""


def value(text):
    return f"`{text}`" if text else "empty"


def allowed(o):
    if o.choices:
        kind = "one of" if o.type == "choice" else "any of"
        return f"{kind} {', '.join(f'`{c}`' for c in o.choices)}"
    kind = {"bool": "`true` or `false`", "int": "number", "float": "number", "bytes": "size",
            "duration": "time", "secret string": "secret text", "string": "text",
            "list of host:port": "list of `host:port`", "host:port": "`host:port`",
            "list of replicas": "list of `partition:broker`, or `*`"}.get(o.written_type, o.written_type)
    if o.written_range:
        kind += f", {o.written_range.replace('..', ' to ').replace(' to  or', ' or more, or')}"
        kind = kind.removesuffix(" to ") + (" or more" if o.written_range.endswith("..") else "")
    if o.words:
        kind += f"; {', '.join(f'`{w}` is {n}' for w, n in o.words.items())}"
    return kind


def names(o):
    out = [f"`--{o.flag}`"] if o.flag else []
    if o.kafka:
        out.append(f"Kafka `{o.kafka}`" + (f" (`{o.broker}`)" if o.broker else ""))
    return "; ".join(out)


def page(options):
    out = [TITLE]
    for scope, (title, intro) in SCOPES.items():
        out += [f"## {title}", "", intro, ""]
        for o in options:
            if o.scope != scope:
                continue
            applies = "at once" if o.applies == "live" else "after a restart"
            out += [f"### `{o.name}`", "", o.help, ""]
            if o.inert:
                out += [f"*Inert: {o.inert}.*", ""]
            out += [f"- default {value(o.default)}; {allowed(o)}", f"- applies {applies}"]
            if names(o):
                out += [f"- {names(o)}"]
            out += [""]
    return "\n".join(out)
