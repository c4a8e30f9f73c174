#!/bin/sh
# Builds the programs of a suite, the same bytes in whatever folder the checkout lies: bench/build.sh [SOURCES [OUTPUT]]
# (bench/programs, and beside the sources). Needs libbpf's headers, clang and llvm-strip; of another version: CLANG=clang-20
# STRIP=llvm-strip-20 bench/build.sh.
set -eu
own="$(cd "$(dirname "$0")/programs" && pwd)"
output="$(cd "${2:-${1:-$own}}" && pwd)"
cd "${1:-$own}"
for source in *.c; do
  object="$output/${source%.c}.o"
  "${CLANG:-clang-19}" -g -O2 -target bpf -mcpu=v3 -Wall -Wno-unused-variable -Wno-address-of-packed-member \
    -fdebug-compilation-dir=. -I"/usr/include/$(uname -m)-linux-gnu" -idirafter "$own" -c "$source" -o "$object"
  "${STRIP:-llvm-strip-19}" --strip-debug "$object"
done
