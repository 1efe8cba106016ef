/** Bundles the sources to CommonJS files for the executable: the program, and the thread that carries files. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { filterSourceMap } from './source-map.ts';

/** Native addons come out of the executable through our own loader, whatever their packages' loaders look for. */
const addons: esbuild.Plugin = {
  name: 'embedded-addons',
  setup(build) {
    const embedded = (name: string): esbuild.OnResolveResult => ({ path: name, namespace: 'addon' });
    build.onResolve({ filter: /^\.\/binding$/ }, ({ importer }) =>
      importer.includes('/classic-level/') ? embedded('classic-level') : undefined,
    );
    build.onResolve({ filter: /^\.\/src\/static\.c?js$/ }, ({ importer }) =>
      importer.includes('/koffi/') ? embedded('koffi') : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'addon' }, ({ path }) => ({
      resolveDir: process.cwd(),
      loader: 'js',
      contents:
        path === 'koffi'
          ? `exports.loadStatic = () => require('./src/executable/addon.ts').loadAddon('koffi');`
          : `module.exports = require('./src/executable/addon.ts').loadAddon('${path}');`,
    }));
    // yargs looks for its translations beside the executable; English is built in.
    build.onLoad({ filter: /y18n[\\/]build[\\/]lib[\\/]platform-shims[\\/]node\.js$/ }, () => ({
      loader: 'js',
      contents: `import { format } from 'node:util'; export default { fs: {}, format, resolve: (...parts) => parts.join('/'), exists: () => false };`,
    }));
    // Optional addons of ssh2, which dockerode brings; it does without them.
    build.onResolve({ filter: /cpu-features|sshcrypto\.node$/ }, ({ path }) => ({ path, external: true }));
  },
};

const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  legalComments: 'none',
  logLevel: 'warning',
  keepNames: true,
  define: { 'import.meta.url': '__importMetaUrl', 'import.meta.dirname': '__dirname' },
  banner: { js: `'use strict'; const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;` },
} satisfies esbuild.BuildOptions;

/** What `src/main.ts` opens, each a bundle of its own: a process reads and compiles only the one that it needs. */
const ROOMS = { cli: 'src/cli/main.ts', worker: 'src/worker/main.ts', action: 'src/actions/main.ts' };

/** Points the imports of `src/main.ts` to the other bundles. */
const rooms: esbuild.Plugin = {
  name: 'rooms',
  setup(build) {
    build.onResolve({ filter: /^\.\/(cli|worker|actions)\/main\.ts$/ }, ({ path, importer }) => {
      const room = Object.entries(ROOMS).find(([, source]) => source === path.replace(/^\./, 'src'));
      return room && importer.endsWith('src/main.ts') ? { path: `./${room[0]}.cjs`, external: true } : undefined;
    });
  },
};

/** Bundles the program to `<stage>/dist/*.cjs`, with source maps to `<stage>/native/*.map.zst`. */
export async function bundleProgram(stage: string, facts: { version: string; commit: string }): Promise<void> {
  const entries = Object.entries({ main: 'src/main.ts', ...ROOMS });
  await esbuild.build({
    ...COMMON,
    entryPoints: entries.map(([out, source]) => ({ in: source, out })),
    outdir: join(stage, 'dist'),
    outExtension: { '.js': '.cjs' },
    sourcemap: 'external',
    sourcesContent: false,
    // Imports of one bundle by another become require(), which pkg's file system knows.
    supported: { 'dynamic-import': false },
    plugins: [rooms, addons],
    define: {
      ...COMMON.define,
      TINSMITH_VERSION: JSON.stringify(facts.version),
      TINSMITH_COMMIT: JSON.stringify(facts.commit),
    },
  });
  for (const [name] of entries) {
    const file = join(stage, `dist/${name}.cjs.map`);
    const map = filterSourceMap(JSON.parse(readFileSync(file, 'utf8')), (source) => !source.includes('node_modules'));
    writeFileSync(join(stage, `native/${name}.map.zst`), zstdCompressSync(JSON.stringify(map)));
    rmSync(file);
  }
}

/** A thread does not see what is embedded: it is told where the program has put koffi's addon. */
const threadAddons: esbuild.Plugin = {
  name: 'thread-addons',
  setup(build) {
    build.onResolve({ filter: /^\.\/src\/static\.c?js$/ }, ({ path, importer }) =>
      importer.includes('/koffi/') ? { path, namespace: 'addon' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'addon' }, () => ({
      contents: `exports.loadStatic = () => {
        const addon = { exports: {} };
        process.dlopen(addon, require('node:worker_threads').workerData.koffi);
        return addon.exports;
      };`,
    }));
  },
};

/** Bundles the carrier's thread to `<out>`; it needs nothing but koffi's addon, and is started from its text. */
export async function bundleCarrier(outfile: string): Promise<void> {
  await esbuild.build({
    ...COMMON,
    entryPoints: ['src/http/carrier/thread.ts'],
    outfile,
    // It is in no file. koffi asks, though it does not look for anything then.
    define: { 'import.meta.url': '"file:///"', 'import.meta.dirname': '"/"' },
    banner: {},
    plugins: [threadAddons],
  });
}
