"""The admin operations that each client is asked for, and what a right broker makes them answer."""

import time

from .process import Dialog, Failed
from .report import Report

CHANGES = {"create", "set-config", "add-partitions", "send", "delete-records", "delete"}


def admin_steps(topic: str) -> list[tuple[str, str, str]]:
    """(step, commands parted by "; ", answer of each) in order."""
    start = int(time.time()) * 1000 - 60_000
    # The record with the greatest timestamp, offset 2, is not the last one.
    stamps = [start + after for after in (0, 10, 50, 20, 30, 40)]
    return [
        ("create topic", f"create {topic} 2 retention.ms=86400000", "ok"),
        ("list topics", f"exists {topic}", "yes"),
        ("describe topic", f"partitions {topic}", "2"),
        ("describe configs", f"config {topic} retention.ms", "86400000"),
        ("alter config", f"set-config {topic} max.message.bytes 2000000", "ok"),
        ("alter config, read", f"config {topic} max.message.bytes", "2000000"),
        ("create partitions", f"add-partitions {topic} 3", "ok"),
        ("create partitions, read", f"partitions {topic}", "3"),
        ("send records", "; ".join(f"send {topic} 0 {stamp} value" for stamp in stamps), "ok"),
        ("offset earliest", f"offset {topic} 0 earliest", "0"),
        ("offset latest", f"offset {topic} 0 latest", "6"),
        ("offset by timestamp", f"offset {topic} 0 {stamps[1] - 5}", "1"),
        ("offset max-timestamp", f"offset {topic} 0 max-timestamp", "2"),
        ("delete records", f"delete-records {topic} 0 4", "ok"),
        ("delete records, read", f"offset {topic} 0 earliest", "4"),
        ("delete topic", f"delete {topic}", "ok"),
        ("delete topic, read", f"exists {topic}", "no"),
    ]


def ask(commands: str, want: str, client: Dialog, steward: Dialog) -> str:
    """The client's last answer. A change that it cannot make is made by the steward, so that reading goes on."""
    answer = ""
    for command in commands.split("; "):
        if command.split()[0] not in CHANGES:
            return client.ask_until(command, want)
        answer = client.ask(command)
        if answer == "n/a":
            steward.ask(command)
        elif answer != want:
            break
    return answer


def play(name: str, client: Dialog, steward: Dialog, topic: str, report: Report) -> None:
    absent = []
    for step, commands, want in admin_steps(topic):
        begin = time.monotonic()
        try:
            answer = ask(commands, want, client, steward)
        except Failed as failure:
            report.add("failed", name, step, str(failure), time.monotonic() - begin, area="admin")
            return
        seconds = time.monotonic() - begin
        if answer == "n/a":
            absent.append(step)
        elif answer == want:
            report.add("passed", name, step, answer, seconds, area="admin")
        else:
            report.add("failed", name, step, f"{answer} instead of {want}", seconds, area="admin")
    if absent:
        report.add("skipped", name, "admin", "the client has no call to " + "; ".join(absent))
