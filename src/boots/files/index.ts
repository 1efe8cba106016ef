/** The files that machines boot: archives for the initramfs, and names that stay below a directory. */
export { type CpioEntry, cpioSegments, osieInitrd, workerArchive } from './cpio.ts';
export { type NotRooted, openRooted, openRootedHandle, type RootedFile, type RootedRefusal } from './rooted.ts';
