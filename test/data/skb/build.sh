#!/bin/sh
# Compiles the C file here for BPF, with clang and libbpf's headers, to the object beside it: `CLANG=clang-19 ./build.sh`.
set -eu
cd "$(dirname "$0")"
"${CLANG:-clang}" -target bpfel -g -O2 -mcpu=v3 -Wall -ffile-prefix-map="$PWD"=. -fdebug-compilation-dir=. -idirafter /usr/include/"$(uname -m)"-linux-gnu -c tc.bpf.c -o tc.bpf.o
"${STRIP:-llvm-strip}" -g tc.bpf.o
