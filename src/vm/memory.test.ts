import { describe, expect, it } from 'vitest';
import { GuestMemory } from './memory.ts';
import { kernelPointer, POINTER_TAG } from './pointer.ts';

const KERNEL = POINTER_TAG.kernel;

function region(memory: GuestMemory, size: number, extra: { access?: 'read' | 'none'; stride?: number } = {}) {
  const found = memory.allot({
    name: 'data',
    size,
    access: extra.access ?? 'read_write',
    ...(extra.stride === undefined ? {} : { elements: { stride: extra.stride, size: 6 } }),
  });
  if (found === undefined) throw new Error('no memory');
  return found;
}

describe('checked access', () => {
  const memory = new GuestMemory();
  const data = region(memory, 100);
  const constant = region(memory, 100, { access: 'read' });
  const opaque = region(memory, 8, { access: 'none' });
  const elements = region(memory, 64, { stride: 8 });
  const window = region(memory, 100);
  window.start += 10;
  window.end = window.start + 20;

  const rows: [name: string, low: number, high: number, size: number, write: boolean, reason: string | undefined][] = [
    ['the first byte', data.base, KERNEL, 1, false, undefined],
    ['the last bytes', data.base + 92, KERNEL, 8, true, undefined],
    ['a 32-bit pointer', data.base, POINTER_TAG.narrow, 4, false, undefined],
    ['one byte too far', data.base + 93, KERNEL, 8, false, 'out_of_bounds'],
    ['NULL', 0, 0, 8, false, 'null_pointer'],
    ['near NULL', 0xfff8, KERNEL, 8, false, 'null_pointer'],
    ['the end of the address space', 0xffff_fffc, KERNEL, 8, false, 'unmapped'],
    ['a page of nobody', 0x4000_0000, KERNEL, 1, false, 'unmapped'],
    ['a number', data.base, 7, 1, false, 'bad_pointer'],
    ['a function', data.base, POINTER_TAG.text, 1, false, 'bad_pointer'],
    ['a read of constants', constant.base, KERNEL, 8, false, undefined],
    ['a write of constants', constant.base, KERNEL, 8, true, 'read_only'],
    ['a read of what is opaque', opaque.base, KERNEL, 8, false, 'read_only'],
    ['inside an element', elements.base + 8 + 2, KERNEL, 4, true, undefined],
    ['across elements', elements.base + 8 + 4, KERNEL, 4, true, 'out_of_bounds'],
    ['between elements', elements.base + 6, KERNEL, 1, false, 'out_of_bounds'],
    ['below the window', window.start - 1, KERNEL, 1, false, 'out_of_bounds'],
    ['inside the window', window.start, KERNEL, 20, false, undefined],
    ['behind the window', window.end, KERNEL, 1, false, 'out_of_bounds'],
  ];

  it.each(rows)('%s', (_name, low, high, size, write, reason) => {
    const pointer = (BigInt(high) << 32n) | BigInt(low);
    expect(memory.access(low, high, size, write)).toBe(reason === undefined ? low : -1);
    if (reason !== undefined) expect(memory.refusal(pointer, size, write).reason).toBe(reason);
  });
});

describe('regions', () => {
  it('are zeroed, apart, and found by address', () => {
    const memory = new GuestMemory();
    const a = region(memory, 5000);
    const b = region(memory, 1);
    expect(b.base).toBeGreaterThanOrEqual(a.base + 5000);
    memory.u8.fill(0xff, a.base, a.base + 5000);
    expect(memory.regionAt(a.base + 4999)).toBe(a);
    memory.release(a);
    expect(memory.regionAt(a.base)).toBeUndefined();
    const c = region(memory, 5000);
    expect(c.base).toBe(a.base);
    expect(memory.u8.subarray(c.base, c.base + 5000).every(byte => byte === 0)).toBe(true);
  });

  it('keep their addresses and bytes when the memory grows', () => {
    const memory = new GuestMemory();
    const small = region(memory, 8);
    memory.view.setBigUint64(small.base, 0x1122334455667788n, true);
    const before = memory.u8;
    const big = region(memory, 64 << 20);
    expect(memory.u8).not.toBe(before);
    expect(memory.view.getBigUint64(small.base, true)).toBe(0x1122334455667788n);
    expect(memory.access(big.base + (64 << 20) - 8, KERNEL, 8, true)).toBeGreaterThan(0);
  });

  it('are refused when the memory is full, and nothing changes', () => {
    const memory = new GuestMemory();
    const before = memory.u8.length;
    expect(memory.allot({ name: 'all', size: 2 ** 32, access: 'read' })).toBeUndefined();
    expect(memory.u8.length).toBe(before);
  });

  it('print as pointers with their name', () => {
    const memory = new GuestMemory();
    const data = region(memory, 100);
    expect(memory.formatPointer(kernelPointer(data.base + 4))).toMatch(/^0xffff8880[0-9a-f]{8} \(data\+4\)$/);
    expect(memory.formatPointer(12n)).toBe('0xc');
  });
});
