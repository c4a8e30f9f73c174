/** `perf_event_open`: events that programs write samples to. */
import type { Fd, PerfEventAttr } from '../sys/sys.ts';
import { PERF_BPF_OUTPUT } from '../uapi/perf.ts';
import { NotSupportedError } from '../util/error.ts';
import type { KernelCore } from './core.ts';
import { PerfEventKernelObject } from './perf-event-object.ts';
import { refuse } from './refusal.ts';

/** Opens an event on a CPU and gives a descriptor. @throws NotSupportedError for events of another kind. */
export function openPerfEvent(kernel: KernelCore, attr: PerfEventAttr, cpu: number): Fd {
  const { type, config, sampleType } = PERF_BPF_OUTPUT;
  if (attr.type !== type || attr.config !== config || attr.sampleType !== sampleType) {
    const what = `perf event type ${attr.type}, config ${attr.config}, sample_type ${attr.sampleType}`;
    throw new NotSupportedError('perf events', `${what}: only PERF_COUNT_SW_BPF_OUTPUT with raw samples`, '4.4');
  }
  const { cpus } = kernel.machine.env;
  if (cpu < 0 || cpu >= cpus) return refuse('ENODEV', `perf event on CPU ${cpu}, want 0 to ${cpus - 1}`);
  return kernel.fds.open(new PerfEventKernelObject(kernel.ids.perf_event, kernel.machine.memory, cpu));
}
