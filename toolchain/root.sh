#!/usr/bin/env bash
# root.sh path          prints where the toolchain root for this checkout is (made or not)
# root.sh make          makes it if it is not there yet; needs root rights and apt on the host
# root.sh enter CMD…    runs CMD inside it: this repository, /tmp and the caches at their own paths
#
# The root is a Debian trixie tree with the packages of packages.txt. It lives outside the clone, under a
# name made from the hash of what goes in; it is made under a temporary name and renamed when whole, so a
# root that exists is a root that works.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(dirname "$here")
cache=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}
recipe=1 # raise it when what follows would make another tree from the same packages
inputs=$(echo "recipe $recipe"; sed '/^#/d;/^$/d' "$here/packages.txt")
root=$cache/root-$(sha256sum <<<"$inputs" | cut -c1-12)
started=$SECONDS

say() { printf '[%4ds] %s\n' $((SECONDS - started)) "$*" >&2; }
fail() { printf 'toolchain: %s\n' "$*" >&2; exit 1; }

as_root() {
  if ((EUID == 0)); then "$@"; elif command -v sudo >/dev/null; then sudo -E "$@"
  else fail "making the toolchain root needs root rights (once): run as root, install sudo, or use the Dockerfile"; fi
}

host_tools() {
  local need=()
  command -v debootstrap >/dev/null || need+=(debootstrap)
  command -v bwrap >/dev/null || need+=(bubblewrap)
  command -v apt-get >/dev/null || fail "this host has no apt: use the Dockerfile (see README)"
  as_root apt-get update -qq || fail "apt-get update failed on the host: repair its apt sources, then run this again"
  ((${#need[@]} == 0)) && return
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
    --no-install-recommends "${need[@]}" >/dev/null || fail "could not install ${need[*]}"
}

# The Debian mirror that the host's own apt uses. A host of another distribution has none and is told so.
mirror() {
  local found
  found=$(apt-get indextargets --format '$(REPO_URI)|$(ORIGIN)|$(COMPONENT)' |
    awk -F'|' '$2 == "Debian" && $3 == "main" && $1 !~ /security/ { print $1; exit }')
  [ -n "$found" ] || fail "no Debian mirror in this host's apt sources; set WEIR_MIRROR to one"
  echo "${found%/}"
}

configure_apt() { # ROOT MIRROR
  local etc=$1/etc
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
  chmod +x "$1/usr/sbin/policy-rc.d"
  printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
    'path-exclude=/usr/share/locale/*' >"$etc/dpkg/dpkg.cfg.d/weir"
  printf '%s\n' 'APT::Install-Recommends "0";' 'Acquire::Languages "none";' 'APT::Sandbox::User "root";' \
    'DPkg::Lock::Timeout "300";' 'Acquire::Retries "3";' >"$etc/apt/apt.conf.d/90weir"
  # A mirror may serve an expired Release file; the host knows, so its settings are copied.
  { apt-config dump Acquire::Check-Valid-Until; apt-config dump Acquire::Check-Date
    apt-config dump Acquire::http; apt-config dump Acquire::https; } >"$etc/apt/apt.conf.d/91host"
  printf 'deb %s trixie main\ndeb %s trixie-updates main\ndeb %s forky main\n' "$2" "$2" "$2" >"$etc/apt/sources.list"
  printf '%s\n' 'Package: *' 'Pin: release n=trixie*' 'Pin-Priority: 900' '' \
    'Package: *' 'Pin: release n=forky' 'Pin-Priority: -10' '' \
    'Package: seastar-dev' 'Pin: release n=forky' 'Pin-Priority: 990' >"$etc/apt/preferences.d/weir"
  cp -a /usr/local/share/ca-certificates/. "$1/usr/local/share/ca-certificates/" 2>/dev/null || true
}

# A private mount namespace: its binds vanish with it, whatever ends the script.
in_chroot() {
  local tree=$1
  shift
  unshare --mount --propagation private bash -ec '
    tree=$1; shift
    mount -t proc proc "$tree/proc"; mount --rbind /dev "$tree/dev"; mount --rbind /sys "$tree/sys"
    cp /etc/resolv.conf "$tree/etc/resolv.conf" 2>/dev/null || true
    exec chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive "$@"' _ "$tree" "$@"
}

build_tree() { # runs as root
  local from=${WEIR_MIRROR:-} tree log
  [ -n "$from" ] || from=$(mirror)
  mkdir -p "$cache"
  tree=$(mktemp -d "$cache/making-XXXXXX")
  log=$tree.log
  # shellcheck disable=SC2064
  trap "rm -rf --one-file-system '$tree' '$log'" EXIT
  say "debootstrap of trixie (about a minute)"
  debootstrap --variant=minbase --include=ca-certificates trixie "$tree" "$from" >"$log" 2>&1 ||
    { tail -20 "$log" >&2; fail "debootstrap failed"; }
  chmod 755 "$tree"
  configure_apt "$tree" "$from"
  in_chroot "$tree" update-ca-certificates >/dev/null 2>&1 || true
  say "package lists"
  in_chroot "$tree" apt-get update -qq >"$log" 2>&1 || { tail -20 "$log" >&2; fail "apt-get update failed"; }
  say "packages (1.5 to 3 minutes)"
  # shellcheck disable=SC2046
  in_chroot "$tree" apt-get install -y -qq $(sed '/^#/d;/^$/d' "$here/packages.txt") >"$log" 2>&1 ||
    { tail -20 "$log" >&2; fail "package installation failed"; }
  in_chroot "$tree" apt-get clean
  rm -rf "$tree"/var/lib/apt/lists/*
  mv -T "$tree" "$root" 2>/dev/null || [ -d "$root" ] || fail "cannot rename $tree to $root"
  say "toolchain root ready: $(du -sh --one-file-system "$root" | cut -f1)"
}

make() {
  [ -d "$root" ] && return
  mkdir -p "$cache"
  exec 9>"$cache/root.lock"
  flock -n 9 || { say "another run is making the toolchain root: waiting"; flock 9; }
  [ -d "$root" ] && return
  say "making the toolchain root, once: $root"
  host_tools
  if ((EUID == 0)); then (build_tree); else as_root WEIR_CACHE="$cache" bash "$here/root.sh" make-tree; fi
}

enter() {
  mkdir -p "$cache/ccache"
  local binds=() dir
  for dir in "$repo" /tmp "$cache" ${WEIR_BIND:-}; do [ -d "$dir" ] && binds+=(--bind "$dir" "$dir"); done
  exec bwrap --bind "$root" / --dev-bind /dev /dev --proc /proc --bind /sys /sys "${binds[@]}" \
    --ro-bind-try /etc/resolv.conf /etc/resolv.conf --chdir "$PWD" --die-with-parent \
    --setenv PATH /usr/sbin:/usr/bin:/sbin:/bin --setenv HOME "$cache" --setenv LC_ALL C.UTF-8 \
    --setenv CCACHE_DIR "$cache/ccache" --setenv CCACHE_BASEDIR "$repo" --setenv CCACHE_NOHASHDIR 1 \
    --setenv CCACHE_MAXSIZE 8G --setenv CCACHE_PCH_EXTSUM 1 \
    --setenv CCACHE_SLOPPINESS pch_defines,time_macros,include_file_mtime,include_file_ctime -- "$@"
}

case ${1:-} in
  path) echo "$root" ;;
  make) make ;;
  make-tree) build_tree ;;
  enter) shift; enter "$@" ;;
  *) sed -n '2,4s/^# //p' "$0"; exit 2 ;;
esac
