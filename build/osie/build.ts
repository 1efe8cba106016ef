/**
 * Makes the OSIE, the in-memory system that machines boot to run their workflow: `dist/osie/vmlinuz`, `initrd.img`
 * and `osie.json`. Run: `node build/osie/build.ts [--compression zstd-3|zstd-19] [--kernel generic|cloud]`.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TinsmithError } from '../../src/errors.ts';
import { shell } from '../command.ts';
import { fetchDebs, installPackages, packageOf } from '../debian.ts';
import {
  bundleCertificates,
  keepLibraries,
  keepPrograms,
  linkBusybox,
  makeRoot,
  unpackDebs,
  writeNames,
} from '../debs.ts';
import { CACHE, DIST, digestOf, megabytes, progress, REPOSITORY, sha256, whenChanged } from '../step.ts';
import * as contents from './contents.ts';
import { chooseModules, installModules, type KernelTree, unpackKernel } from './modules.ts';
import { packInitrd } from './pack.ts';

export interface OsieOptions {
  /** zstd level of the squashfs, 1 to 22: 9 unless told; 19 for a release. */
  level?: number;
  kernel?: contents.Kernel;
}

/** Where the OSIE lies. */
export interface OsieFiles {
  kernel: string;
  initrd: string;
  description: string;
}

/** Memory in MiB a machine should have. Measured with a 95 MB second initrd: 640 works, 576 does not. */
const MEMORY_MIB = 1024;

/** Makes the OSIE unless it is there from the same packages and scripts. */
export async function buildOsie(options: OsieOptions = {}): Promise<OsieFiles> {
  const kernel = options.kernel ?? 'generic';
  const level = options.level ?? 9;
  const folder = join(DIST, 'osie');
  const files = {
    kernel: join(folder, 'vmlinuz'),
    initrd: join(folder, 'initrd.img'),
    description: join(folder, 'osie.json'),
  };
  await installPackages(['squashfs-tools', 'cpio', 'kmod', 'zstd']);
  const debs = await fetchDebs(join(CACHE, 'debs'), [...contents.PACKAGES, contents.KERNEL_PACKAGE[kernel]]);
  const inputs = digestOf(['build/osie', 'build/debs.ts', 'assets/osie'], [kernel, `${level}`, ...debs]);
  await whenChanged('osie', inputs, Object.values(files), async () => {
    const work = join(CACHE, 'osie');
    const root = join(work, 'root');
    await mkdir(folder, { recursive: true });
    const tree = await unpackKernel(debs);
    await fillRoot(root, debs, tree);
    progress('osie', `packing with zstd level ${level}`);
    await packInitrd({ root, kernel: tree, work, level, out: files.initrd });
    await copyFile(tree.vmlinuz, files.kernel);
    await writeFile(files.description, await describe(files, tree, debs));
    await rm(work, { recursive: true });
    progress('osie', `kernel ${tree.version} ${megabytes(files.kernel)}, initrd ${megabytes(files.initrd)}`);
  });
  return files;
}

async function fillRoot(root: string, debs: readonly string[], tree: KernelTree): Promise<void> {
  await makeRoot(root);
  const used = debs.filter((deb) => !contents.UNUSED_PACKAGES.test(packageOf(deb)));
  progress('osie', `unpacking ${used.length} packages`);
  await unpackDebs(root, used);
  await keepPrograms(root, contents.KEPT_PROGRAMS);
  await keepLibraries(root, contents.NODE_LIBRARIES);
  await bundleCertificates(root);
  await writeNames(root);
  await linkBusybox(root);
  // dockerd looks for the containers' init by this name.
  await shell('ln -s tini-static "$1/usr/bin/docker-init"', [root]);
  const modules = chooseModules(tree, contents.MODULES, contents.LEFT_OUT_MODULES);
  await installModules(tree, modules, root);
  await shell('cp -r --no-preserve=ownership "$1/." "$2"', [join(REPOSITORY, 'assets/osie/root'), root]);
  // No password opens root's account, and nothing that asks for one is started.
  await writeFile(join(root, 'etc/shadow'), 'root:!:::::::\n', { mode: 0o600 });
  progress('osie', `root with ${modules.length} kernel modules`);
}

async function describe(files: OsieFiles, tree: KernelTree, debs: readonly string[]): Promise<string> {
  const fact = async (path: string) => ({ bytes: (await readFile(path)).length, sha256: await sha256(path) });
  const versions = Object.fromEntries(debs.map((deb) => [packageOf(deb), deb.split('_')[1] ?? '']));
  const engine = decodeURIComponent(versions['docker.io'] ?? '');
  const description = {
    kernel: tree.version,
    architecture: 'x86_64',
    engine: `docker ${engine}`,
    memoryMiB: MEMORY_MIB,
    vmlinuz: await fact(files.kernel),
    initrd: await fact(files.initrd),
  };
  return `${JSON.stringify(description, null, 2)}\n`;
}

function readOptions(): OsieOptions {
  const { values } = parseArgs({ options: { compression: { type: 'string' }, kernel: { type: 'string' } } });
  const { compression, kernel } = values;
  const level = compression === undefined ? undefined : Number(/^zstd-(\d+)$/.exec(compression)?.[1]);
  if (level !== undefined && !(level >= 1 && level <= 22)) {
    throw new TinsmithError('USAGE', `--compression ${compression}: expected zstd-1 to zstd-22`);
  }
  if (kernel !== undefined && kernel !== 'generic' && kernel !== 'cloud') {
    throw new TinsmithError('USAGE', `--kernel ${kernel}: expected generic or cloud`);
  }
  return { level, kernel };
}

if (import.meta.main) await buildOsie(readOptions());
