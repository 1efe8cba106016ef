/** `/api/v1/files`: the served files, changed whole or not at all. */
import type { Request } from 'express';
import { z } from 'zod';
import { type Before, expectedDigests, type StoredFile as Stored } from '../../boots/files/index.ts';
import { TinsmithError } from '../../errors.ts';
import { conditional } from '../../http/files/index.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { filePut, storedFile } from '../shapes/file.ts';
import { data, page, pageQuery } from '../shapes/page.ts';
import type { FilePut, StoredFile } from '../types.ts';

const listQuery = pageQuery.extend({
  under: z.string().max(4095).optional().describe('Only those whose path begins so.'),
});
export const uploadQuery = z.object({
  sha256: z.string().max(100).optional().describe('What it must come to: 64 hexadecimal digits.'),
});
export const UPLOAD = {
  description:
    'Its checksum is compared when it is given by `sha256`, or by `Content-Digest` or `Repr-Digest` (RFC 9530). With `If-None-Match: *` nothing is replaced, with `If-Match` only what has that ETag, with `If-Unmodified-Since` only what has not been changed since. Until all of it is there, nobody sees it.',
  codes: ['CONFLICT', 'FORBIDDEN', 'PRECONDITION_FAILED', 'STORE_WRITE_FAILED'],
} as const;

export function fileOperations({ files }: Services): Operation[] {
  return [
    operation(
      {
        id: 'listFiles',
        method: 'get',
        path: '/files',
        summary: 'The served files, by path.',
        query: listQuery,
        answer: { kind: 'json', shape: page(storedFile) },
      },
      async ({ query: { under = '', after, limit } }) => {
        const names = (await files.names()).filter(
          (name) => name.startsWith(under) && (after === undefined || name > after),
        );
        const found = await Promise.all(names.slice(0, limit).map((name) => files.stat(name).catch(goneMeanwhile)));
        const last = names[limit - 1];
        return {
          data: found.flatMap((file) => (file ? [present(file)] : [])),
          ...(names.length > limit && last !== undefined ? { next: last } : {}),
        };
      },
    ),
    operation(
      {
        id: 'getFile',
        method: 'get',
        path: '/files/*path',
        summary: 'What there is of one file. The file itself is `/files/…`.',
        answer: { kind: 'json', shape: storedFile },
        codes: ['NOT_FOUND'],
      },
      async ({ req }) => present(await files.stat(pathOf(req))),
    ),
    operation(
      {
        id: 'putFile',
        method: 'put',
        path: '/files/*path',
        summary: 'Store a file, in place of one that is there.',
        description: UPLOAD.description,
        query: uploadQuery,
        body: { kind: 'stream' },
        answer: { kind: 'json', shape: data(filePut) },
        codes: UPLOAD.codes,
      },
      async ({ req, query }) => ({ data: await putFile({ files }, pathOf(req), req, query.sha256) }),
    ),
    operation(
      {
        id: 'deleteFile',
        method: 'delete',
        path: '/files/*path',
        summary: 'Delete a file, and the folders that are empty then.',
        answer: { kind: 'json', shape: data(storedFile) },
        codes: ['NOT_FOUND', 'INVALID_INPUT', 'PRECONDITION_FAILED'],
      },
      async ({ req }) => ({ data: present(await files.delete(pathOf(req), allowing(req))) }),
    ),
  ];
}

/** Stores the body of a request under a name. */
export async function putFile(
  { files }: Pick<Services, 'files'>,
  name: string,
  req: Request,
  sha256: string | undefined,
): Promise<FilePut> {
  const { 'content-length': length, 'content-encoding': coding = 'identity', 'content-range': part } = req.headers;
  // RFC 9110 section 14.5: a part is not to be taken for the whole.
  const wrong =
    part !== undefined ? 'content-range' : coding.toLowerCase() === 'identity' ? undefined : 'content-encoding';
  if (wrong !== undefined)
    throw new TinsmithError('INVALID_INPUT', `An upload with ${wrong} is not taken: send the file whole, as it is.`, {
      problems: [{ field: wrong, message: 'is not for uploads here' }],
    });
  const { file, created } = await files.put(name, req, {
    length: length === undefined ? undefined : Number(length),
    expected: expectedDigests(req.headers, sha256),
    allow: allowing(req),
  });
  return { ...present(file), created };
}

/** Refuses a change that the preconditions of its request are against (RFC 9110 section 13.1). */
export function allowing(req: Request): (before: Before | undefined) => void {
  const { 'if-none-match': noneMatch, 'if-match': match, 'if-unmodified-since': unmodifiedSince } = req.headers;
  const ofVersion = { 'if-match': match, 'if-unmodified-since': unmodifiedSince };
  const version = match === undefined ? `If-Unmodified-Since: ${unmodifiedSince}` : `If-Match: ${match}`;
  return (before) => {
    const isGone = before === undefined && match !== undefined;
    const isOther = before !== undefined && conditional(ofVersion, before.etag, before.modifiedAt) === 'failed';
    const isThere =
      before !== undefined && conditional({ 'if-none-match': noneMatch }, before.etag, undefined) !== 'send';
    if (!isGone && !isOther && !isThere) return;
    const now =
      before === undefined
        ? 'there is nothing'
        : `${before.etag} is there, since ${new Date(before.modifiedAt).toUTCString()}`;
    throw new TinsmithError(
      'PRECONDITION_FAILED',
      `The file is not changed: ${now}, and the request says ${isThere ? `If-None-Match: ${noneMatch}` : version}.`,
      { next: 'Look at what is there now, and ask again without that condition, or with the ETag that it has now.' },
    );
  };
}

export function present({ name, size, modifiedAt, sha256, etag }: Stored): StoredFile {
  const known = sha256 === undefined ? {} : { sha256 };
  return { name, size, modifiedAt: new Date(modifiedAt).toISOString(), ...known, etag };
}

function goneMeanwhile(error: unknown): undefined {
  if (!(error instanceof TinsmithError) || error.code !== 'NOT_FOUND') throw error;
}

function pathOf(req: Request): string {
  return (req.params.path as unknown as string[]).join('/');
}
