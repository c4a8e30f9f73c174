#!/bin/sh
# Rebuilds every example's object beside its source. Needs clang 19 or newer, linux-libc-dev and libbpf-dev;
# CLANG names another compiler.
set -eu
cd "$(dirname "$0")"

clang=${CLANG:-$(command -v clang-19 || command -v clang)}
# Where Debian and Ubuntu keep <asm/types.h>.
includes=/usr/include/$(uname -m)-linux-gnu

for source in */*.bpf.c; do
	object=${source%.c}.o
	echo "$source"
	"$clang" -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
		-fdebug-compilation-dir=. -ffile-prefix-map="$PWD"=. -ffile-prefix-map=/usr/include=include \
		-idirafter "$includes" -c "$source" -o "$object"
done
