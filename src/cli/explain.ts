/** `tinsmith explain`: why a machine did, or did not, boot, in one sentence, with what that rests on. */
import type { Explained, FirmwarePreview } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command } from './command.ts';
import { followBoot } from './explain-follow.ts';
import { outputFlag, write, writeJson } from './output.ts';
import { explanationOf, type Subject, subjectOf } from './subject.ts';
import { printable, type Terminal } from './terminal.ts';
import { answerOf } from './trace.ts';

/** The exit code where a machine is not booted, and not on its way: something is missing, or it is left alone. */
const NOT_BOOTED = 1;

export const explain = command({
  usage: 'explain <machine>',
  summary: 'Say why a machine did, or did not, boot',
  examples: [
    ['explain node1', 'One sentence, then the evidence; exit code 1 where it is not booted, nor on its way'],
    ['explain 52:54:00:00:00:01', 'Of a machine that is not known too'],
    ['explain node1 --follow', 'Watch a boot: what comes, and what is missing once it is, until Ctrl-C'],
    ['explain node1 --preview', 'What it would be given now, by DHCP and as a script'],
    ['explain node1 --preview --arch 9', 'The same for one firmware, by its code of DHCP option 93'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('machine', { type: 'string', demandOption: true, describe: 'Id, name, MAC or IP address' })
      .option('follow', { alias: 'f', type: 'boolean', describe: 'Show what comes, until Ctrl-C' })
      .option('preview', { type: 'boolean', describe: 'Say what it would be given now, without a packet' })
      .option('arch', {
        type: 'string',
        describe:
          'With --preview: one firmware (bios, uefi, uefi-http, arm64, arm64-http, ipxe, or a code of option 93)',
        implies: 'preview',
      })
      .conflicts('follow', 'preview'),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const subject = await subjectOf(client, args.machine);
    const json = args.output === 'json';
    if (args.preview) {
      await showPreview(client, subject, args.arch, { json, terminal });
      return 0;
    }
    if (args.follow) {
      await followBoot(client, subject, { json, terminal });
      return 0;
    }
    const answer = await explanationOf(client, subject);
    if (json) writeJson(terminal, answer);
    else showExplained(answer.data, terminal);
    const { state } = answer.data;
    return state === 'missing' || state === 'declined' ? NOT_BOOTED : 0;
  },
});

function showExplained({ sentence, next, now, stages, evidence, state }: Explained, terminal: Terminal): void {
  const lines = [
    printable(sentence),
    ...(state === 'booted' || state === 'under-way' ? [] : [`If it asked now: ${printable(now.sentence)}`]),
    ...(next === undefined ? [] : [printable(next)]),
  ];
  const passed = stages.filter((stage) => stage.state !== 'not-needed');
  if (passed.length > 0)
    lines.push(
      '',
      ...passed.map(({ stage, state: of, at = '', what = '' }) =>
        `  ${stage.padEnd(8)} ${of.padEnd(10)} ${at}  ${printable(what)}`.trimEnd(),
      ),
    );
  terminal.stdout.write(`${lines.join('\n')}\n`);
  if (evidence.length === 0) return;
  terminal.stdout.write('\n');
  write(terminal, { output: 'table' }, answerOf(evidence));
}

async function showPreview(
  client: Client,
  { machine, macs: [mac = ''] }: Subject,
  arch: string | undefined,
  { json, terminal }: { json: boolean; terminal: Terminal },
): Promise<void> {
  const path = `preview/${encodeURIComponent(machine?.id ?? mac)}/firmware`;
  const told = await client.find<FirmwarePreview>(path, { arch });
  if (json) return writeJson(terminal, told);
  const blocks = told.firmware.map(({ firmware, architecture, answered, sentence, fields }) => {
    const head = `${firmware} (architecture ${architecture}): ${answered ? '' : 'not answered: '}${sentence}`;
    return [printable(head), ...fields.map(({ name, value }) => `  ${name}: ${printable(value)}`)].join('\n');
  });
  const script = told.script === undefined ? [] : [`Its script:\n${indented(told.script)}`];
  terminal.stdout.write(`${[printable(told.sentence), ...blocks, ...script].join('\n\n')}\n`);
}

function indented(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${printable(line)}`)
    .join('\n');
}
