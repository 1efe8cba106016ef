/**
 * `npm run bench -- boots [--json]`: measures our servers and, in the same run, those that others use for the same, and
 * prints ours, theirs, ratio.
 */
import { messageOf, TinsmithError } from '../src/errors.ts';
import { parseArguments, type Suite, USAGE } from './arguments.ts';
import { benchBoots } from './boots/boots.ts';
import { type Host, hostFacts, loadNow } from './host.ts';
import { preparePeers } from './peers.ts';
import { type Comparison, compare, tableOf } from './report.ts';

/** What `--json` prints. */
type Document = {
  benchmark: Suite;
  /** ISO 8601 */
  startedAt: string;
  seconds: number;
  host: Host;
  results: Comparison[];
};

async function measure(benchmark: Suite): Promise<Document> {
  const peers = await preparePeers();
  const startedAt = new Date();
  const loadBefore = loadNow();
  const measures = await benchBoots(peers.folders, (text) => console.error(`bench: measuring ${text}`));
  return {
    benchmark,
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    host: hostFacts(peers.versions, loadBefore),
    results: measures.map(compare),
  };
}

function hostText({ processor, cores, kernel, node, tinsmith, peers, loadAverage }: Host): string {
  const names = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  return [
    `${cores} cores of ${processor}, Linux ${kernel}, Node ${node}, tinsmith ${tinsmith}`,
    names.join(', '),
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
      const document = await measure(wanted.suite);
      if (wanted.json) console.log(JSON.stringify(document, null, 2));
      else console.log(`${tableOf(document.results)}\n\n${hostText(document.host)}`);
    } catch (error) {
      console.error(`bench: ${messageOf(error)}`);
      if (error instanceof TinsmithError && error.next !== undefined) console.error(error.next);
      process.exitCode = error instanceof TinsmithError ? error.exit : 1;
    }
    break;
}
