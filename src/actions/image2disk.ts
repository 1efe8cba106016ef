/** `image2disk`: streams a disk image from a URL onto a disk, decompressed on the way. */
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { peek } from '../compression/index.ts';
import { type Action, ActionFailure, type ActionIo, bytesText, EXIT_USAGE, type Host, say } from './action.ts';
import { decompressed } from './decompress.ts';
import { type Disk, DiskWriter, inspectDisk, openDisk, rereadPartitions, writeAt } from './disk.ts';
import { type DownloadState, download } from './download.ts';
import { amount, device, flag, readEnvironment, text } from './environment.ts';
import { moveBackupGpt, parseGptHeader } from './gpt.ts';
import { FORMAT_BYTES, formatOf } from './image-format.ts';

const VARIABLES = {
  IMG_URL: text,
  DEST_DISK: device,
  COMPRESSED: flag.default(false),
  FORMAT: text.optional(),
  CHECKSUM: text.optional(),
  // Tinkerbell's default is not to retry; but a provisioner that is restarted must not fail an installation.
  RETRY_ENABLED: flag.default(true),
  RETRY_DURATION_MINUTES: amount.default(10),
  PROGRESS_INTERVAL_SECONDS: amount.default(3),
  TEXT_LOGGING: z.string().optional(),
};

/** What is erased of an image that is not what it should be: boot code, partition table, and the table's entries. */
const ERASED = 1024 * 1024;

/** A checksum to be reached, `sha256:…` or `sha512:…` in hexadecimal. */
function parseChecksum(checksum: string): { hash: Hash; algorithm: string; expected: string } {
  const [, algorithm = '', expected = ''] = /^(sha256|sha512):([0-9a-f]+)$/i.exec(checksum.trim()) ?? [];
  const length = { sha256: 64, sha512: 128 }[algorithm.toLowerCase()];
  if (expected.length !== length) {
    throw new ActionFailure('CHECKSUM is not sha256: with 64, or sha512: with 128 hexadecimal digits', EXIT_USAGE);
  }
  return { hash: createHash(algorithm), algorithm: algorithm.toLowerCase(), expected: expected.toLowerCase() };
}

/** One line for people and one for the worker, which shows it as progress. Rates are those since the line before. */
function progressLines(io: ActionIo, state: DownloadState, writer: DiskWriter, host: Host): () => void {
  let before = { at: host.clock(), written: 0 };
  return () => {
    const { downloaded, total } = state;
    const { written } = writer;
    const now = host.clock();
    const rate = now > before.at ? ((written - before.written) * 1000) / (now - before.at) : 0;
    before = { at: now, written };
    const share = total === undefined || total === 0 ? '' : `${Math.floor((downloaded * 100) / total)} % `;
    const of = total === undefined ? bytesText(downloaded) : `${bytesText(downloaded)} of ${bytesText(total)}`;
    say(io, `image2disk: ${share}${of} downloaded, ${bytesText(written)} written, ${bytesText(rate)}/s`);
    say(io, `progress ${JSON.stringify({ downloaded, total, written })}`);
  };
}

