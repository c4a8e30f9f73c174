/** Test runs of flow dissectors (`bpf_prog_test_run_flow_dissector`). */
import { FLOW_KEYS, MAX_FLOW_PACKET } from '../../../hooks/flow-dissector.ts';
import type { ProgTestRunAttr } from '../../../sys/attr.gen.ts';
import type { KernelCore } from '../../core.ts';
import type { ProgKernelObject } from '../../prog-object.ts';
import { refuse } from '../../refusal.ts';
import { checkPlainRun, contextIn, finishRun, packetIn } from './shared.ts';

const ETH_HLEN = 14;

export function testRunFlowDissector(kernel: KernelCore, { program }: ProgKernelObject, attr: ProgTestRunAttr): number {
  checkPlainRun(attr);
  const size = attr.data_size_in ?? 0;
  if (size < ETH_HLEN || size > MAX_FLOW_PACKET)
    return refuse('EINVAL', `packet of ${size} bytes, want ${ETH_HLEN}..${MAX_FLOW_PACKET}`);
  const bytes = packetIn(attr);
  const context = contextIn(attr, FLOW_KEYS.size);
  const flagsEnd = FLOW_KEYS.flags + 4;
  if (context?.some((byte, at) => byte !== 0 && (at < FLOW_KEYS.flags || at >= flagsEnd)) === true)
    return refuse('EINVAL', 'ctx: a caller may set flags only');
  const flags =
    context === undefined ? 0 : new DataView(context.buffer, context.byteOffset).getUint32(FLOW_KEYS.flags, true);
  return finishRun(kernel, attr, repeat => {
    const { verdict, keys } = kernel.flowDissector.run(bytes, flags, repeat, seen => kernel.runNumber(program, seen));
    return { verdict, bytes: keys, context };
  });
}
