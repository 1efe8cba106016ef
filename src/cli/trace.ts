/** `tinsmith trace`: every packet, request and decision about a machine. */
import type { Data, TracedBoot, TraceEntry, TraceSummary } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command, usage } from './command.ts';
import { type Answer, rowFlags, write } from './output.ts';
import { type Subject, subjectOf } from './subject.ts';
import { printable, type Terminal } from './terminal.ts';

export const trace = command({
  usage: 'trace [machine]',
  summary: 'Show every packet, request and decision about a machine',
  examples: [
    ['trace', 'Every MAC address heard of, known or not, and the last thing about it'],
    ['trace node1', 'All about one machine that is kept'],
    ['trace node1 --boots', 'The boots that are kept of it'],
    ['trace node1 --boot 3', 'One of them'],
    ['trace 52:54:00:00:00:01 --follow', 'And what comes, until Ctrl-C'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('machine', { type: 'string', describe: 'Id, name, MAC or IP address' })
      .option('boots', { type: 'boolean', describe: 'List the boots that are kept' })
      .option('boot', { type: 'number', describe: 'Only the boot of this number, as --boots lists it' })
      .option('follow', { alias: 'f', type: 'boolean', describe: 'Show what comes, until Ctrl-C' })
      .conflicts('boots', ['boot', 'follow'])
      .conflicts('boot', 'follow'),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const { boot } = args;
    if (boot !== undefined && !(Number.isInteger(boot) && boot > 0))
      throw usage('--boot is not the number of a boot.', 'See which there are: tinsmith trace MACHINE --boots');
    if ((args.boots || boot !== undefined) && args.machine === undefined)
      throw usage('Boots are of one machine.', 'Name it: tinsmith trace MACHINE --boots');
    const subject = args.machine === undefined ? undefined : await subjectOf(client, args.machine);
    if (args.follow) return follow(client, subject, args.output === 'json', terminal);
    if (!subject) return write(terminal, args, newest(await client.get<Data<TraceSummary[]>>('trace')));
    if (args.boots) return write(terminal, args, boots(await bootsOf(client, subject)));
    const entries = await entriesOf(client, subject);
    write(terminal, args, answerOf(boot === undefined ? entries : entries.filter((entry) => entry.boot === boot)));
  },
});

function newest(answer: Data<TraceSummary[]>): Answer {
  return {
    headers: ['MAC Address', 'Machine', 'Time', 'Role', 'What', 'Outcome', 'Why'],
    rows: answer.data.map(({ mac, machine, last: { time, role, what, outcome, sentence } }) => [
      ...[mac, machine, time, role, what, outcome, sentence],
    ]),
    json: answer,
  };
}

function boots(all: TracedBoot[]): Answer {
  return {
    headers: ['Boot', 'MAC Address', 'Began', 'Heard Last', 'Entries', 'Reached'],
    rows: all.map(({ boot, mac, beganAt, lastAt, entries, reached }) => [boot, mac, beganAt, lastAt, entries, reached]),
    json: { data: all },
  };
}

/** Oldest first. */
async function bootsOf(client: Client, { macs }: Subject): Promise<TracedBoot[]> {
  const all: TracedBoot[] = [];
  for (const mac of macs) all.push(...(await client.get<Data<TracedBoot[]>>('trace', mac, 'boots')).data);
  return all.sort((a, b) => Date.parse(a.beganAt) - Date.parse(b.beganAt));
}

/** Oldest first. */
export async function entriesOf(client: Client, { macs }: Subject): Promise<TraceEntry[]> {
  const entries: TraceEntry[] = [];
  for (const mac of macs) entries.push(...(await client.get<Data<TraceEntry[]>>('trace', mac)).data);
  return entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

/** One entry as a line. */
export function lineOf({ time, mac, role, what, outcome, sentence }: TraceEntry): string {
  return `${time}  ${mac}  ${role.padEnd(6)} ${outcome.padEnd(9)} ${printable(what)}: ${printable(sentence)}\n`;
}

async function follow(client: Client, subject: Subject | undefined, json: boolean, terminal: Terminal): Promise<void> {
  for await (const entry of comingEntries(client, subject))
    terminal.stdout.write(json ? `${JSON.stringify(entry)}\n` : lineOf(entry));
}

/** What is kept of a machine's trace, or nothing where it is about all, and then what comes, without end. */
export async function* comingEntries(client: Client, subject: Subject | undefined): AsyncGenerator<TraceEntry> {
  // Asked for before the trace is, so that nothing in between is lost.
  const events = client.events(subject?.machine ? { machine: [subject.machine.id] } : {});
  let next = events.next();
  next.catch(() => {});
  const before = subject ? await entriesOf(client, subject) : [];
  yield* before;
  const shown = new Set(before.map((entry) => JSON.stringify(entry)));
  for (;;) {
    const { value: event, done } = await next;
    if (done) return;
    next = events.next();
    next.catch(() => {});
    if (event.kind !== 'boot.trace' || (subject && !subject.macs.includes(event.data.mac))) continue;
    if (!shown.has(JSON.stringify(event.data))) yield event.data;
  }
}

export function answerOf(entries: TraceEntry[]): Answer {
  return {
    headers: ['Time', 'Role', 'What', 'Outcome', 'Why'],
    rows: entries.map(({ time, role, what, outcome, sentence }) => [time, role, what, outcome, sentence]),
    json: { data: entries },
  };
}
