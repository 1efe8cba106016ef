/** What is in ISO images, as TFTP files. */
import type { FileHandle } from 'node:fs/promises';
import type { FileSegment } from '../../http/files/index.ts';
import type { Machine } from '../../machines/machines.ts';
import type { Environments } from '../environments.ts';
import { type IsoShelf, inImages, openInImages } from '../iso/index.ts';
import { parseName, type TftpFiles, type TftpHandle } from './files.ts';

export interface IsoFilesParts {
  isos: IsoShelf;
  environments: Pick<Environments, 'isosOf'>;
  /** The machine that has an address. */
  machineAt(address: string): Machine | undefined;
}

/** The files of images; a first folder that is a MAC address is taken off. */
export function isoFiles({ isos, environments, machineAt }: IsoFilesParts): TftpFiles {
  return async (name, { address }) => {
    const { path } = parseName(name);
    const places = inImages(path, (bootEnv) => environments.isosOf(bootEnv, machineAt(address)));
    const found = await openInImages(isos, places);
    if (!found) return { refused: 'not-found', sentence: `there is no file ${JSON.stringify(path)}` };
    if ('refused' in found) return { refused: REFUSALS[found.refused], sentence: found.sentence };
    return { found: { size: found.size, handle: inPieces(found.handle, found.segments) } };
  };
}

const REFUSALS = {
  'no-image': 'not-found',
  'not-found': 'not-found',
  'not-a-file': 'not-a-file',
  'bad-image': 'unreadable',
} as const;

/** Pieces of a file, read as if they were one. A read gives what is in one piece at most. */
function inPieces(handle: FileHandle, pieces: readonly FileSegment[]): TftpHandle {
  return {
    async read(target, offset, length, position) {
      let before = 0;
      for (const piece of pieces) {
        const from = position - before;
        if (from < piece.length)
          return handle.read(target, offset, Math.min(length, piece.length - from), piece.start + from);
        before += piece.length;
      }
      return { bytesRead: 0 };
    },
    close: () => handle.close(),
  };
}
