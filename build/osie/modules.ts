import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TinsmithError } from '../../src/errors.ts';
import { run } from '../command.ts';
import { packageOf } from '../debian.ts';
import { CACHE, progress } from '../step.ts';

/** A kernel package unpacked in the cache, with `modules.dep` made. */
export interface KernelTree {
  /** As `uname -r` says it. */
  version: string;
  vmlinuz: string;
  /** The folder that holds `lib/modules/VERSION`. */
  base: string;
}

/** Unpacks the kernel among `debs` into the cache, once a Debian version. */
export async function unpackKernel(debs: readonly string[]): Promise<KernelTree> {
  const deb = debs.find((each) => /^linux-image-\d/.test(packageOf(each)));
  if (deb === undefined) throw new TinsmithError('INTERNAL', 'no kernel among the fetched packages');
  const base = join(CACHE, 'kernels', basename(deb, '.deb'));
  if (!existsSync(base)) {
    progress('kernel', `unpacking ${packageOf(deb)}`);
    const half = `${base}.new`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { recursive: true });
    await run('dpkg-deb', ['-x', deb, half]);
    await run('depmod', ['-b', half, versionIn(half)]);
    await rename(half, base);
  }
  const version = versionIn(base);
  return { version, vmlinuz: join(base, 'boot', `vmlinuz-${version}`), base };
}

function versionIn(base: string): string {
  const version = readdirSync(join(base, 'lib/modules'))[0];
  if (version === undefined) throw new TinsmithError('INTERNAL', `${base} holds no kernel modules`);
  return version;
}

function matcher(patterns: readonly string[]): (path: string) => boolean {
  const sources = patterns.map((pattern) =>
    pattern
      .replaceAll('.', '\\.')
      .replace(/\{([^}]*)\}/g, (_, choice: string) => `(?:${choice.replaceAll(',', '|')})`)
      .replaceAll('*', '.*'),
  );
  const expression = new RegExp(`^(?:${sources.join('|')})$`);
  return (path) => expression.test(path);
}

/** Module paths in `tree` that match, and everything they depend on; dependencies come before what needs them. */
export function chooseModules(tree: KernelTree, wanted: readonly string[], leftOut: readonly string[] = []): string[] {
  const file = join(tree.base, 'lib/modules', tree.version, 'modules.dep');
  const dependencies = new Map<string, string[]>();
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const [path = '', rest = ''] = line.split(':');
    dependencies.set(path, rest.trim().split(' ').filter(Boolean));
  }
  const isWanted = matcher(wanted);
  const isLeftOut = matcher(leftOut);
  const chosen = new Set<string>();
  for (const [path, needs] of dependencies) {
    if (!isWanted(path) || isLeftOut(path)) continue;
    // modules.dep lists the whole closure, the module loaded first standing last.
    for (const need of needs.toReversed()) chosen.add(need);
    chosen.add(path);
  }
  return [...chosen];
}

/** Copies modules and the kernel's own lists into a root, and indexes them. */
export async function installModules(tree: KernelTree, modules: readonly string[], root: string): Promise<void> {
  const from = join(tree.base, 'lib/modules', tree.version);
  const to = join(root, 'usr/lib/modules', tree.version);
  for (const path of [...modules, 'modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(from, path), join(to, path));
  }
  await run('depmod', ['-b', root, tree.version]);
}
