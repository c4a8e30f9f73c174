#!/bin/sh
# Compiles every C file here for BPF, with clang and libbpf's headers, to the objects beside it: `CLANG=clang-19 ./build.sh`.
set -eu
cd "$(dirname "$0")"
clang=${CLANG:-clang}
strip=${STRIP:-llvm-strip}
compile() { # target, flags, source, object
  "$clang" -target "$1" $2 -O2 -mcpu=v3 -Wall -ffile-prefix-map="$PWD"=. -fdebug-compilation-dir=. -idirafter /usr/include/"$(uname -m)"-linux-gnu -c "$3" -o "$4"
  "$strip" -g "$4"
}
for source in *.bpf.c; do
  compile bpfel -g "$source" "${source%.c}.o"
done
compile bpfeb -g globals.bpf.c globals-eb.bpf.o
compile bpfeb -g subprogs.bpf.c subprogs-eb.bpf.o
compile bpfel '' globals.bpf.c globals-nobtf.bpf.o
compile bpfel '' legacy.bpf.c legacy-nobtf.bpf.o
