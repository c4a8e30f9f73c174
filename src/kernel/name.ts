/** Names of kernel objects. */
import { refuse } from './refusal.ts';

/** BPF_OBJ_NAME_LEN, the NUL included. */
const NAME_LENGTH = 16;

/** Refuses a name that the kernel would: longer than 15 bytes, or with a character beside letters, digits, `_` and `.`. */
export function checkObjectName(field: string, name: string | undefined): void {
  if (name === undefined) return;
  if (name.length >= NAME_LENGTH)
    refuse('EINVAL', `${field} ${name}: ${name.length} characters, at most ${NAME_LENGTH - 1}`);
  if (!/^[A-Za-z0-9_.]*$/.test(name)) refuse('EINVAL', `${field} ${name}: only letters, digits, _ and . are allowed`);
}
