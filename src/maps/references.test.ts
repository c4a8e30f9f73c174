import { describe, expect, it } from 'vitest';
import { MapBench, u32 } from '../../test/support/map-bench.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { Reference, References } from './map.ts';

/** Programs by descriptor, and how often each is held. */
class Programs implements References {
  readonly held = new Map<number, number>();

  resolve(kind: string, fd: number): Reference | { errno: number; why: string } {
    if (kind !== 'program' || fd < 10) return { errno: ERRNO.EBADF, why: `no ${kind} ${fd}` };
    this.#count(fd, 1);
    return { id: fd + 100, object: fd, [Symbol.dispose]: () => this.#count(fd, -1) };
  }

  hasDevice(ifindex: number): boolean {
    return ifindex < 3;
  }

  #count(fd: number, by: number): void {
    this.held.set(fd, (this.held.get(fd) ?? 0) + by);
  }
}

describe('prog_array', () => {
  it('holds one reference for each filled slot and gives all back', () => {
    const programs = new Programs();
    const bench = new MapBench({ type: 'prog_array', valueSize: 4 }, programs);
    expect(bench.map.userUpdate(u32(1), u32(10), 0n)).toBe(0);
    expect(bench.map.userUpdate(u32(2), u32(10), 0n)).toBe(0);
    expect(bench.map.userUpdate(u32(1), u32(11), 0n)).toBe(0);
    expect([...programs.held]).toEqual([
      [10, 1],
      [11, 1],
    ]);
    expect(bench.map.slot!(1)?.object).toBe(11);
    const value = new Uint8Array(4);
    expect(bench.map.userLookup(u32(1), value, 0n)).toBe(0);
    expect(value).toEqual(u32(111));
    expect(bench.map.userDelete(u32(1))).toBe(0);
    expect(programs.held.get(11)).toBe(0);
    bench[Symbol.dispose]();
    expect(programs.held.get(10)).toBe(0);
  });

  it('says what is wrong with a descriptor', () => {
    using bench = new MapBench({ type: 'prog_array', valueSize: 4 }, new Programs());
    expect(bench.map.userUpdate(u32(0), u32(1), 0n)).toBe(-ERRNO.EBADF);
    expect(bench.map.why).toBe('no program 1');
  });
});

describe.each(['devmap', 'devmap_hash'] as const)('%s', type => {
  it('holds the program that comes with a device', () => {
    const programs = new Programs();
    using bench = new MapBench({ type }, programs);
    const device = (ifindex: number, fd: number): Uint8Array => Uint8Array.of(...u32(ifindex), ...u32(fd));
    expect(bench.map.userUpdate(u32(1), device(2, 12), 0n)).toBe(0);
    const value = new Uint8Array(8);
    bench.map.userLookup(u32(1), value, 0n);
    expect(value).toEqual(device(2, 112));
    expect([bench.map.hasTarget!(1), bench.map.hasTarget!(0)]).toEqual([true, false]);
    expect(bench.map.userUpdate(u32(1), device(1, 0), 0n)).toBe(0);
    expect(programs.held.get(12)).toBe(0);
    expect(bench.map.userUpdate(u32(1), device(3, 0), 0n)).toBe(-ERRNO.EINVAL);
  });
});
