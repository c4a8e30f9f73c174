/** The element commands of bpf(2): one key at a time (kernel/bpf/syscall.c of 6.18). */
import type { MapElemAttr } from '../../sys/attr.gen.ts';
import type { Fd } from '../../sys/sys.ts';
import { UPDATE_FLAGS } from '../../uapi/flags.ts';
import type { KernelCore } from '../core.ts';
import type { MapKernelObject } from '../map-object.ts';
import { CommandRefusal, refuse } from '../refusal.ts';

/** The map behind a descriptor, with the right to read or write its elements. */
export function accessibleMap(
  kernel: KernelCore,
  fd: Fd | undefined,
  need: 'read' | 'write' | 'read_write',
): MapKernelObject {
  const file = kernel.file(fd, 'map');
  const { name } = file.object.map.attributes;
  if (need !== 'write' && !file.readable) return refuse('EPERM', `map ${name}: created with BPF_F_WRONLY`);
  if (need === 'read') return file.object;
  if (!file.writable) return refuse('EPERM', `map ${name}: created with BPF_F_RDONLY`);
  if (file.object.frozen) return refuse('EPERM', `map ${name}: frozen`);
  return file.object;
}

/** The caller's key, exactly `key_size` bytes. */
function keyOf(object: MapKernelObject, key: Uint8Array | undefined): Uint8Array {
  const size = object.map.attributes.keySize;
  if (size === 0) return key === undefined ? new Uint8Array(0) : refuse('EINVAL', 'key given, the map has none');
  return bytesOf(key, size, 'key');
}

/** The first `size` bytes of a caller's buffer. */
function bytesOf(bytes: Uint8Array | undefined, size: number, what: string): Uint8Array {
  if (bytes === undefined || bytes.length < size) {
    return refuse('EFAULT', `${what}: ${bytes?.length ?? 0} bytes given, ${size} needed`);
  }
  return bytes.length === size ? bytes : bytes.subarray(0, size);
}

/** A map's answer: a refusal carries the map's reason. */
function answer(object: MapKernelObject, result: number): number {
  if (result < 0) throw new CommandRefusal(-result, object.map.why);
  return result;
}

function allowOnlyLock(flags: bigint): void {
  if ((flags & ~BigInt(UPDATE_FLAGS.BPF_F_LOCK)) !== 0n)
    refuse('EINVAL', `flags 0x${flags.toString(16)}, only BPF_F_LOCK may be set`);
}

export function mapLookupElem(kernel: KernelCore, attr: MapElemAttr): number {
  const flags = attr.flags ?? 0n;
  allowOnlyLock(flags);
  const object = accessibleMap(kernel, attr.map_fd, 'read');
  const key = keyOf(object, attr.key);
  return answer(object, object.map.userLookup(key, bytesOf(attr.value, object.map.userValueSize, 'value'), flags));
}

export function mapUpdateElem(kernel: KernelCore, attr: MapElemAttr): number {
  const object = accessibleMap(kernel, attr.map_fd, 'write');
  const key = keyOf(object, attr.key);
  const value = bytesOf(attr.value, object.map.userValueSize, 'value');
  return answer(object, object.map.userUpdate(key, value, attr.flags ?? 0n));
}

export function mapDeleteElem(kernel: KernelCore, attr: MapElemAttr): number {
  const object = accessibleMap(kernel, attr.map_fd, 'write');
  return answer(object, object.map.userDelete(keyOf(object, attr.key)));
}

export function mapGetNextKey(kernel: KernelCore, attr: MapElemAttr): number {
  const object = accessibleMap(kernel, attr.map_fd, 'read');
  const key = attr.key === undefined ? undefined : keyOf(object, attr.key);
  const next = bytesOf(attr.next_key, object.map.attributes.keySize, 'next_key');
  return answer(object, object.map.userNextKey(key, next));
}

export function mapLookupAndDeleteElem(kernel: KernelCore, attr: MapElemAttr): number {
  const flags = attr.flags ?? 0n;
  allowOnlyLock(flags);
  const object = accessibleMap(kernel, attr.map_fd, 'read_write');
  const key = keyOf(object, attr.key);
  const value = bytesOf(attr.value, object.map.userValueSize, 'value');
  return answer(object, object.map.userLookupAndDelete(key, value, flags));
}

export function mapFreeze(kernel: KernelCore, attr: MapElemAttr): number {
  const file = kernel.file(attr.map_fd, 'map');
  if (!file.writable) return refuse('EPERM', 'the descriptor is read-only');
  if (file.object.frozen) return refuse('EPERM', 'already frozen');
  if (file.object.writableMappings > 0) return refuse('EBUSY', 'mapped for writing');
  file.object.frozen = true;
  return 0;
}
