import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TinsmithError } from '../src/errors.ts';
import { run, shell } from './command.ts';
import { neededLibraries } from './elf.ts';

/** Where Debian puts amd64's shared libraries, below the root. */
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib'];
const PROGRAMS = ['usr/bin', 'usr/sbin'];

/** Parts of packages that no root made here needs. */
const LEFT_OUT = [
  './usr/share/[a-bd-z]*', // all of /usr/share but ca-certificates
  './usr/lib/systemd',
  './lib/systemd',
  './lib/udev',
  './usr/lib/udev',
  './etc/init.d',
  './etc/default',
  './usr/lib/tmpfiles.d',
  './usr/lib/sysusers.d',
];

/** Makes an empty root with merged /usr (Debian 12's packages still ship /bin and /lib, which must land in /usr). */
export async function makeRoot(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true });
  const folders = 'usr/bin usr/sbin usr/lib usr/lib64 etc proc sys dev run tmp var/lib var/log var/tmp root mnt';
  for (const folder of folders.split(' ')) await mkdir(join(root, folder), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
  await symlink('/run', join(root, 'var/run'));
  await chmod(join(root, 'tmp'), 0o1777);
}

/** Unpacks .deb files into a root, without documentation and without running their scripts. */
export async function unpackDebs(root: string, debs: readonly string[]): Promise<void> {
  const queue = [...debs];
  const exclude = LEFT_OUT.flatMap((pattern) => ['--exclude', pattern]);
  const work = async (): Promise<void> => {
    for (let deb = queue.pop(); deb !== undefined; deb = queue.pop()) {
      const line =
        'deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink --no-same-owner "$@"';
      await shell(line, [deb, '-C', root, ...exclude]);
    }
  };
  await Promise.all([work(), work()]);
}

/** Removes every program but the named ones; fails when a named one is not there. */
export async function keepPrograms(root: string, names: readonly string[]): Promise<void> {
  const wanted = new Set(names);
  const found = new Set<string>();
  for (const folder of PROGRAMS) {
    for (const name of await readdir(join(root, folder))) {
      if (wanted.has(name)) found.add(name);
      else await rm(join(root, folder, name), { recursive: true });
    }
  }
  const absent = names.filter((name) => !found.has(name));
  if (absent.length > 0) throw new TinsmithError('INTERNAL', `no package brought these programs: ${absent.join(' ')}`);
}

/**
 * Removes every shared library that no kept program asks for, directly or through another library. `extra` names those
 * that programs load while they run (name service) or that come later (Node's). Fails when one is missing.
 */
export async function keepLibraries(root: string, extra: readonly string[]): Promise<void> {
  const folders = LIBRARIES.map((folder) => join(root, folder)).filter((folder) => existsSync(folder));
  const kept = new Set<string>();
  const missing = new Set<string>();
  const todo = [...extra];
  for (const folder of PROGRAMS.map((each) => join(root, each))) {
    for (const name of readdirSync(folder)) todo.push(...needs(join(folder, name)));
  }
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    const path = folders.map((folder) => join(folder, name ?? '')).find((each) => existsSync(each));
    if (path === undefined) missing.add(name);
    else if (!kept.has(path)) {
      kept.add(path).add(realpathSync(path));
      todo.push(...needs(realpathSync(path)));
    }
  }
  if (missing.size > 0)
    throw new TinsmithError('INTERNAL', `no package brought these libraries: ${[...missing].join(' ')}`);
  for (const folder of folders) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const isHome = folders.includes(path) || entry.name === 'modules';
      if (!isHome && !kept.has(path)) await rm(path, { recursive: true });
    }
  }
}

function needs(path: string): string[] {
  return lstatSync(path).isFile() ? (neededLibraries(path) ?? []) : [];
}

/** Makes the file of trusted certificates, as the package's own script would. */
export async function bundleCertificates(root: string): Promise<void> {
  const source = join(root, 'usr/share/ca-certificates/mozilla');
  const certificates = readdirSync(source).sort();
  await mkdir(join(root, 'etc/ssl/certs'), { recursive: true });
  const bundle = certificates.map((name) => readFileSync(join(source, name), 'utf8')).join('');
  await writeFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), bundle);
  await rm(join(root, 'usr/share'), { recursive: true });
}

/** Links busybox's applets wherever no package brought a program of that name. Returns how many were linked. */
export async function linkBusybox(root: string, only?: readonly string[]): Promise<number> {
  const paths = (await run(join(root, 'usr/bin/busybox'), ['--list-full'])).trim().split('\n');
  let count = 0;
  for (const path of paths) {
    const name = basename(path);
    if (only?.includes(name) === false) continue;
    if (PROGRAMS.some((folder) => existsSync(join(root, folder, name)))) continue;
    const folder = path.includes('sbin/') ? 'usr/sbin' : 'usr/bin';
    await symlink('/bin/busybox', join(root, folder, name));
    count += 1;
  }
  return count;
}

/** The name-service files that a C library and Node want: users, groups, hosts. */
export async function writeNames(root: string): Promise<void> {
  const files = {
    passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
    group: 'root:x:0:\ntty:x:5:\ndisk:x:6:\nnogroup:x:65534:\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    hosts: '127.0.0.1 localhost\n::1 localhost\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, 'etc', name), text);
}
