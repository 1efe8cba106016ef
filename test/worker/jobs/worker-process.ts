/** The worker as a process that a test can kill, without a container engine. Its settings come as JSON in the first argument. */
import { runWorker } from '../../../src/worker/index.ts';

const { directory, ...settings } = JSON.parse(process.argv[2] ?? '{}');
await runWorker(settings, {
  version: 'test',
  directory,
  boot: 'boot-1',
  disks: { counters: async () => ({}), dirtied: async () => 0, bootable: async () => [] },
  sync: async () => {},
  power: { obstacle: async () => undefined, perform: async () => {} },
});
