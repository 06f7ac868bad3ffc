"""What a process took of the machine, from /proc; and what machine it is."""
import os
import pathlib
import platform
import subprocess


def _status(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def resident_mib(pid):
    return _status(pid, "VmRSS")


def peak_mib(pid):
    return _status(pid, "VmHWM")


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_from_disk(pid):
    """Bytes that the process had fetched from the device."""
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("read_bytes:"):
            return int(line.split()[1])
    return 0


def _field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.split(":", 1)[1].strip()
    return "?"


def machine(folder):
    mount = subprocess.run(["df", "--output=source,fstype", folder], capture_output=True, text=True).stdout.split()
    return {"cpu": _field("/proc/cpuinfo", "model name"), "cores": len(os.sched_getaffinity(0)),
            "memory": f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / (1 << 20):.1f} GiB",
            "system": f"{platform.system()} {platform.release()}", "disk": " ".join(mount[-2:]),
            "load before": round(os.getloadavg()[0], 2)}
