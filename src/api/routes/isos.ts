/** `/api/v1/isos`: ISO images, and the boot environments that need them. */
import { z } from 'zod';
import { ISOS, isIsoName, type Shelved } from '../../boots/iso/index.ts';
import { TinsmithError } from '../../errors.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { filePut, iso, storedFile } from '../shapes/file.ts';
import { data } from '../shapes/page.ts';
import type { Iso } from '../types.ts';
import { allowing, present, putFile, UPLOAD, uploadQuery } from './files.ts';

export function isoOperations({ files, isos }: Services): Operation[] {
  return [
    operation(
      {
        id: 'listIsos',
        method: 'get',
        path: '/isos',
        summary: 'ISO images, those among them that boot environments name and that are missing.',
        answer: { kind: 'json', shape: data(z.array(iso)) },
      },
      async () => ({ data: (await isos.list(await files.names())).map(shown) }),
    ),
    operation(
      {
        id: 'getIso',
        method: 'get',
        path: '/isos/:name',
        summary: 'One image.',
        answer: { kind: 'json', shape: iso },
        codes: ['NOT_FOUND'],
      },
      async ({ params }) => {
        const found = await isos.look(params.name);
        if (found.file || found.environments.length > 0) return shown(found);
        throw noImage(params.name);
      },
    ),
    operation(
      {
        id: 'putIso',
        method: 'put',
        path: '/isos/:name',
        summary:
          'Store an image, in place of one that is there. What is none, or not the one that is needed, is refused.',
        description: UPLOAD.description,
        query: uploadQuery,
        body: { kind: 'stream' },
        answer: { kind: 'json', shape: data(filePut) },
        codes: UPLOAD.codes,
      },
      async ({ params, req, query }) => ({ data: await putFile({ files }, pathOf(params.name), req, query.sha256) }),
    ),
    operation(
      {
        id: 'deleteIso',
        method: 'delete',
        path: '/isos/:name',
        summary: 'Delete an image.',
        answer: { kind: 'json', shape: data(storedFile) },
        codes: ['NOT_FOUND', 'INVALID_INPUT', 'PRECONDITION_FAILED'],
      },
      async ({ params, req }) => {
        const deleted = await files.delete(pathOf(params.name), allowing(req)).catch((error: unknown) => {
          throw error instanceof TinsmithError && error.code === 'NOT_FOUND' ? noImage(params.name) : error;
        });
        return { data: present(deleted) };
      },
    ),
  ];
}

function noImage(name: string): TinsmithError {
  return new TinsmithError('NOT_FOUND', `There is no image ${name}.`, { next: 'See what there is: tinsmith iso list' });
}

/** @throws TinsmithError INVALID_INPUT */
function pathOf(name: string): string {
  if (isIsoName(name)) return `${ISOS}/${name}`;
  const message = 'must be the name of a file, without a folder, that does not begin with a dot';
  throw new TinsmithError('INVALID_INPUT', `${JSON.stringify(name)} can be no name of an image.`, {
    problems: [{ field: 'name', message }],
  });
}

function shown({ name, file, volume, environments, url, problem }: Shelved): Iso {
  return {
    name,
    ...(file && { size: file.size, modifiedAt: new Date(file.modifiedAt).toISOString() }),
    ...(file?.sha256 === undefined ? {} : { sha256: file.sha256 }),
    ...(volume && { label: volume.label, fileNames: volume.names }),
    bootEnvironments: environments,
    ...(url === '' ? {} : { url }),
    ...(problem === undefined ? {} : { problem }),
  };
}
