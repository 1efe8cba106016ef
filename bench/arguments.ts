/** The benchmark's command line. */

/** What can be measured. */
export const SUITES = ['boots', 'workflows', 'machines'] as const;
export type Suite = (typeof SUITES)[number];

/** The parts of a boot that can be measured alone. */
export const BOOTS_PARTS = ['dhcp', 'storm', 'tftp', 'loss', 'http', 'memory', 'boot'] as const;
export type BootsPart = (typeof BOOTS_PARTS)[number];

export const USAGE = `usage: npm run bench -- ${SUITES.join('|')} [--only PART] [--json]

  boots      all that a boot asks of the appliance, beside Kea, dnsmasq, tftpd-hpa, atftpd and nginx; its parts:
             ${BOOTS_PARTS.join(', ')}
  workflows  reports, streams, the event log, templates, actions and their output, ours beside Go's text/template,
             docker run, and the fewest lines that could do the same
  machines   a thousand machines that go through stages, each task a job, ours beside the fewest lines that could
             take the same requests

  --only     of boots, these parts only: \`--only dhcp,storm\`
  --json     one JSON document on standard output instead of a table
  --help     this text

Runs as root on Debian for some minutes. Installs the peers it lacks. What else the machine does meanwhile shows in the
figures.`;

export type Wanted =
  | { kind: 'measure'; suite: Suite; only: readonly BootsPart[]; json: boolean }
  | { kind: 'help' }
  | { kind: 'usage-error'; sentence: string };

/** Reads the words after `npm run bench --`. */
export function parseArguments(words: readonly string[]): Wanted {
  if (words.includes('--help') || words.includes('-h')) return { kind: 'help' };
  const at = words.indexOf('--only');
  const named = at < 0 ? undefined : (words[at + 1] ?? '').split(',');
  const [name, ...more] = words.filter(
    (word, index) => word !== '--json' && (at < 0 || (index !== at && index !== at + 1)),
  );
  const suite = SUITES.find((each) => each === name);
  const [unknown] = suite === undefined ? [name] : more;
  if (unknown !== undefined) return { kind: 'usage-error', sentence: `There is no ${unknown} here.` };
  if (suite === undefined) return { kind: 'usage-error', sentence: 'Name what is to be measured.' };
  const only = BOOTS_PARTS.filter((part) => named === undefined || named.includes(part));
  const strange = named?.find((each) => !BOOTS_PARTS.some((part) => part === each));
  if (strange !== undefined || (named !== undefined && suite !== 'boots')) {
    return { kind: 'usage-error', sentence: `${suite} has no part ${strange ?? named?.join(',')}.` };
  }
  return { kind: 'measure', suite, only, json: words.includes('--json') };
}
