import { expect, it } from 'vitest';
import { Random } from '../util/random.ts';
import { Machine } from './machine.ts';

it.each([0, 1, 12345, 0xffff_ffff])('draws what `Random` draws (seed %d)', seed => {
  using machine = new Machine({ seed });
  const random = new Random(seed);
  for (let i = 0; i < 100; i++) expect(machine.env.random()).toBe(random.u32());
});

it('shows the runtime its clock and CPU', () => {
  using machine = new Machine({ cpus: 4, now: 5n, bootTime: 7n });
  const { clock, current_cpu } = machine.runtime.exports as Record<string, () => unknown>;
  machine.env.cpu = 3;
  machine.env.monotonicNs += (1n << 63n) + 1n;
  expect([clock!(), current_cpu!()]).toEqual([BigInt.asIntN(64, (1n << 63n) + 6n), 3]);
  expect([machine.env.monotonicNs, machine.env.bootTimeNs, machine.env.cpus]).toEqual([(1n << 63n) + 6n, 7n, 4]);
});
