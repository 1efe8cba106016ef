/** `tinsmith image …`: container images that the appliance serves to workers. */
import { createReadStream, type Stats, statSync } from 'node:fs';
import { Transform } from 'node:stream';
import type { Data, Image } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun, usage } from './command.ts';
import { deleteEach, unreadable } from './files.ts';
import { outputFlag, rowFlags, say, write } from './output.ts';
import type { Terminal } from './terminal.ts';
import { formatBytes } from './timeline-output.ts';

const load = command({
  usage: 'load <file>',
  summary: 'Give the appliance container images from an archive',
  examples: [
    ['image load busybox.tar', 'An archive made by docker save, or an OCI image layout'],
    ['image load layout.tar --as example/tool:1', 'An archive that does not say the name of its image'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('file', { type: 'string', demandOption: true, describe: 'The archive' })
      .option('as', { type: 'string', describe: 'Name for the image, in place of those in the archive' }),
  async run(args, terminal) {
    const { size } = archive(args.file);
    const meter = await uploadMeter(terminal, size);
    try {
      const content = createReadStream(args.file, { highWaterMark: 256 * 1024 })
        .on('error', () => {})
        .pipe(meter.stream);
      const path = args.as === undefined ? 'images' : `images?${new URLSearchParams({ as: args.as })}`;
      const answer = await new Client(args, terminal).upload<Data<Image[]>>(path, content, size);
      say(terminal, args.output, answer.data.map(({ reference }) => `Loaded Image:  ${reference}`).join('\n'), answer);
    } finally {
      meter.end();
    }
  },
});

const list = command({
  usage: 'list',
  summary: 'List the images',
  examples: [['image list', 'Those that can be pulled from the appliance']],
  flags: (yargs) => serverFlags(rowFlags(yargs)),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).get<Data<Image[]>>('images');
    const rows = answer.data.map(({ reference, digest, architecture, size, loadedAt, builtin }) => [
      reference,
      digest.slice(0, 19),
      architecture,
      formatBytes(size),
      builtin ? 'built in' : loadedAt,
    ]);
    write(terminal, args, { headers: ['Image', 'Digest', 'Architecture', 'Size', 'Loaded At'], rows, json: answer });
  },
});

const remove = command({
  usage: 'delete <references..>',
  summary: 'Delete images',
  examples: [['image delete docker.io/library/busybox:1.36', 'By the name that the list shows']],
  flags: (yargs) =>
    serverFlags(yargs).positional('references', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Name of an image',
    }),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'images', args.references, terminal),
});

export const image: Noun = {
  noun: 'image',
  summary: 'Container images, for workers without the Internet',
  commands: [load, list, remove],
};

function archive(file: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (!stats.isFile())
    throw usage(`${file} is not a file.`, 'Name an archive made by docker save, or of an OCI image layout.');
  return stats;
}

/** A stream that counts what goes through it, and shows it on a terminal. */
async function uploadMeter(terminal: Terminal, size: number): Promise<{ stream: Transform; end(): void }> {
  if (!terminal.stderr.isTTY)
    return { stream: new Transform({ transform: (chunk, _, done) => done(null, chunk) }), end: () => {} };
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: '  uploading {bar} {percentage} %  ETA {eta} s',
    stream: terminal.stderr,
    clearOnComplete: true,
    gracefulExit: false,
    hideCursor: false,
  });
  bar.start(size, 0);
  const stream = new Transform({
    transform(chunk: Buffer, _, done) {
      bar.increment(chunk.length);
      done(null, chunk);
    },
  });
  return { stream, end: () => bar.stop() };
}
