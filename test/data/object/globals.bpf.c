/* Global variables of every kind of type, in every kind of section. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum color { RED, GREEN = 5, BLUE = -3 };
enum wide { SMALL = 1, HUGE = 0x100000001ULL };

struct point {
	short x, y;
};

struct config {
	__u8 limit;
	enum color color;
	struct point corners[2];
	char name[12];
	union {
		__u32 number;
		struct {
			__u16 low, high;
		};
	};
	unsigned int urgent : 1, level : 3, : 4, delta : 10;
	signed int shift : 5;
	_Bool on;
	void *next;
};

const volatile __u64 min_ns = 1000000;
const volatile char banner[16] = "hello";
const volatile struct config defaults = {
	.limit = 200, .color = GREEN, .corners = { { 1, -2 }, { 3, 4 } }, .name = "main", .number = 0x20001,
	.urgent = 1, .level = 6, .delta = 600, .shift = -9, .on = 1,
};
enum wide wide = HUGE;
double ratio = 0.5;
__int128 big = -5;
int numbers[4] = { 1, 2, 3 };
static volatile int hidden_count = 7;
__u32 total;
struct config current;
int tuned SEC(".data.tuned") = 42;
const int fixed SEC(".rodata.fixed") = 43;
int scratch SEC(".bss.scratch");

SEC("socket") int use(struct __sk_buff *skb)
{
	static int calls = 3;

	total += min_ns + banner[skb->len & 15] + defaults.limit + wide + numbers[skb->len & 3];
	hidden_count++;
	current.limit = tuned + fixed + scratch++;
	return total + calls++;
}

char _license[] SEC("license") = "GPL";
