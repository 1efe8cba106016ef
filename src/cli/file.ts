/** `tinsmith file …` and `tinsmith iso …`: files that the appliance serves, and images whose content it serves. */
import { basename } from 'node:path';
import type { Data, FilePut, Iso, StoredFile } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { Client, type ServerFlags, serverFlags } from './client.ts';
import { command, type Noun, usage } from './command.ts';
import { outputFlag, rowFlags, say, write } from './output.ts';
import type { Terminal } from './terminal.ts';
import { formatBytes } from './timeline-output.ts';
import { fileToSend, sameContent, sendingOf } from './upload.ts';

const SHA256 = {
  type: 'string',
  describe: 'SHA-256 that it must have, as its maker publishes it; else nothing is stored',
} as const;

const uploadFile = command({
  usage: 'upload <local> [path]',
  summary: 'Give the appliance a file to serve',
  examples: [
    ['file upload debian.img', 'Served as http://APPLIANCE/files/debian.img, and over TFTP as debian.img'],
    ['file upload vmlinuz bootenvs/debian/vmlinuz', 'In a folder, which is made'],
    ['file upload debian.img --no-replace', 'Only where there is none yet'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('local', { type: 'string', demandOption: true, describe: 'The file' })
      .positional('path', { type: 'string', describe: 'Path below the served files [its own name]' })
      .option('sha256', SHA256)
      .option('no-replace', { type: 'boolean', describe: 'Leave a file that is there already as it is, and fail' }),
  async run(args, terminal) {
    const path = args.path ?? basename(args.local);
    const answer = await upload(args, args.local, ['files', ...path.split('/')], terminal);
    const { name, size, sha256, created } = answer.data;
    say(terminal, args.output, `${created ? 'Stored' : 'Replaced'}  ${name}  ${size} bytes  ${sha256}`, answer);
  },
});

const listFiles = command({
  usage: 'list [under]',
  summary: 'List the served files',
  examples: [
    ['file list', 'All of them'],
    ['file list bootenvs/', 'Those of boot environments'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs)).positional('under', { type: 'string', describe: 'Only those whose path begins so' }),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).list<StoredFile>('files', { under: args.under });
    const rows = answer.data.map(({ name, size, modifiedAt, sha256 }) => [
      name,
      formatBytes(size),
      modifiedAt,
      sha256?.slice(0, 16),
    ]);
    write(terminal, args, { headers: ['Path', 'Size', 'Modified At', 'SHA-256'], rows, json: answer });
  },
});

const showFile = command({
  usage: 'show <path>',
  summary: 'Show what there is of a served file',
  examples: [['file show debian.img', 'Its size, time, checksum and ETag']],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs)).positional('path', { type: 'string', demandOption: true, describe: 'Its path' }),
  async run(args, terminal) {
    const file = await new Client(args, terminal).get<StoredFile>('files', ...args.path.split('/'));
    const rows = [
      ['Path', file.name],
      ['Size', file.size],
      ['Modified At', file.modifiedAt],
      ['SHA-256', file.sha256 ?? 'not known'],
      ['ETag', file.etag],
    ];
    write(terminal, args, { headers: ['Field Name', 'Value'], rows, json: file });
  },
});

const deleteFiles = command({
  usage: 'delete <paths..>',
  summary: 'Delete served files',
  examples: [['file delete debian.img bootenvs/debian/vmlinuz', 'Folders that are empty then go as well']],
  flags: (yargs) =>
    serverFlags(yargs).positional('paths', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Path of a file',
    }),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    for (const path of args.paths) {
      await client.delete('files', ...path.split('/'));
      terminal.stdout.write(`Deleted\t${path}\n`);
    }
  },
});

export const file: Noun = {
  noun: 'file',
  summary: 'Files that machines fetch: images, kernels, whatever there is to serve',
  commands: [uploadFile, listFiles, showFile, deleteFiles],
};

