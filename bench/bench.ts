/**
 * `npm run bench -- boots|workflows|machines [--only PART] [--json]`: measures ours and, in the same run, what others use for the same, or the
 * fewest lines that could do it, and prints ours, theirs, ratio.
 */
import { messageOf, TinsmithError } from '../src/errors.ts';
import { type BootsPart, parseArguments, type Suite, USAGE } from './arguments.ts';
import { benchBoots } from './boots/boots.ts';
import { type Host, hostFacts, loadNow } from './host.ts';
import { benchMachines } from './machines/machines.ts';
import { preparePeers } from './peers.ts';
import { type Row, tableOf } from './report.ts';
import { benchWorkflows } from './workflows/workflows.ts';

/** What `--json` prints. */
type Document = {
  benchmark: Suite;
  /** ISO 8601 */
  startedAt: string;
  seconds: number;
  host: Host;
  rows: Row[];
};

async function measure(benchmark: Suite, only: readonly BootsPart[]): Promise<Document> {
  const peers = await preparePeers(benchmark);
  const startedAt = new Date();
  const loadBefore = loadNow();
  const rows = await rowsOfSuite(benchmark, peers.folders, only);
  return {
    benchmark,
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    host: hostFacts(peers.versions, loadBefore),
    rows,
  };
}

async function rowsOfSuite(suite: Suite, folders: readonly string[], only: readonly BootsPart[]): Promise<Row[]> {
  const progress = (text: string): void => console.error(`bench: measuring ${text}`);
  switch (suite) {
    case 'boots':
      return benchBoots(folders, only, progress);
    case 'workflows':
      return benchWorkflows(progress);
    case 'machines':
      return benchMachines(progress);
  }
}

function hostText({ processor, cores, kernel, node, tinsmith, peers, loadAverage }: Host): string {
  const names = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  return [
    `${cores} cores of ${processor}, Linux ${kernel}, Node ${node}, tinsmith ${tinsmith}`,
    ...(names.length > 0 ? [names.join(', ')] : []),
    `load average ${loadAverage.before.toFixed(2)} before, ${loadAverage.after.toFixed(2)} after`,
  ].join('\n');
}

const wanted = parseArguments(process.argv.slice(2));
switch (wanted.kind) {
  case 'help':
    console.log(USAGE);
    break;
  case 'usage-error':
    console.error(`${wanted.sentence}\n\n${USAGE}`);
    process.exitCode = 64;
    break;
  case 'measure':
    // The programs under way get the signal too; their end fails the measurement, which then removes what it made.
    process.once('SIGINT', () => console.error('bench: interrupted, cleaning up'));
    try {
      const document = await measure(wanted.suite, wanted.only);
      if (wanted.json) console.log(JSON.stringify(document, null, 2));
      else console.log(`${tableOf(document.rows)}\n\n${hostText(document.host)}`);
    } catch (error) {
      console.error(`bench: ${messageOf(error)}`);
      if (error instanceof TinsmithError && error.next !== undefined) console.error(error.next);
      process.exitCode = error instanceof TinsmithError ? error.exit : 1;
    }
    break;
}
