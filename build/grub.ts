import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';

/** A GRUB core image to make, with everything it needs inside. */
export interface GrubImage {
  platform: 'x86_64-efi' | 'i386-pc';
  modules: readonly string[];
  /** Read by GRUB's rescue parser: plain commands, one a line, no `if`; a line that fails is skipped. */
  config: string;
  out: string;
}

/** Makes a GRUB core image: an .efi program, or the BIOS core that boot.img loads. */
export async function makeGrub({ platform, modules, config, out }: GrubImage): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'grub-'));
  try {
    const file = join(work, 'grub.cfg');
    await writeFile(file, config);
    await run('grub-mkimage', ['-O', platform, '-o', out, '-p', '/boot/grub', '-c', file, ...modules]);
  } finally {
    await rm(work, { recursive: true });
  }
}
