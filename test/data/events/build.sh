#!/bin/sh
# Rebuilds the object of the event tests from its source, the same bytes in whatever folder the checkout lies.
set -eu
cd "$(dirname "$0")"
"${CLANG:-clang-19}" -g -O2 -target bpf -mcpu=v3 -Wall -fdebug-compilation-dir=. -I"/usr/include/$(uname -m)-linux-gnu" -c events.bpf.c -o events.bpf.o
"${STRIP:-llvm-strip-19}" --strip-debug events.bpf.o
