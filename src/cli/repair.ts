/** `tinsmith repair`: makes a damaged store usable again, on the appliance's own disk. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TinsmithError } from '../errors.ts';
import { command } from './command.ts';
import { outputFlag, say } from './output.ts';
import { DEFAULT_DATA } from './token.ts';

export const repair = command({
  usage: 'repair',
  summary: 'Rebuild a damaged store from what can still be read',
  examples: [['repair --data /var/lib/tinsmith', 'Once the appliance has been stopped; keep a copy of it first']],
  flags: (yargs) =>
    outputFlag(yargs).option('data', { type: 'string', describe: `Data directory [TINSMITH_DATA, ${DEFAULT_DATA}]` }),
  async run(args, terminal) {
    const directory = args.data ?? (terminal.environment.TINSMITH_DATA || DEFAULT_DATA);
    // Claiming would make the directory, which a misspelt name does not deserve.
    if (!existsSync(join(directory, 'db')))
      throw new TinsmithError('NOT_FOUND', `There is no store in ${directory}.`, {
        next: 'Name the data directory of the appliance with --data.',
      });
    const { claimDataDirectory, repairStore } = await import('../store/index.ts');
    const data = claimDataDirectory(directory);
    // As in `up`: the store's addon is unpacked there.
    process.env.TINSMITH_DATA ??= directory;
    try {
      const { kept, dropped } = await repairStore(directory);
      const lost = dropped === 0 ? '' : `, ${dropped} that could not be read are dropped`;
      say(
        terminal,
        args.output,
        `The store in ${directory} is usable: ${kept} entries are there${lost}. What was left out as a whole is in db/lost/.`,
        { kept, dropped },
      );
    } finally {
      data.release();
    }
  },
});
