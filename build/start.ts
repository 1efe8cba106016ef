/** `npm start`: builds what is not built yet, installs what the lab needs on this host, and runs the lab. */
import { spawnSync } from 'node:child_process';
import { LAB_PACKAGES } from '../src/lab/preflight.ts';
import { buildForLab } from './build.ts';
import { installPackages } from './debian.ts';

await installPackages(LAB_PACKAGES);
await buildForLab();
const { status, signal } = spawnSync('dist/tinsmith', ['lab', ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? (signal === 'SIGINT' ? 130 : 1);