/** Yields what `input` yields, and leaves it open for whoever reads the rest. */
async function* lent(input: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Moves the second partition table of what was written to the end of the disk. Resolves to what to say about it. */
async function settlePartitionTable(handle: FileHandle, { path, size, sectorSize }: Disk): Promise<string | undefined> {
  const first = await readAt(handle, 0, 2 * 4096);
  const header = parseGptHeader(first.subarray(sectorSize, 2 * sectorSize));
  if (header === undefined) {
    const other = sectorSize === 512 ? 4096 : 512;
    if (parseGptHeader(first.subarray(other, 2 * other)) === undefined) return undefined;
    return `warning: the image is made for sectors of ${other} bytes, ${path} has ${sectorSize}; it will not boot`;
  }
  const position = header.entries * sectorSize;
  const entries = position < size ? await readAt(handle, position, header.entriesBytes) : Buffer.alloc(0);
  const sectors = Math.floor(size / sectorSize);
  const moved = moveBackupGpt({ mbr: first.subarray(0, sectorSize), header, entries, sectors, sectorSize });
  if ('refused' in moved) return `warning: the partition table is left as it is: ${moved.refused}`;
  for (const { position: at, bytes } of moved.patches) {
    await writeAt(handle, path, bytes, at);
    await handle.datasync(); // in this order on the disk, too
  }
  return moved.patches.length === 0 ? undefined : `the second partition table is at the end of ${path} now`;
}

/**
 * Writes the image at IMG_URL to DEST_DISK. Exit code 0 only when all of it, as long and with the checksum as announced,
 * is on the disk; throws an ActionFailure otherwise.
 */
export const image2disk: Action = async (environment, io, host) => {
  const settings = readEnvironment(VARIABLES, environment);
  const checksum = settings.CHECKSUM === undefined ? undefined : parseChecksum(settings.CHECKSUM);
  const started = host.clock();
  const disk = await inspectDisk(settings.DEST_DISK, host);
  const state: DownloadState = { downloaded: 0 };
  const stopped = new AbortController();
  const image = download(settings.IMG_URL, state, {
    retryFor: settings.RETRY_ENABLED ? settings.RETRY_DURATION_MINUTES * 60_000 : 0,
    verified: checksum !== undefined,
    signal: AbortSignal.any([io.signal, stopped.signal]),
    host,
    onTrouble: (trouble) => say(io, `image2disk: ${trouble}`),
  });
  const hashed = (async function* (): AsyncGenerator<Buffer> {
    for await (const bytes of image) {
      checksum?.hash.update(bytes);
      yield bytes;
    }
  })();
  let handle: FileHandle | undefined;
  let ticking: NodeJS.Timeout | undefined;
  let writer: DiskWriter | undefined;
  try {
    const { first, all } = await peek(lent(hashed), FORMAT_BYTES);
    if (first.length === 0) throw new ActionFailure(`${settings.IMG_URL} is empty`);
    const compression = formatOf(first, settings.IMG_URL, settings.FORMAT, settings.COMPRESSED);
    if (compression === 'none' && (state.total ?? 0) > disk.size) {
      throw new ActionFailure(`${disk.path} is too small: it has ${disk.size} bytes, the image has ${state.total}`);
    }
    if (state.total === undefined && checksum === undefined && compression === 'none') {
      say(
        io,
        'image2disk: warning: the server does not say how long the image is, so a part of it looks like the whole',
      );
    }
    handle = await openDisk(disk);
    writer = new DiskWriter(handle, disk);
    const kind = compression === 'none' ? 'raw' : compression;
    say(io, `image2disk: writing ${settings.IMG_URL} (${kind}) to ${disk.path} (${bytesText(disk.size)})`);
    const progress = progressLines(io, state, writer, host);
    ticking = setInterval(progress, Math.max(settings.PROGRESS_INTERVAL_SECONDS, 0.1) * 1000);
    for await (const bytes of decompressed(all, compression)) await writer.write(bytes);
    for await (const _ of hashed); // what a decompressor left unread counts for the checksum
    await writer.finish();
    progress();
    if (writer.written === 0) throw new ActionFailure(`${settings.IMG_URL} holds nothing`);
    if (checksum !== undefined) {
      const found = checksum.hash.digest('hex');
      if (found !== checksum.expected) {
        await writeAt(handle, disk.path, Buffer.alloc(Math.min(ERASED, disk.size)), 0);
        await handle.datasync();
        throw new ActionFailure(
          `${settings.IMG_URL} has the ${checksum.algorithm} ${found}, not ${checksum.expected}; the beginning of ${disk.path} was erased, so that nothing starts from it`,
        );
      }
      say(io, `image2disk: the ${checksum.algorithm} of the download is right`);
    }
    const settled = await settlePartitionTable(handle, disk);
    if (settled !== undefined) say(io, `image2disk: ${settled}`);
    await handle.sync();
  } finally {
    clearInterval(ticking);
    stopped.abort(); // or closing the download would wait for its next bytes
    await hashed.return(undefined);
    await writer?.settle();
    await handle?.close();
  }
  const reread = await rereadPartitions(disk, host);
  if (reread !== undefined) say(io, `image2disk: warning: the kernel did not read the new partition table: ${reread}`);
  const seconds = (host.clock() - started) / 1000;
  const rate = bytesText(writer.written / Math.max(seconds, 0.001));
  say(io, `image2disk: wrote ${bytesText(writer.written)} to ${disk.path} in ${seconds.toFixed(1)} s, ${rate}/s`);
  return 0;
};
