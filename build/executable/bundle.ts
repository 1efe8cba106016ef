/** Bundles the sources to CommonJS files for the executable: the program, and the thread that carries files. */
import { readFileSync, writeFileSync } from 'node:fs';
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

/** Bundles `src/main.ts` to `<stage>/dist/main.cjs`, with its source map to `<stage>/native/main.map.zst`. */
export async function bundleProgram(stage: string, facts: { version: string; commit: string }): Promise<void> {
  const outfile = join(stage, 'dist/main.cjs');
  await esbuild.build({
    ...COMMON,
    entryPoints: ['src/main.ts'],
    outfile,
    sourcemap: 'external',
    sourcesContent: false,
    plugins: [addons],
    define: {
      ...COMMON.define,
      TINSMITH_VERSION: JSON.stringify(facts.version),
      TINSMITH_COMMIT: JSON.stringify(facts.commit),
    },
  });
  const map = filterSourceMap(
    JSON.parse(readFileSync(`${outfile}.map`, 'utf8')),
    (source) => !source.includes('node_modules'),
  );
  writeFileSync(join(stage, 'native/main.map.zst'), zstdCompressSync(JSON.stringify(map)));
}

/** Bundles the carrier's thread to `<out>`; it has no dependencies and is started from its text. */
export async function bundleCarrier(outfile: string): Promise<void> {
  await esbuild.build({ ...COMMON, entryPoints: ['src/http/carrier/thread.ts'], outfile, define: {}, banner: {} });
}
