import { describe, expect, test } from 'vitest';
import { SyscallError } from '../sys/error.ts';
import { tellingLines, VerifierError } from './errors.ts';

const LOG = `func#0 @0
0: R1=ctx() R10=fp0
; int drop(struct xdp_md *ctx) @ fw.bpf.c:12
0: (61) r2 = *(u32 *)(r1 +0)          ; R1=ctx() R2_w=pkt(r=0)
1: (71) r0 = *(u8 *)(r2 +13)
invalid access to packet, off=13 size=1, R2(id=0,off=13,r=0)
R2 offset is outside of the packet
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

describe('tellingLines', () => {
  test.each([
    [
      'the last instruction and what was said of it',
      LOG,
      [
        '1: (71) r0 = *(u8 *)(r2 +13)',
        'invalid access to packet, off=13 size=1, R2(id=0,off=13,r=0)',
        'R2 offset is outside of the packet',
      ],
    ],
    ['a log without instructions', 'unknown func bpf_nope#12345\n', ['unknown func bpf_nope#12345']],
    ['nothing but routine', 'processed 2 insns (limit 1000000)\n', ['processed 2 insns (limit 1000000)']],
    ['bytes behind the NUL are not the log', 'jump out of range\n\0garbage\n', ['jump out of range']],
    ['empty', '', []],
  ])('%s', (_, log, lines) => {
    expect(tellingLines(log)).toEqual(lines);
  });
});

test('VerifierError names program, errno and the instruction it stopped at', () => {
  const error = new VerifierError('drop', LOG, new SyscallError('prog_load', 13));
  expect(error).toMatchObject({ code: 'verifier', program: 'drop', errno: 'EACCES', insn: 1, log: LOG });
  expect(error.message).toMatch(/^load program drop: EACCES: 1: \(71\).*outside of the packet$/);
});
