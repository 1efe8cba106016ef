/**
 * Makes `dist/THIRD-PARTY-NOTICES.txt`: whose work is shipped with Tinsmith, under which licence, and where its source
 * is. Two kinds: npm packages and Node, which are linked into the executable; and Debian's programs, which only travel
 * with it. Run: `node build/notices.ts`.
 */
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { TinsmithError } from '../src/errors.ts';
import { run, shell } from './command.ts';
import { fetchDebs, installPackages, packageOf } from './debian.ts';
import { DEBIAN_PACKAGES } from './image/debian.ts';
import { TINY_PACKAGES } from './image/tiny.ts';
import { signedDebs } from './loaders.ts';
import * as osie from './osie/contents.ts';
import { CACHE, DIST, digestOf, megabytes, progress, REPOSITORY, whenChanged } from './step.ts';
import { PACKAGES as TOOLS } from './tools-layer.ts';

/** One work and its terms. Works with the same text share one entry of it. */
export interface Notice {
  /** Name and version, as the reader looks for it. */
  title: string;
  /** Licence and copyright lines in full. */
  text: string;
}

/** A binary package of Debian: what its control file says, and its copyright file, which several share by a link. */
export interface DebianPackage {
  name: string;
  source: string;
  sourceVersion: string;
  copyright: string | undefined;
}

/** Development packages that put code of their own into the executable: pkg its start and file system, esbuild its module functions. */
const BUILT_IN = ['node_modules/@yao-pkg/pkg', 'node_modules/@roberts_lando/vfs', 'node_modules/esbuild'];

/** The boot loaders' GRUB is that of this host. */
const GRUB = 'grub-efi-amd64-bin';

/** For dpkg-deb and dpkg-query. */
const SOURCE_FORMAT = `--showformat=\${source:Package} \${source:Version}`;

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      dev: z.boolean().optional(),
      devOptional: z.boolean().optional(),
      optional: z.boolean().optional(),
    }),
  ),
});

/**
 * The npm packages of the production tree with their licences, by name. Optional ones that are not installed here are
 * those of other systems. Throws TinsmithError INTERNAL for a package that neither has a licence file nor names a licence.
 * @param top folder with `package-lock.json` and `node_modules`
 */
export function npmNotices(top: string): Notice[] {
  const { packages } = lockfile.parse(JSON.parse(readFileSync(join(top, 'package-lock.json'), 'utf8')));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => BUILT_IN.includes(path) || (path !== '' && !dev && !devOptional))
    .filter(([path, { optional }]) => !optional || existsSync(join(top, path)))
    .map(([path, { version = '', license }]): Notice => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const text = licenceFiles(join(top, path)) ?? license;
      if (text === undefined) throw new TinsmithError('INTERNAL', `The npm package ${name} has no licence.`);
      return { title: `${name} ${version}`, text };
    })
    .sort((a, b) => (a.title < b.title ? -1 : 1));
}

/** What the licence files of a package say, or undefined when it has none. */
function licenceFiles(folder: string): string | undefined {
  const names = readdirSync(folder).filter(
    (name) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(name) && !/\.[cm]?[jt]s$/.test(name),
  );
  const texts = names.sort().map((name) => readFileSync(join(folder, name), 'utf8'));
  return texts.length === 0 ? undefined : texts.join('\n');
}

/** Debian's packages by source package, for that is what their licences ask to be given; by name. */
export function debianNotices(packages: readonly DebianPackage[]): Notice[] {
  const sources = Map.groupBy(packages, ({ source, sourceVersion }) => `${source} ${sourceVersion}`);
  return [...sources]
    .map(([title, binaries]): Notice => {
      const names = [...new Set(binaries.map(({ name }) => name))].sort();
      const texts = new Set(binaries.flatMap(({ copyright }) => copyright?.trim() || []));
      const said = [...texts].join('\n\n') || `See /usr/share/doc/${names[0]}/copyright on a Debian system.`;
      return { title: `${title} (Debian packages: ${names.join(', ')})`, text: said };
    })
    .sort((a, b) => (a.title < b.title ? -1 : 1));
}

/** A chapter: its heading, what it is about, and the notices, each text once below all the works that have it. */
export function chapter(heading: string, about: string, notices: readonly Notice[]): string {
  const texts = Map.groupBy(notices, ({ text }) => text.replaceAll('\r\n', '\n').trim());
  const entries = [...texts].map(([text, works]) => {
    const titles = works.map(({ title }) => title).join('\n');
    return `${'-'.repeat(80)}\n${titles}\n\n${text}\n`;
  });
  return `${'='.repeat(80)}\n${heading}\n${'='.repeat(80)}\n\n${about}\n\n${entries.join('\n')}`;
}

