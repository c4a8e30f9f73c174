/** What descriptors in a map's slots refer to: programs of prog arrays, devices by their index. */
import {
  type MapObject,
  type Reference,
  type ReferenceKind,
  type References,
  type Refusal,
  refusal,
} from '../maps/map.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { Program } from '../vm/program.ts';
import type { FdTable } from './object.ts';
import type { PerfEventKernelObject } from './perf-event-object.ts';
import type { ProgKernelObject } from './prog-object.ts';

/** Index of the only network device: loopback. */
const LOOPBACK = 1;

/** Answers maps out of a kernel's descriptors; `place` numbers programs for compiled tail calls. A slot owns a reference to what it holds. */
export function slotReferences(fds: FdTable, place: (program: Program) => number): References {
  return {
    resolve(kind: ReferenceKind, fd: number, map: MapObject): Reference | Refusal {
      const file = fds.get(fd);
      if (file === undefined) return refusal(ERRNO.EBADF, `file descriptor ${fd} is not open`);
      if (kind === 'perf_event' && file.object.kind === 'perf_event') {
        const object = (file.object as PerfEventKernelObject).hold(); // `kind` tells the class
        return { id: object.id, object: object.event, [Symbol.dispose]: () => object.release() };
      }
      if (kind !== 'program' || file.object.kind !== 'prog') {
        return refusal(
          ERRNO.EINVAL,
          `file descriptor ${fd} is a ${file.object.kind}, not what a ${map.attributes.type} holds`,
        );
      }
      const object = (file.object as ProgKernelObject).hold(); // `kind` tells the class
      return { id: object.id, object, word: place(object.program), [Symbol.dispose]: () => object.release() };
    },
    hasDevice: ifindex => ifindex === LOOPBACK,
  };
}
