/** The files that machines boot: archives for the initramfs, names that stay below a directory, and changing what is there. */
export { Checksums, type Noted, type Notes, sameFile, type Version } from './checksums.ts';
export { type CpioEntry, cpioSegments, osieInitrd, workerArchive } from './cpio.ts';
export { type Expected, expectedDigests } from './digests.ts';
export { type DiskFile, fatSegments } from './fat.ts';
export { type Before, FileStore, type FileStoreParts, type StoredFile, type Upload } from './store.ts';
