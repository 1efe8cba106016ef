import { closeSync, writeSync } from 'node:fs';
import { libc } from './libc.ts';

const MFD_CLOEXEC = 1;

/**
 * A file of these bytes that lies in memory only (memfd_create(2)), as long as this process lives.
 * @returns its path in this process; undefined where the system allows none
 */
export function memoryFile(name: string, bytes: Buffer): string | undefined {
  const fd = libc().memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) return undefined;
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    return `/proc/self/fd/${fd}`;
  } catch {
    closeSync(fd);
    return undefined;
  }
}