const uploadIso = command({
  usage: 'upload <local>',
  summary: 'Give the appliance an ISO image, whose content is served',
  examples: [
    ['iso upload debian-12.11.0-amd64-netinst.iso', 'For the boot environments that name it as their IsoFile'],
    ['iso upload download.iso --name debian-12.11.0-amd64-netinst.iso', 'Under the name that they have for it'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('local', { type: 'string', demandOption: true, describe: 'The image' })
      .option('name', { type: 'string', describe: 'Its name here [its own]' })
      .option('sha256', SHA256)
      .option('no-replace', { type: 'boolean', describe: 'Leave an image that is there already as it is, and fail' }),
  async run(args, terminal) {
    const name = args.name ?? basename(args.local);
    const answer = await upload(args, args.local, ['isos', name], terminal);
    const { size, sha256, created } = answer.data;
    const text = `${created ? 'Stored' : 'Replaced'}  ${name}  ${size} bytes  ${sha256}\nServed as   /isos/${name}/…`;
    say(terminal, args.output, text, answer);
  },
});

const listIsos = command({
  usage: 'list',
  summary: 'List the ISO images, and those that boot environments miss',
  examples: [['iso list', 'With what is wrong with each, and where to get it']],
  flags: (yargs) => serverFlags(rowFlags(yargs)),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).get<Data<Iso[]>>('isos');
    const rows = answer.data.map(({ name, size, label, bootEnvironments, problem }) => [
      name,
      size === undefined ? 'missing' : formatBytes(size),
      label,
      bootEnvironments.join(', '),
      problem,
    ]);
    write(terminal, args, { headers: ['Name', 'Size', 'Label', 'Boot Environments', 'Problem'], rows, json: answer });
  },
});

const showIso = command({
  usage: 'show <name>',
  summary: 'Show what there is of an ISO image',
  examples: [['iso show debian-12.11.0-amd64-netinst.iso', 'Its checksum, and the environments that need it']],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs)).positional('name', { type: 'string', demandOption: true, describe: 'Its name' }),
  async run(args, terminal) {
    const image = await new Client(args, terminal).get<Iso>('isos', args.name);
    const rows = [
      ['Name', image.name],
      ['Size', image.size ?? 'missing'],
      ['SHA-256', image.sha256 ?? 'not known'],
      ['Label', image.label],
      ['File Names', image.fileNames],
      ['Boot Environments', image.bootEnvironments.join(', ')],
      ['Source', image.url],
      ['Problem', image.problem],
    ];
    write(terminal, args, { headers: ['Field Name', 'Value'], rows, json: image });
  },
});

const deleteIsos = command({
  usage: 'delete <names..>',
  summary: 'Delete ISO images',
  examples: [['iso delete debian-12.11.0-amd64-netinst.iso', 'Its boot environments cannot be booted then']],
  flags: (yargs) =>
    serverFlags(yargs).positional('names', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Name of an image',
    }),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    for (const name of args.names) {
      await client.delete('isos', name);
      terminal.stdout.write(`Deleted\t${name}\n`);
    }
  },
});

export const iso: Noun = {
  noun: 'iso',
  summary: 'ISO images that systems are installed from, served as their content',
  commands: [uploadIso, listIsos, showIso, deleteIsos],
};

/** Sends a file. @throws TinsmithError as the appliance put it, USAGE, NOT_FOUND */
async function upload(
  flags: ServerFlags & { sha256?: string | undefined; noReplace?: boolean | undefined },
  local: string,
  path: string[],
  terminal: Terminal,
): Promise<Data<FilePut>> {
  if (flags.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(flags.sha256))
    throw usage('--sha256 is not a SHA-256: 64 hexadecimal digits.', 'Give it as sha256sum prints it.');
  const { size } = fileToSend(local, 'Name a file; folders are not sent.');
  const client = new Client(flags, terminal);
  const sending = await sendingOf(local, size, terminal);
  try {
    const answer = await client.store<Data<FilePut>>(path, { sha256: flags.sha256 }, sending.content, {
      length: size,
      headers: flags.noReplace ? { 'if-none-match': '*' } : {},
    });
    sameContent(local, sending.sha256(), answer.data.sha256);
    return answer;
  } catch (error) {
    if (!flags.noReplace || !(error instanceof TinsmithError) || error.code !== 'PRECONDITION_FAILED') throw error;
    throw new TinsmithError('PRECONDITION_FAILED', `${path.at(-1)} is there already, and is left as it is.`, {
      next: 'To put this in its place, leave out --no-replace.',
    });
  } finally {
    sending.end();
  }
}
