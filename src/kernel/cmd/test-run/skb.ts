/** Test runs of programs over a socket buffer (`bpf_prog_test_run_skb`). */
import { SKB_PACKET_SIZE } from '../../../hooks/skb.ts';
import { SKB_CONTEXT_SIZE, type SkbLayer } from '../../../machine/skb.ts';
import { TEST_RUN_FLAGS } from '../../../uapi/flags.ts';
import { refuse } from '../../refusal.ts';
import { checkPlainRun, contextIn, finishRun, packetIn, type TestRun } from './shared.ts';

/** The test run of a program type whose packets start at this layer. */
export function testRunSkb(layer: SkbLayer): TestRun {
  return (kernel, { program }, attr) => {
    checkPlainRun(attr, TEST_RUN_FLAGS.BPF_F_TEST_SKB_CHECKSUM_COMPLETE);
    const { min, max } = SKB_PACKET_SIZE;
    const size = attr.data_size_in ?? 0;
    if (size < min || size > max) return refuse('EINVAL', `packet of ${size} bytes, want ${min}..${max}`);
    const bytes = packetIn(attr);
    const context = contextIn(attr, SKB_CONTEXT_SIZE);
    const input = { layer, bytes, context, checksumComplete: (attr.flags ?? 0) !== 0 };
    return finishRun(kernel, attr, repeat => kernel.skb.run(input, repeat, skb => kernel.runNumber(program, skb)));
  };
}
