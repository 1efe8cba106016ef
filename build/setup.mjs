// The first step of every npm script: runs on whatever Node the host has, with nothing installed yet. Installs the
// packages of the lockfile when they are not those of the lockfile, and goes on under the pinned Node.
//   node build/setup.mjs SCRIPT [ARGUMENTS]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(top);
const lock = readFileSync('package-lock.json', 'utf8');
const mark = 'node_modules/.installed-lock.json';

if (!existsSync(mark) || readFileSync(mark, 'utf8') !== lock) {
  // On standard error, as all progress: standard output is the script's own.
  console.error('setup: installing the npm packages of the lockfile');
  const { status } = spawnSync('npm', ['ci', '--no-progress', '--loglevel=error'], {
    stdio: ['inherit', 2, 'inherit'],
  });
  if (status !== 0) {
    console.error('setup: npm ci failed. It needs npm 9 or newer and a registry that it can reach.');
    process.exit(status ?? 1);
  }
  writeFileSync(mark, lock);
}

const node = join(top, 'node_modules/.bin/node');
if (!existsSync(node)) {
  console.error(`setup: there is no Node for ${process.platform}-${process.arch} in the lockfile; Tinsmith is built on linux-x64 and linux-arm64.`);
  process.exit(1);
}
const [script, ...args] = process.argv.slice(2);
const { status, signal } = spawnSync(node, [script, ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${join(top, 'node_modules/.bin')}:${process.env.PATH}` },
});
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
