#!/usr/bin/env bash
# package.sh   inside the root, after a build: a tarball of build/bin for people, symbols stripped.
set -euo pipefail
version=$(sed -n 's/^project(weir VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=weir-$version-linux-x86_64
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/$name"
cp -a build/bin/. "$stage/$name/"
cp README.md LICENSE "$stage/$name/"
strip "$stage/$name"/libexec/*
tar -C "$stage" --owner=0 --group=0 --sort=name -cJf "build/$name.tar.xz" "$name"
ls -lh "build/$name.tar.xz" | awk '{ print $9 ": " $5 }'
