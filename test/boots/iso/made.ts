/** ISO images made by Debian's own programs, and what they themselves take out of them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Why tests with real images are left out; undefined: they are not. */
export const missing = ['xorriso', 'genisoimage', 'bsdtar']
  .filter((tool) => spawnSync(tool, ['--version']).error)
  .map((tool) => `${tool} is not installed`)
  .join(', ');

/** A tree such as installers have: names long and short, deep folders, links, files of all lengths. */
export function tree(folder: string, options: { links?: boolean } = {}): void {
  const file = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  file('install.amd/vmlinuz', Buffer.alloc(70_001, 'kernel'));
  file('install.amd/initrd.gz', Buffer.alloc(300_000, 'initrd'));
  file('README.TXT', 'read me');
  file('empty', '');
  file('a name with spaces, and a long one at that.d/Ünïcode.html', '<p>');
  file(`${'x'.repeat(60)}.deb`, Buffer.alloc(2048, 'x'));
  file('1/2/3/4/5/6/7/8/9/10/deep.txt', 'deep');
  for (let n = 0; n < 120; n++) file(`pool/package-${n}_1.0-${n}_amd64.deb`, `package ${n}`);
  if (options.links === false) return;
  symlinkSync('install.amd/vmlinuz', join(folder, 'vmlinuz'));
  symlinkSync('../install.amd', join(folder, 'pool/install'));
  symlinkSync('/README.TXT', join(folder, 'absolute'));
  symlinkSync('../../../../etc/passwd', join(folder, 'outward'));
  symlinkSync('circle-b', join(folder, 'circle-a'));
  symlinkSync('circle-a', join(folder, 'circle-b'));
  symlinkSync(`${'../pool/'.repeat(60)}package-1_1.0-1_amd64.deb`, join(folder, 'pool/roundabout'));
}

export function make(program: 'xorriso' | 'genisoimage', iso: string, folder: string, flags: readonly string[]): void {
  const [command, ...first] = program === 'xorriso' ? ['xorriso', '-as', 'mkisofs'] : ['genisoimage'];
  execFileSync(command ?? '', [...first, '-quiet', ...flags, '-V', 'TEST', '-o', iso, folder], { stdio: 'pipe' });
}

/** The paths of all regular files below a folder; links are not followed. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export async function sha256Of(file: string, start = 0, length = statSync(file).size): Promise<string> {
  const hash = createHash('sha256');
  if (length > 0)
    for await (const chunk of createReadStream(file, { start, end: start + length - 1 })) hash.update(chunk);
  return hash.digest('hex');
}
