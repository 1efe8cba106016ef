/** `tinsmith image …`: container images that the appliance serves to workers. */
import type { Data, Image } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun } from './command.ts';
import { deleteEach } from './files.ts';
import { outputFlag, rowFlags, say, write } from './output.ts';
import { formatBytes } from './timeline-output.ts';
import { fileToSend, sendingOf } from './upload.ts';

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
    const { size } = fileToSend(args.file, 'Name an archive made by docker save, or of an OCI image layout.');
    const sending = await sendingOf(args.file, size, terminal);
    try {
      const path = args.as === undefined ? 'images' : `images?${new URLSearchParams({ as: args.as })}`;
      const answer = await new Client(args, terminal).upload<Data<Image[]>>(path, sending.content, size);
      say(terminal, args.output, answer.data.map(({ reference }) => `Loaded Image:  ${reference}`).join('\n'), answer);
    } finally {
      sending.end();
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
