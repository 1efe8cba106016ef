/** The files that all servers give out. */
import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

export type File = { name: string; size: number };

/** The large one is, in blocks of 1468 bytes, of fewer than 65,535, so that every TFTP server can. */
export const FILES = {
  loader: { name: 'loader.efi', size: 1_000_000 },
  large: { name: 'large.img', size: 64_000_000 },
  initrd: { name: 'initrd.img', size: 200_000_000 },
} as const satisfies Record<string, File>;

/** Makes them in a new directory. */
export async function makeFiles(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const { name, size } of Object.values(FILES)) {
    const file = await open(join(directory, name), 'w');
    for (let at = 0; at < size; at += 1e6) await file.write(randomBytes(1e6));
    // Or else a server that waits for the disk waits for this.
    await file.sync();
    await file.close();
  }
  return directory;
}
