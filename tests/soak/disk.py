"""A file system of its own for a broker, so that it can be filled: ext4 in a file, where this process may mount one."""
import os
import pathlib
import shutil
import subprocess
import tempfile

MIB = 1 << 20


class Disk:
    """`own` tells whether it is one, or just a folder."""

    def __init__(self, size_mib):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-soak-"))
        self.image = self.folder / "image"
        self.mount = self.folder / "disk"
        self.mount.mkdir()
        self.own = self._mounted(size_mib)
        self.data = str(self.mount / "data")
        os.mkdir(self.data)

    def _mounted(self, size_mib):
        if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
            return False
        with open(self.image, "wb") as image:
            image.truncate(size_mib * MIB)
        for command in (["mkfs.ext4", "-q", "-m", "0", self.image], ["mount", "-o", "loop", self.image, self.mount]):
            if subprocess.run(command, capture_output=True).returncode:
                self.image.unlink()
                return False
        return True

    @property
    def kind(self):
        return "an ext4 file system of its own" if self.own else "a folder, and the option store.free_bytes_min"

    def free(self):
        found = os.statvfs(self.mount)
        return found.f_bavail * found.f_frsize

    def fill(self, leave):
        """Takes all but so many bytes away."""
        with open(self.mount / "ballast", "ab") as ballast:
            while (take := self.free() - leave) > 4 * MIB:  # the broker writes, and the file's own blocks take some
                try:
                    os.posix_fallocate(ballast.fileno(), os.fstat(ballast.fileno()).st_size, min(take - 2 * MIB, 256 * MIB))
                except OSError:
                    break
        if leave == 0:  # the last blocks one by one
            with open(self.mount / "ballast2", "wb", buffering=0) as rest:
                try:
                    while rest.write(b"x" * 4096):
                        pass
                except OSError:
                    pass

    def empty(self):
        for name in ("ballast", "ballast2"):
            (self.mount / name).unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.own:
            subprocess.run(["umount", "-l", self.mount], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
