/* Makes LLVM print many instructions in its own syntax; nothing here is ever run. */
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned int u32;
typedef int s32;
typedef unsigned short u16;
typedef short s16;
typedef unsigned char u8;
typedef signed char s8;

u64 wide(u64 a, u64 b, s64 c, s32 d, u32 *p)
{
	u64 r = a / (b | 1) + a % (b | 1);

#if __BPF_CPU_VERSION__ >= 4
	r += c / (d | 1) + c % 7;
#endif
	r ^= (u64)(s64)(s8)a;
	r -= (s16)b;
	r += (s32)b;
	r = r << (a & 63) | r >> (b & 63);
	r += c >> (a & 63);
	r = __builtin_bswap64(r) + __builtin_bswap32((u32)r) + __builtin_bswap16((u16)r);
	p[0] = r;
	p[1] = 7;
	((u8 *)p)[9] = a;
	((u16 *)p)[5] = b;
	*(u64 *)(p + 4) = 0x1122334455667788ull;
	return r + 0x1122334455667788ull;
}

u32 narrow(u32 a, u32 b, s32 c, u8 *p, s8 *q)
{
	u32 r = a * b + a / (b | 3);

	r ^= p[3] + ((u16 *)p)[2] + q[0] + ((s16 *)q)[1] + ((s32 *)q)[4];
	r = -r >> (b & 31);
	c >>= a & 31;
	if (c > (s32)a)
		r += 3;
	if (a > 5)
		r++;
	if ((s32)r < -1)
		r *= 9;
	return r + c;
}

#if __BPF_CPU_VERSION__ >= 3
u64 atomic(u64 *p, u32 *w)
{
	u64 r = __sync_fetch_and_add(p, 3);

	__sync_fetch_and_add(p + 1, 4);
	r += __sync_fetch_and_or(p, r);
	r += __sync_fetch_and_and(w, 5);
	r += __sync_fetch_and_xor(w, 7);
	r += __sync_val_compare_and_swap(p, r, 3);
	r += __sync_val_compare_and_swap(w, (u32)r, 3);
	r += __sync_lock_test_and_set(p, r);
	r += __sync_lock_test_and_set(w, 9);
	return r;
}
#endif

u64 loop(u64 n, u64 *p)
{
	u64 (*ktime)(void) = (void *)5;
	u64 sum = 0;

	for (u64 i = 0; i < n; i++) {
		if (p[i] == 0xffffffff)
			continue;
		if ((s64)p[i] < -5)
			break;
		if (p[i] & 8)
			sum += ktime();
		sum += p[i];
	}
	return sum;
}
