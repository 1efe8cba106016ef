/** `/api/v1/apply` and `/api/v1/manifests`: what there should be as documents, and what there is. */

import { z } from 'zod';
import { TinsmithError } from '../../errors.ts';
import { applyManifests, exportManifests, KINDS } from '../../manifests/index.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { applied, applyQuery, manifest, manifestsQuery } from '../shapes/manifest.ts';
import { data } from '../shapes/page.ts';

export function applyOperations(services: Services): Operation[] {
  return [
    operation(
      {
        id: 'applyManifests',
        method: 'post',
        path: '/apply',
        summary:
          'Make hardware, templates and workflows be what documents say; all is checked before anything is written.',
        query: applyQuery,
        body: { kind: 'text', type: 'application/yaml', limit: '16mb' },
        answer: { kind: 'json', shape: data(applied) },
        codes: ['CONFLICT'],
      },
      async ({ query: { dryRun = false, lenient = false, file }, body }) => {
        const place = <T>(problem: T): T => (file === undefined ? problem : { ...problem, file });
        try {
          const done = await applyManifests(body, { dryRun, lenient }, services);
          return { data: { dryRun, objects: done.applied, warnings: done.warnings.map(place) } };
        } catch (error) {
          if (!(error instanceof TinsmithError) || file === undefined) throw error;
          const { code, message, next, problems, cause } = error;
          throw new TinsmithError(code, message, { next, problems: problems.map(place), cause });
        }
      },
    ),
    operation(
      {
        id: 'getManifests',
        method: 'get',
        path: '/manifests',
        summary: 'What there is as documents, which can be applied again here or elsewhere.',
        query: manifestsQuery,
        answer: { kind: 'json', shape: data(z.array(manifest)) },
        codes: ['NOT_FOUND'],
      },
      async ({ query: { kind, name } }) => {
        if (name !== undefined && kind === undefined) {
          throw new TinsmithError('INVALID_INPUT', 'A name without a kind could be anything’s.', {
            next: 'Give `kind` too.',
            problems: [{ field: 'kind', message: `is one of ${KINDS.join(', ')}` }],
          });
        }
        const documents = await exportManifests(kind === undefined ? KINDS : [kind], name, services);
        return { data: documents.map((document) => ({ ...document })) };
      },
    ),
  ];
}
