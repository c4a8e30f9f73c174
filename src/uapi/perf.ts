/** What of perf events the buffers of BPF programs need: constants and layouts of include/uapi/linux/perf_event.h. */

/** `struct perf_event_attr` members of an event that programs write samples to. */
export const PERF_BPF_OUTPUT = {
  /** PERF_TYPE_SOFTWARE. */
  type: 1,
  /** PERF_COUNT_SW_BPF_OUTPUT. */
  config: 10n,
  /** PERF_SAMPLE_RAW. */
  sampleType: 1n << 10n,
} as const;

/** Offsets in `struct perf_event_mmap_page`, u64 each. */
export const PERF_PAGE = { data_head: 1024, data_tail: 1032, data_offset: 1040, data_size: 1048 } as const;

/** Types of records. */
export const PERF_RECORD = { lost: 2, sample: 9 } as const;
