/** `tinsmith trace` and `tinsmith explain`: what happened to a machine on its way, and why. */
import type { Data, Machine, Preview, TraceEntry, TraceSummary } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { Client, serverFlags } from './client.ts';
import { command } from './command.ts';
import { type Answer, outputFlag, rowFlags, write, writeJson } from './output.ts';
import { printable, type Terminal } from './terminal.ts';

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

export const trace = command({
  usage: 'trace [machine]',
  summary: 'Show every packet, request and decision about a machine',
  examples: [
    ['trace', 'Every MAC address heard of, known or not, and the last thing about it'],
    ['trace node1', 'All about one machine'],
    ['trace 52:54:00:00:00:01 --follow', 'And what comes, until Ctrl-C'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('machine', { type: 'string', describe: 'Id, name, MAC or IP address' })
      .option('follow', { alias: 'f', type: 'boolean', describe: 'Show what comes, until Ctrl-C' }),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const subject = args.machine === undefined ? undefined : await subjectOf(client, args.machine);
    if (args.follow) return follow(client, subject, args.output === 'json', terminal);
    if (!subject) {
      const answer = await client.get<Data<TraceSummary[]>>('trace');
      const rows = answer.data.map(({ mac, machine, last }) => [
        mac,
        machine,
        last.time,
        last.role,
        last.what,
        last.outcome,
        last.sentence,
      ]);
      return write(terminal, args, {
        headers: ['MAC Address', 'Machine', 'Time', 'Role', 'What', 'Outcome', 'Why'],
        rows,
        json: answer,
      });
    }
    write(terminal, args, answerOf(await entriesOf(client, subject)));
  },
});

export const explain = command({
  usage: 'explain <machine>',
  summary: 'Say why a machine did, or did not, boot',
  examples: [
    ['explain node1', 'One sentence, then the evidence'],
    ['explain 52:54:00:00:00:01', 'Of a machine that is not known too'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs)).positional('machine', {
      type: 'string',
      demandOption: true,
      describe: 'Id, name, MAC or IP address',
    }),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const subject = await subjectOf(client, args.machine);
    const entries = await entriesOf(client, subject);
    const last = entries.at(-1);
    const now = await previewOf(client, subject);
    if (args.output === 'json')
      return writeJson(terminal, { data: { machine: subject.machine, last, now, trace: entries } });
    const name = subject.machine?.name ?? subject.macs[0] ?? args.machine;
    const lines = [
      last
        ? printable(last.sentence)
        : `Nothing has been heard of ${printable(name)}: no packet from ${subject.macs.join(' or ')} has reached this appliance since it started.`,
      ...(now ? [`If it asked now: ${printable(now.sentence)}`] : []),
    ];
    terminal.stdout.write(`${lines.join('\n')}\n`);
    if (last) {
      terminal.stdout.write('\n');
      write(terminal, { output: 'table' }, answerOf(entries));
    } else
      terminal.stdout.write(
        'Check that it is switched on, boots from the network, and is on a network that the appliance serves: tinsmith status\n',
      );
  },
});

/** What a trace is about: a machine of ours with its MAC addresses, or an address that is nobody’s. */
interface Subject {
  machine?: Machine;
  macs: string[];
}

async function subjectOf(client: Client, name: string): Promise<Subject> {
  try {
    const { data } = await client.get<Data<Machine>>('machines', name);
    return { machine: data, macs: data.interfaces.map(({ mac }) => mac) };
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.code !== 'NOT_FOUND' || !MAC.test(name)) throw error;
    return { macs: [name.toLowerCase().replaceAll('-', ':')] };
  }
}

/** Undefined: an older appliance, which says nothing of machines that it does not know. */
async function previewOf(client: Client, { machine, macs: [mac = ''] }: Subject): Promise<Preview | undefined> {
  try {
    return await client.get<Preview>('preview', machine?.id ?? mac);
  } catch (error) {
    if (machine || !(error instanceof TinsmithError) || error.code !== 'NOT_FOUND') throw error;
    return undefined;
  }
}

async function entriesOf(client: Client, { macs }: Subject): Promise<TraceEntry[]> {
  const entries: TraceEntry[] = [];
  for (const mac of macs) entries.push(...(await client.get<Data<TraceEntry[]>>('trace', mac)).data);
  return entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

async function follow(client: Client, subject: Subject | undefined, json: boolean, terminal: Terminal): Promise<void> {
  const show = (entry: TraceEntry): void => {
    const { time, mac, role, what, outcome, sentence } = entry;
    terminal.stdout.write(
      json
        ? `${JSON.stringify(entry)}\n`
        : `${time}  ${mac}  ${role.padEnd(6)} ${outcome.padEnd(9)} ${printable(what)}: ${printable(sentence)}\n`,
    );
  };
  // Asked for before the trace is, so that nothing in between is lost.
  const events = client.events(subject?.machine ? { machine: [subject.machine.id] } : {});
  let next = events.next();
  next.catch(() => {});
  const before = subject ? await entriesOf(client, subject) : [];
  for (const entry of before) show(entry);
  const shown = new Set(before.map((entry) => JSON.stringify(entry)));
  for (;;) {
    const { value: event, done } = await next;
    if (done) return;
    if (
      event.kind === 'boot.trace' &&
      (!subject || subject.macs.includes(event.data.mac)) &&
      !shown.has(JSON.stringify(event.data))
    )
      show(event.data);
    next = events.next();
    next.catch(() => {});
  }
}

function answerOf(entries: TraceEntry[]): Answer {
  return {
    headers: ['Time', 'Role', 'What', 'Outcome', 'Why'],
    rows: entries.map(({ time, role, what, outcome, sentence }) => [time, role, what, outcome, sentence]),
    json: { data: entries },
  };
}
