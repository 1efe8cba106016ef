/**
 * An agent as a process of its own, on a machine that is only made up: it says on a line `POWER …` what it would have done
 * with it, and ends as the machine would. Its settings come as JSON in the first argument.
 */
import { runWorker } from '../../src/worker/index.ts';

const { directory, boot, inventory, ...settings } = JSON.parse(process.argv[2] ?? '{}');
await runWorker(settings, {
  version: 'test',
  directory,
  boot,
  ...(inventory === undefined ? {} : { inventory: async () => inventory }),
  disks: { counters: async () => ({}), dirtied: async () => 0, bootable: async () => [] },
  sync: async () => {},
  power: {
    obstacle: async () => undefined,
    async perform(verb) {
      process.stdout.write(`POWER ${verb}\n`, () => process.exit(0));
      await new Promise(() => {});
    },
  },
});
process.stdout.write('ENDED\n');
