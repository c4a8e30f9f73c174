/** The commands that our kernel has, by name. */
import type { BpfAttr, BpfCommand } from '../sys/attr.gen.ts';
import { btfLoad } from './cmd/btf-load.ts';
import { mapBatch } from './cmd/map-batch.ts';
import { mapCreate } from './cmd/map-create.ts';
import {
  mapDeleteElem,
  mapFreeze,
  mapGetNextKey,
  mapLookupAndDeleteElem,
  mapLookupElem,
  mapUpdateElem,
} from './cmd/map-elem.ts';
import { progLoad } from './cmd/prog-load.ts';
import { progTestRun } from './cmd/prog-test-run.ts';
import type { KernelCore } from './core.ts';

/** Performs a command: its result, or a CommandRefusal. */
export type Command<C extends BpfCommand> = (kernel: KernelCore, attr: BpfAttr[C]) => number;

export const COMMANDS: { readonly [C in BpfCommand]?: Command<C> } = {
  map_create: mapCreate,
  map_lookup_elem: mapLookupElem,
  map_update_elem: mapUpdateElem,
  map_delete_elem: mapDeleteElem,
  map_get_next_key: mapGetNextKey,
  map_lookup_and_delete_elem: mapLookupAndDeleteElem,
  map_freeze: mapFreeze,
  map_lookup_batch: mapBatch('map_lookup_batch'),
  map_lookup_and_delete_batch: mapBatch('map_lookup_and_delete_batch'),
  map_update_batch: mapBatch('map_update_batch'),
  map_delete_batch: mapBatch('map_delete_batch'),
  btf_load: btfLoad,
  prog_load: progLoad,
  prog_test_run: progTestRun,
};
