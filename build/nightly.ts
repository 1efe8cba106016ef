/**
 * `npm run nightly [SEEDS]`: the life of a virtual machine, again and again, with the power cut and the appliance killed at
 * moments that each seed chooses. Twenty seeds by default; a few minutes each.
 */
import { spawnSync } from 'node:child_process';
import { LAB_PACKAGES } from '../src/lab/preflight.ts';
import { buildForLab } from './build.ts';
import { installPackages } from './debian.ts';

const SEEDS = 20;

await installPackages(LAB_PACKAGES);
await buildForLab();
const seeds = Number(process.argv[2] ?? SEEDS);
if (!Number.isInteger(seeds) || seeds < 1) {
  console.error(`${process.argv[2]} is no number of seeds.`);
  process.exit(64);
}
const failed: number[] = [];
for (let seed = 1; seed <= seeds; seed++) {
  console.log(`\n== seed ${seed} of ${seeds}`);
  const env = { ...process.env, TINSMITH_LAB_SEED: String(seed) };
  const { status } = spawnSync(process.execPath, ['--test', 'test/lab/life.test.ts'], { stdio: 'inherit', env });
  if (status !== 0) failed.push(seed);
}
console.log(failed.length === 0 ? `\nall ${seeds} seeds passed` : `\nfailed: seeds ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
