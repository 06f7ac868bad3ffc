#!/bin/sh
# weir: `weir start …` is the broker, everything else the command-line client. Both bring their own libraries.
here=$(dirname "$(readlink -f "$0")")
case ${1:-} in
  start) program=weir-broker ;;
  *) program=weir-cli ;;
esac
exec "$here/lib/ld-linux-x86-64.so.2" --argv0 weir --library-path "$here/lib" "$here/libexec/$program" "$@"
