/**
 * Names of CO-RE types without their flavour: `task_struct___old` stands for `task_struct`, so that one object can describe a type as
 * several kernels have it. Source: the naming rule of libbpf's `bpf_core_essential_name_len`.
 */

/** Exactly three underscores between other characters; the last such place counts. */
const FLAVOUR = /^(.*[^_])___[^_]/s;

/** `name` without its flavour. */
export function essentialName(name: string): string {
  return name.includes('___') ? (FLAVOUR.exec(name)?.[1] ?? name) : name;
}

/** Whether two names mean the same type or enumerator; an anonymous one means only an anonymous one. */
export function namesMatch(local: string, target: string): boolean {
  return essentialName(local) === essentialName(target);
}
