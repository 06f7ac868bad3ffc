#!/usr/bin/env bash
# bundle.sh BUILD OUT   inside the root: puts weir-broker and weir-cli with every shared library that they load and
# the loader itself into OUT, behind the launcher `weir`, so that they run on a host with any glibc or none.
set -euo pipefail
build=$1 out=$2
mkdir -p "$out/lib" "$out/libexec"
programs=()
for program in "$build/weir-broker" "$build/cli/weir-cli"; do [ -x "$program" ] && programs+=("$program"); done
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
cp "$(dirname "$0")/launcher.sh" "$out/weir"
chmod +x "$out/weir"
