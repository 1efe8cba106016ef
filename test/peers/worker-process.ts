/** The worker as a process of its own, that a test can kill. Its settings come as JSON in the first argument. */
import { runWorker } from '../../src/worker/index.ts';

const { directory, ...settings } = JSON.parse(process.argv[2] ?? '{}');
await runWorker(settings, {
  version: 'test',
  privileged: false,
  directory,
  boot: 'boot-1',
  disks: { counters: async () => ({}), dirtied: async () => 0, bootable: async () => [] },
  sync: async () => {},
});
