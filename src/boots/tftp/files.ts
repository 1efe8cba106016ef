/** What a TFTP name stands for: a boot loader held in memory, or a file of one directory. */

import { HeldFiles } from './held.ts';
import { rootedFile } from './rooted.ts';

/**
 * The bytes behind a name, `size` of them. Boot loaders and other small files are held in memory, which lock-step speed
 * needs; larger ones are read as the transfer goes. The server closes the handle.
 */
export type TftpSource = { size: number; buffer: Buffer } | { size: number; handle: TftpHandle };

/** What a file is read from. */
export interface TftpHandle {
  /** Descriptor of a file that has nothing but these bytes, at the same places. */
  readonly fd?: number;
  read(target: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

/** Why a name is not served. */
export type TftpRefusal = {
  refused: 'not-found' | 'bad-name' | 'outside-root' | 'not-a-file' | 'unreadable' | 'not-allowed' | 'template';
  /** For the trace. The client is told no more than its ERROR code says, unless a template of its own is at fault. */
  sentence: string;
};

export type TftpFound = { found: TftpSource };

/** Finds the file that a client asked for under `name`, exactly as the request had it. */
export type TftpFiles = (name: string, client: { address: string }) => Promise<TftpFound | TftpRefusal>;

/**
 * The usual answer: boot loaders by name, then the files of a directory. Leading slashes are taken off. A first folder that
 * is a MAC address (`52:54:00:12:34:56/ipxe.efi`, dashes as well) says which machine asks, and is taken off where no file of
 * the directory has the whole name.
 *
 * @param loaders boot loaders by name, such as `undionly.kpxe`
 * @param root directory of the other files; without it there are none
 * @param made what is made for the client where there is no file of the name
 */
export function bootFiles(
  loaders: Pick<ReadonlyMap<string, Buffer>, 'get'>,
  root?: string,
  made?: TftpFiles,
): TftpFiles {
  const held = new HeldFiles(() => Date.now());
  const files: TftpFiles = async (name) => {
    const { path, mac } = parseName(name);
    const loader = loaders.get(path);
    if (loader !== undefined) return { found: { size: loader.length, buffer: loader } };
    if (root === undefined)
      return { refused: 'not-found', sentence: `there is no boot loader ${JSON.stringify(path)}` };
    const whole = await rootedFile(root, name.replace(/^\/+/, ''));
    const isForAll = mac !== undefined && 'refused' in whole && whole.refused === 'not-found';
    return held.hold(isForAll ? await rootedFile(root, path) : whole);
  };
  if (made === undefined) return files;
  return async (name, client) => {
    const file = await files(name, client);
    if (!('refused' in file) || file.refused !== 'not-found') return file;
    const answer = await made(name, client);
    return 'refused' in answer && answer.refused === 'not-found' ? file : answer;
  };
}

/** Takes a name apart: leading slashes off, and the MAC address (lower case, colons) where the first folder is one. */
export function parseName(name: string): { path: string; mac: string | undefined } {
  const path = name.replace(/^\/+/, '');
  const match = /^([0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\2[0-9a-f]{2}){4})\/+(.+)$/is.exec(path);
  if (match?.[1] === undefined || match[3] === undefined) return { path, mac: undefined };
  return { path: match[3], mac: match[1].toLowerCase().replaceAll('-', ':') };
}

/** The first of several that has something under the name, or says more of it than that it is not there. */
export function firstOf(...all: readonly [TftpFiles, ...TftpFiles[]]): TftpFiles {
  return async (name, client) => {
    let answer: TftpFound | TftpRefusal | undefined;
    for (const files of all) {
      const found = await files(name, client);
      if (!('refused' in found) || found.refused !== 'not-found') return found;
      answer ??= found;
    }
    return answer ?? { refused: 'not-found', sentence: `there is no file ${JSON.stringify(name)}` };
  };
}
