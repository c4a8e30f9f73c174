/** Test runs of XDP programs (`bpf_prog_test_run_xdp`). */
import { encodeXdpMd, readXdpMd, xdpMdOf } from '../../../hooks/xdp.ts';
import { XDP_MD_SIZE } from '../../../machine/xdp-buff.ts';
import type { ProgTestRunAttr } from '../../../sys/attr.gen.ts';
import type { PacketRun } from '../../../sys/sys.ts';
import { TEST_RUN_FLAGS } from '../../../uapi/flags.ts';
import { NotSupportedError } from '../../../util/error.ts';
import type { KernelCore } from '../../core.ts';
import type { ProgKernelObject } from '../../prog-object.ts';
import { refuse } from '../../refusal.ts';
import { contextIn, finishRun, packetIn } from './shared.ts';

export function testRunXdp(kernel: KernelCore, object: ProgKernelObject, attr: ProgTestRunAttr): number {
  const { attributes, program } = object;
  const { expectedAttachType } = attributes;
  if (expectedAttachType === 'xdp_devmap' || expectedAttachType === 'xdp_cpumap') {
    return refuse('EINVAL', `a program for ${expectedAttachType} can not be test-run`);
  }
  const flags = attr.flags ?? 0;
  if ((flags & ~TEST_RUN_FLAGS.BPF_F_TEST_XDP_LIVE_FRAMES) !== 0)
    return refuse('EINVAL', `flags 0x${flags.toString(16)}: not for xdp`);
  if (flags !== 0) {
    throw new NotSupportedError(
      'test_run_flags',
      `test run with flags 0x${flags.toString(16)}: live frames are not simulated yet`,
      '5.18',
    );
  }
  if ((attr.batch_size ?? 0) !== 0) return refuse('EINVAL', 'batch_size without BPF_F_TEST_XDP_LIVE_FRAMES');
  const context = contextIn(attr, XDP_MD_SIZE);
  const md = context === undefined ? undefined : readXdpMd(context);
  const packet = packetIn(attr);
  return finishRun(kernel, attr, repeat => {
    const buff = kernel.xdp.prepare(packet, md);
    if ('errno' in buff) return buff;
    const verdict = kernel.runNumber(program, buff, repeat);
    return {
      verdict,
      length: buff.metaLength + buff.length,
      ...(attr.data_out === undefined ? {} : { bytes: buff.bytes() }),
      ...(attr.ctx_out === undefined ? {} : { context: encodeXdpMd(xdpMdOf(buff, md)) }),
    };
  });
}

/** {@link testRunXdp} over packet after packet, for the verdicts alone. */
export function runXdpPackets(kernel: KernelCore, { program }: ProgKernelObject, run: PacketRun): number {
  const { packets, times, verdicts } = run;
  const { xdp } = kernel;
  const { env } = kernel.machine;
  for (; run.done < packets.length; run.done++) {
    const i = run.done;
    if (times !== undefined) env.setMonotonic(times[i] as number); // one for each packet
    const buff = xdp.prepare(packets[i] as Uint8Array, undefined);
    if ('errno' in buff) return refuse(buff.errno, buff.why);
    verdicts[i] = kernel.runNumber(program, buff);
  }
  return 0;
}
