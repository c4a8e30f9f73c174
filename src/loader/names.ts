/**
 * Names as a kernel keeps them: at most 15 of the characters `[A-Za-z0-9_.]`. Follows libbpf's `internal_map_name` and the
 * kernel's `bpf_obj_name_cpy`.
 */

/** Characters of an object's name in the kernel, without the NUL. */
const MAX_NAME = 15;
/** Room that libbpf keeps for a data section's name: that of `.rodata`. */
const SECTION_ROOM = 7;

/** The name under which a kernel keeps a map or program: cut, with every character that it does not allow replaced by `_`. */
export function kernelName(name: string): string {
  return name.slice(0, MAX_NAME).replace(/[^A-Za-z0-9_.]/g, '_');
}

/** The name of the map behind a data section: `.rodata` of object `xdp_firewall` is `xdp_fire.rodata`; `.data.foo` stays. */
export function sectionMapName(section: string, objectName: string): string {
  if (section.includes('.', 1)) return kernelName(section);
  const room = MAX_NAME - Math.max(SECTION_ROOM, Math.min(section.length, MAX_NAME));
  return kernelName(objectName.slice(0, room) + section);
}

/** The object's name as libbpf takes it from a file's path: the last part, up to its first dot. */
export function objectName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.split('.')[0] ?? '';
}
