/** The benchmark's command line. */

/** What can be measured. */
export const SUITES = ['boots', 'workflows', 'machines'] as const;
export type Suite = (typeof SUITES)[number];

export const USAGE = `usage: npm run bench -- ${SUITES.join('|')} [--json]

  boots      TFTP, DHCP and HTTP, ours beside tftpd-hpa, dnsmasq, atftpd and nginx
  workflows  reports, streams, the event log, templates, actions and their output, ours beside Go's text/template,
             docker run, and the fewest lines that could do the same
  machines   a thousand machines that go through stages, each task a job, ours beside the fewest lines that could
             take the same requests

  --json     one JSON document on standard output instead of a table
  --help     this text

Runs as root on Debian for some minutes. Installs the peers it lacks. What else the machine does meanwhile shows in the
figures.`;

export type Wanted =
  | { kind: 'measure'; suite: Suite; json: boolean }
  | { kind: 'help' }
  | { kind: 'usage-error'; sentence: string };

/** Reads the words after `npm run bench --`. */
export function parseArguments(words: readonly string[]): Wanted {
  if (words.includes('--help') || words.includes('-h')) return { kind: 'help' };
  const [name, ...more] = words.filter((word) => word !== '--json');
  const suite = SUITES.find((each) => each === name);
  const [unknown] = suite === undefined ? [name] : more;
  if (unknown !== undefined) return { kind: 'usage-error', sentence: `There is no ${unknown} here.` };
  if (suite === undefined) return { kind: 'usage-error', sentence: 'Name what is to be measured.' };
  return { kind: 'measure', suite, json: words.includes('--json') };
}
