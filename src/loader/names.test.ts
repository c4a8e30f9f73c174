import { expect, test } from 'vitest';
import { kernelName, objectName, sectionMapName } from './names.ts';

test.each([
  ['short', 'counters', 'counters'],
  ['16 characters lose one', 'a_name_of_16_chr', 'a_name_of_16_ch'],
  ['characters that no kernel takes', 'f$oo-bar.llvm', 'f_oo_bar.llvm'],
])('kernelName: %s', (_, name, kept) => {
  expect(kernelName(name)).toBe(kept);
});

test.each([
  ['.rodata behind a long object', '.rodata', 'xdp_firewall', 'xdp_fire.rodata'],
  ['.bss gets no more room than .rodata', '.bss', 'xdp_firewall', 'xdp_fire.bss'],
  ['.data behind a short object', '.data', 'fw', 'fw.data'],
  ['.kconfig is longer', '.kconfig', 'xdp_firewall', 'xdp_fir.kconfig'],
  ['a section with a second dot stands alone', '.data.counters', 'xdp_firewall', '.data.counters'],
  ['cut to 15', '.rodata.str1.1_long', 'fw', '.rodata.str1.1_'],
  ['no object name', '.bss', '', '.bss'],
  ['an object name with a dash', '.bss', 'xdp-fw', 'xdp_fw.bss'],
])('sectionMapName: %s', (_, section, object, name) => {
  expect(sectionMapName(section, object)).toBe(name);
});

test.each([
  ['/a/b/xdp_fw.bpf.o', 'xdp_fw'],
  ['fw.o', 'fw'],
  ['fw', 'fw'],
  ['dir.d/', ''],
])('objectName of %s', (path, name) => {
  expect(objectName(path)).toBe(name);
});
