"""rooms.py SRC ROOMS: every #include of a room must stay in the room or go to one that it may reach, and no
pure room may include Seastar (link rules alone miss stray includes)."""
import pathlib
import re
import sys

src, table = pathlib.Path(sys.argv[1]), {}
for line in open(sys.argv[2]):
    name, kind, *reach = line.split()
    table[name] = (kind, {name, *reach})
bad = []
for path in sorted(src.rglob("*.[hc]*")):
    if path.suffix not in (".h", ".cc"):
        continue
    room = next((r for r in table if path.is_relative_to(src / r)), None)
    if room is None:
        bad.append(f"{path}: not in any room of rooms.cmake")
        continue
    kind, reach = table[room]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s+[<"]([^>"]+)', line):
            target = found[1]
            into = next((r for r in table if target.startswith(r + "/")), None)
            if into and into not in reach:
                bad.append(f"{path}:{number}: {room} may not include {into}")
            if kind == "pure" and target.startswith("seastar/"):
                bad.append(f"{path}:{number}: {room} is pure and includes Seastar")
print("\n".join(bad), end="\n" if bad else "")
sys.exit(bool(bad))
