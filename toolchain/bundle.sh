#!/usr/bin/env bash
# bundle.sh BUILD OUT [PROGRAM…]   inside the root: puts weir-broker and weir-cli, or the programs named below BUILD,
# with every shared library that they load and the loader itself into OUT, behind a launcher for `weir` or one for each
# program, so that they run on a host with any glibc or none.
set -euo pipefail
build=$1 out=$2
shift 2
named=("$@")
(($# > 0)) || set -- weir-broker cli/weir-cli
mkdir -p "$out/lib" "$out/libexec"
programs=()
for program in "$@"; do [ -x "$build/$program" ] && programs+=("$build/$program"); done
for program in "${programs[@]}"; do
  name=$(basename "$program")
  [ "$out/libexec/$name" -nt "$program" ] && continue
  # Renamed into place: a broker that runs keeps its old file.
  cp "$program" "$out/libexec/.$name" && mv "$out/libexec/.$name" "$out/libexec/$name"
done
ldd "${programs[@]}" | awk '$3 ~ /^\// { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }' | sort -u |
  while read -r library; do
    [ -e "$out/lib/$(basename "$library")" ] || cp -L "$library" "$out/lib/"
  done
for library in libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do
  [ -e "$out/lib/$library" ] || cp -L "/lib/x86_64-linux-gnu/$library" "$out/lib/" 2>/dev/null || true
done
for program in "${named[@]}"; do
  name=$(basename "$program")
  sed -e "s/^# weir:.*/# $name, with the libraries that came with it./" -e "/^case/,/^esac/c program=$name" \
    -e "s/--argv0 weir /--argv0 $name /" "$(dirname "$0")/launcher.sh" >"$out/$name"
  chmod +x "$out/$name"
done
((${#named[@]} == 0)) || exit 0
cp "$(dirname "$0")/launcher.sh" "$out/weir"
chmod +x "$out/weir"
