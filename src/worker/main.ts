/** `tinsmith worker` as a process, with everything from the environment and the kernel command line. */
import { readFileSync } from 'node:fs';
import { messageOf, TinsmithError } from '../errors.ts';
import { installStackMapping } from '../executable/stack.ts';
import { VERSION } from '../version.ts';
import { runWorker, workerSettings } from './index.ts';

installStackMapping();

async function work(): Promise<void> {
  const kernelCommandLine = readFileSync('/proc/cmdline', 'utf8');
  const settings = workerSettings({ flags: {}, environment: process.env, kernelCommandLine });
  await runWorker(settings, { version: VERSION });
}

work().catch((error: unknown) => {
  const ours = error instanceof TinsmithError ? error : undefined;
  process.stderr.write(`worker: ${messageOf(error)}\n${ours?.next ? `${ours.next}\n` : ''}`);
  process.exitCode = ours?.exit ?? 70;
});
