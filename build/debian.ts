import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './command.ts';
import { CACHE, progress } from './step.ts';
import { withoutServices } from './without-services.ts';

const QUIET = ['-qq', '-y', '-o', 'APT::Install-Recommends=0', '-o', 'DPkg::Lock::Timeout=300'];
// Of a name server that does not answer apt has enough after 9 s; with so many tries after a minute and a half.
QUIET.push('-o', 'Acquire::Retries=7');

let updated: Promise<string> | undefined;

/** `apt-get update` from whatever mirror apt is set up with, once a process. */
function updateOnce(): Promise<string> {
  if (updated === undefined) {
    progress('debian', 'apt-get update');
    updated = run('apt-get', [...QUIET, 'update']);
  }
  return updated;
}

async function isInstalled(name: string): Promise<boolean> {
  try {
    return (await run('dpkg-query', ['--status', name])).includes('\nStatus: install ok installed\n');
  } catch {
    return false; // dpkg-query knows no such package
  }
}

/** Installs the Debian packages a build step needs on this host, only those that are missing; their services do not start. */
export async function installPackages(names: readonly string[]): Promise<void> {
  const missing: string[] = [];
  for (const name of names) if (!(await isInstalled(name))) missing.push(name);
  if (missing.length === 0) return;
  await updateOnce();
  progress('debian', `installing ${missing.join(' ')}`);
  await withoutServices(() => run('apt-get', [...QUIET, 'install', ...missing]));
}

/** Digest of the signed indexes apt holds: it changes when `apt-get update` brought news. */
function indexDigest(lists: string): string {
  const hash = createHash('sha256');
  const names = existsSync(lists) ? readdirSync(lists) : [];
  for (const name of names.filter((each) => each.endsWith('Release')).sort()) {
    hash.update(name).update(readFileSync(join(lists, name)));
  }
  return hash.digest('hex');
}

/** apt's options to see another architecture's packages, with indexes of its own; none for the host's. */
async function architectureOptions(arch: string | undefined): Promise<{ options: string[]; lists: string }> {
  if (arch === undefined) return { options: [], lists: '/var/lib/apt/lists' };
  const state = join(CACHE, 'apt', arch);
  const lists = join(state, 'lists');
  const options = ['-o', `APT::Architecture=${arch}`, '-o', `APT::Architectures::=${arch}`];
  options.push('-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache::pkgcache=${state}/pkgcache.bin`);
  options.push('-o', `Dir::Cache::srcpkgcache=${state}/srcpkgcache.bin`);
  if (!existsSync(lists)) {
    await mkdir(join(lists, 'partial'), { recursive: true });
    progress('debian', `apt-get update for ${arch}`);
    await run('apt-get', [...QUIET, ...options, 'update']);
  }
  return { options, lists };
}

/**
 * Fetches packages and everything they depend on as .deb files, against an EMPTY dpkg status, so that the host's own
 * packages change nothing. Returns the paths in `dest`, sorted. The answer is remembered until apt's indexes change:
 * after the next `apt-get update` a new Debian version is fetched.
 */
export async function fetchDebs(
  dest: string,
  names: readonly string[],
  more: { arch?: string } = {},
): Promise<string[]> {
  const { options, lists } = await architectureOptions(more.arch);
  if (more.arch === undefined && !readdirSync(lists).some((name) => name.includes('_Packages'))) await updateOnce();
  const key = createHash('sha256')
    .update([...names].sort().join(' '))
    .update(more.arch ?? '')
    .update(indexDigest(lists));
  const memory = join(dest, `closure-${key.digest('hex').slice(0, 16)}.json`);
  if (existsSync(memory)) {
    const known = (JSON.parse(readFileSync(memory, 'utf8')) as string[]).map((name) => join(dest, name));
    if (known.every((path) => existsSync(path))) return known;
  }
  await mkdir(join(dest, 'partial'), { recursive: true });
  const status = join(dest, 'status');
  await writeFile(status, '');
  const apt = [...QUIET, ...options, '-o', `Dir::State::status=${status}`, '-o', `Dir::Cache::archives=${dest}`];
  apt.push('-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root');
  const closure = await closureOf(apt, names);
  const wanted = closure.map((name) => join(dest, name));
  const absent = wanted.filter((path) => !existsSync(path)).length;
  if (absent > 0) {
    progress('debian', `fetching ${absent} packages`);
    await run('apt-get', [...apt, '--download-only', 'install', ...names]);
  }
  await writeFile(`${memory}.new`, JSON.stringify(closure, null, 1));
  await rename(`${memory}.new`, memory);
  return wanted;
}

/** File names of the closure. `--print-uris` leaves out what is in the archives folder, so it is asked about an empty one. */
async function closureOf(apt: readonly string[], names: readonly string[]): Promise<string[]> {
  const empty = join(CACHE, 'apt', 'empty');
  await mkdir(join(empty, 'partial'), { recursive: true });
  const out = await run('apt-get', [
    ...apt,
    '-o',
    `Dir::Cache::archives=${empty}`,
    '--print-uris',
    'install',
    ...names,
  ]);
  return out
    .split('\n')
    .map((line) => line.split(' ')[1])
    .filter((name) => name?.endsWith('.deb') === true)
    .map((name) => basename(name ?? ''))
    .sort();
}

/** Package name of a .deb file name: `libc6` of `libc6_2.36-9_amd64.deb`. */
export function packageOf(deb: string): string {
  return basename(deb).split('_')[0] ?? '';
}
