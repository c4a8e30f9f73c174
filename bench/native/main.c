/*
 * The native side of the bench: loads programs that were built as shared objects and runs them when told to, one command a line on
 * standard input, one answer a line on standard output. A block of bytes follows its command; an answer that begins with `error` says why
 * not.
 *
 *     load NAME FILE            loads FILE as NAME                                        ok
 *     packet NAME SIZE          the packet that runs see; SIZE bytes follow               ok
 *     fill NAME MAP SIZE        keys and values, one behind the other; SIZE bytes follow  ok
 *     slot NAME MAP INDEX FN    puts a function into a program array                      ok
 *     run NAME COUNT            runs `prog` COUNT times over a fresh copy of the packet   NANOSECONDS RETURN-VALUE PACKET-HASH
 *
 * Times are CPU time of this thread. The packet lies below 4 GiB, where a 32-bit `data` can point to it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "harness.h"

enum { MOST_PROGRAMS = 256, NAME_SIZE = 64, PACKET_ROOM = 4096 };
/* Records that a ring buffer of the suite holds; its reader is this loop. */
#define RUNS_BETWEEN_READS 100000ull

struct bench {
	char name[NAME_SIZE];
	void *object;
	program_fn prog;
	void (*consume)(void);
	u8 *packet;
	u32 packet_size;
};

static struct bench benches[MOST_PROGRAMS];
static int bench_count;
static u8 *buffer; /* headroom, packet, tailroom */

static void answer(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

static struct bench *find(const char *name)
{
	for (int i = 0; i < bench_count; i++)
		if (!strcmp(benches[i].name, name)) return &benches[i];
	return 0;
}

static u8 *read_block(u64 size)
{
	u8 *block = malloc(size + 1);
	if (!block || fread(block, 1, size, stdin) != size) exit(1);
	return block;
}

static void load(const char *name, const char *file)
{
	struct bench *bench = &benches[bench_count];
	int (*create)(void);
	if (bench_count == MOST_PROGRAMS) return answer("error: more than %d programs", MOST_PROGRAMS);
	if (!(bench->object = dlopen(file, RTLD_NOW | RTLD_LOCAL))) return answer("error: %s", dlerror());
	bench->prog = (program_fn)dlsym(bench->object, "prog");
	bench->consume = (void (*)(void))dlsym(bench->object, "maps_consume");
	create = (int (*)(void))dlsym(bench->object, "maps_create");
	if (!bench->prog || !bench->consume || !create) return answer("error: %s", dlerror());
	if (!create()) return answer("error: a map's type is not known here, or memory is short");
	strcpy(bench->name, name);
	bench_count++;
	answer("ok");
}

static void set_packet(struct bench *bench, u64 size)
{
	u8 *block = read_block(size);
	if (size > PACKET_ROOM) return answer("error: packet of %llu bytes, want at most %d", size, PACKET_ROOM);
	bench->packet = block;
	bench->packet_size = (u32)size;
	answer("ok");
}

static void fill(struct bench *bench, const char *name, u64 size)
{
	u8 *block = read_block(size);
	struct bpf_map *map = dlsym(bench->object, name);
	long (*update)(struct bpf_map *, const void *, const void *) = dlsym(bench->object, "map_fill");
	if (!map || !update) return answer("error: no map %s", name);
	u64 step = map->key_size + map->value_size;
	for (u64 at = 0; step && at + step <= size; at += step) {
		long result = update(map, block + at, block + at + map->key_size);
		if (result) return answer("error: map %s: update: %ld", name, result);
	}
	free(block);
	answer("ok");
}

static void set_slot(struct bench *bench, const char *name, u32 index, const char *function)
{
	struct bpf_map *map = dlsym(bench->object, name);
	program_fn target = (program_fn)dlsym(bench->object, function);
	if (!map || !map->programs || index >= map->max_entries || !target) return answer("error: map %s: no slot %u for %s", name, index, function);
	map->programs[index] = target;
	answer("ok");
}

static u64 cpu_time(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (u64)now.tv_sec * 1000000000ull + (u64)now.tv_nsec;
}

static void run(struct bench *bench, u64 count)
{
	u64 elapsed = 0;
	u32 result = 0, hash = 2166136261u;
	u8 *data = buffer + XDP_HEADROOM;
	struct xdp_md context = { .data = (u32)(unsigned long)data, .data_meta = (u32)(unsigned long)data };
	context.data_end = context.data + bench->packet_size;
	memcpy(data, bench->packet, bench->packet_size);
	program_fn prog = bench->prog;
	for (u64 left = count; left > 0;) {
		u64 some = left < RUNS_BETWEEN_READS ? left : RUNS_BETWEEN_READS, start = cpu_time();
		for (u64 i = 0; i < some; i++) result = (u32)prog(&context);
		elapsed += cpu_time() - start;
		bench->consume();
		left -= some;
	}
	for (u32 at = context.data; at < context.data_end; at++) hash = (hash ^ *(u8 *)(unsigned long)at) * 16777619u;
	answer("%llu %u %u", elapsed, result, hash);
}

int main(void)
{
	char line[1024], command[16], name[NAME_SIZE], what[512], function[NAME_SIZE];
	u64 number;
	buffer = mmap(0, XDP_HEADROOM + 2 * PACKET_ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (buffer == MAP_FAILED) return 1;
	while (fgets(line, sizeof line, stdin)) {
		struct bench *bench;
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "load %63s %511s", name, what) == 2) {
			load(name, what);
			continue;
		}
		if (sscanf(line, "%15s %63s", command, name) != 2 || !(bench = find(name))) answer("error: no such program: %s", line);
		else if (sscanf(line, "packet %*s %llu", &number) == 1) set_packet(bench, number);
		else if (sscanf(line, "fill %*s %511s %llu", what, &number) == 2) fill(bench, what, number);
		else if (sscanf(line, "slot %*s %511s %llu %63s", what, &number, function) == 3) set_slot(bench, what, (u32)number, function);
		else if (sscanf(line, "run %*s %llu", &number) == 1) run(bench, number);
		else answer("error: no such command: %s", line);
	}
	return 0;
}
