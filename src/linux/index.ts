/** The real Linux kernel as a `Sys`. */
export { bpfDenied } from './allowed.ts';
export { countCpus, LinuxSys, openLinux } from './linux.ts';