/** Reads a .deb file. */
async function readDeb(deb: string): Promise<DebianPackage> {
  const [source = '', sourceVersion = ''] = (await run('dpkg-deb', ['--show', SOURCE_FORMAT, deb])).split(' ');
  const name = packageOf(deb);
  // A package without a copyright file of its own has a link to another's of the same source.
  const copyright = await shell(
    'dpkg-deb --fsys-tarfile "$1" | tar -xO "./usr/share/doc/$2/copyright" 2>/dev/null || true',
    [deb, name],
  );
  return { name, source, sourceVersion, copyright: copyright === '' ? undefined : copyright };
}

/** A package that is installed on this host. */
async function readInstalled(name: string): Promise<DebianPackage> {
  const [source = '', sourceVersion = ''] = (await run('dpkg-query', ['--show', SOURCE_FORMAT, name])).split(' ');
  const file = `/usr/share/doc/${name}/copyright`;
  return { name, source, sourceVersion, copyright: existsSync(file) ? readFileSync(file, 'utf8') : undefined };
}

/** The licences that Debian's copyright files only name, in full. */
function commonLicences(): Notice[] {
  const folder = '/usr/share/common-licenses';
  return readdirSync(folder)
    .filter((name) => lstatSync(join(folder, name)).isFile())
    .sort()
    .map((name) => ({ title: name, text: readFileSync(join(folder, name), 'utf8') }));
}

function node(): Notice {
  const folder = join(REPOSITORY, `node_modules/node-linux-${process.arch}`);
  return { title: `Node.js ${process.versions.node}`, text: readFileSync(join(folder, 'LICENSE'), 'utf8') };
}

/** Makes the notices unless they are there from the same packages. Returns their path. */
export async function buildNotices(): Promise<string> {
  const out = join(DIST, 'THIRD-PARTY-NOTICES.txt');
  const wanted = [['ipxe'], TOOLS, [...osie.PACKAGES, osie.KERNEL_PACKAGE.generic], DEBIAN_PACKAGES, TINY_PACKAGES];
  const debs = new Set<string>();
  for (const names of wanted) for (const deb of await fetchDebs(join(CACHE, 'debs'), names)) debs.add(deb);
  for (const signed of Object.values(await signedDebs())) for (const deb of signed) debs.add(deb);
  await installPackages([GRUB]);
  const grub = await readInstalled(GRUB);
  const inputs = digestOf(['package-lock.json', 'build/notices.ts'], [...debs, grub.sourceVersion]);
  await whenChanged('notices', inputs, [out], async () => {
    progress('notices', `reading the copyright files of ${debs.size} Debian packages`);
    const debian = [grub];
    for (const deb of debs) debian.push(await readDeb(deb));
    await mkdir(DIST, { recursive: true });
    await writeFile(`${out}.new`, notices(debian));
    await rename(`${out}.new`, out);
    progress('notices', megabytes(out));
  });
  return out;
}

function notices(debian: readonly DebianPackage[]): string {
  const own = npmNotices(REPOSITORY).filter(({ title }) => !title.startsWith('node-linux-'));
  return [
    `Tinsmith is licensed under the Apache License 2.0 (file LICENSE). With it travel works of others, under their own
licences. First those that are part of the executable; then the programs that are shipped with it as works of their
own, with where their source is; then the licences that those name.\n`,
    chapter('1. In the executable', 'Linked into the program: Node.js, and packages from npm.', [node(), ...own]),
    chapter(
      '2. Beside it: programs of Debian',
      `These are separate programs, as Debian compiled them. Tinsmith starts them, sends them to machines, or writes them to
disks; none is linked with it. iPXE, shim and GRUB are the boot loaders that firmware fetches; busybox, kexec-tools, util-linux
and others are in the image of the built-in actions; both are carried as data in the executable. Linux, Docker Engine,
busybox and others are the in-memory system (dist/osie); the rest is in the disk images that the lab installs.

Each entry begins with Debian's source package and its version. Its source, with the scripts that compile it, is had
from Debian:

    apt-get source NAME=VERSION

or, for a version that Debian has since replaced, from https://snapshot.debian.org/package/NAME/VERSION/. The source of
Linux is the package linux of the same version; linux-signed-amd64 adds Debian's signatures.`,
      debianNotices(debian),
    ),
    chapter('3. Licences named above', 'As in /usr/share/common-licenses of a Debian system.', commonLicences()),
  ].join('\n');
}

if (import.meta.main) await buildNotices();
