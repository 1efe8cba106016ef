/** `/api/v1/apply` and `/api/v1/manifests`: what there should be as documents, and what there is. */

import { z } from 'zod';
import { type Problem, TinsmithError } from '../../errors.ts';
import { type ApplyOptions, applyManifests, exportManifests, KINDS } from '../../manifests/index.ts';
import { refuseIf } from '../../problems.ts';
import { applyContent, readied } from '../apply-content.ts';
import { separate } from '../content-documents.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { applied, applyQuery, type Applied as ManifestsApplied, manifest, manifestsQuery } from '../shapes/manifest.ts';
import { data } from '../shapes/page.ts';

export function applyOperations(services: Services): Operation[] {
  return [
    operation(
      {
        id: 'applyManifests',
        method: 'post',
        path: '/apply',
        summary: 'Make machines, templates, workflows and content be what documents say.',
        description:
          'Documents of `tinkerbell.org/v1alpha1`, content packs (`meta` and `sections`), and objects of content by their `kind`: Stage, Task, BootEnv, Profile, Param, SharedTemplate, StageList. All is checked before anything is written; content is written first.',
        query: applyQuery,
        body: { kind: 'text', type: 'application/yaml', limit: '16mb' },
        answer: { kind: 'json', shape: data(applied) },
        codes: ['CONFLICT'],
      },
      async ({ query: { dryRun = false, lenient = false, file }, body }) => {
        const place = <T>(problem: T): T => (file === undefined ? problem : { ...problem, file });
        try {
          const { applied: objects, warnings } = await applyAll(body, { dryRun, lenient }, services);
          return { data: { dryRun, objects, warnings: warnings.map(place) } };
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

const NEXT = 'Correct the documents at the places named; nothing has been changed.';

type Applied = { applied: ManifestsApplied['objects']; warnings: Problem[] };

/** Content first, as nothing else has a part in it; but not before the rest is found to be usable. */
async function applyAll(text: string, options: ApplyOptions, services: Services): Promise<Applied> {
  const { rest, documents } = separate(text);
  if (documents.length === 0) return applyManifests(text, options, services);
  const { problems, ...ready } = readied(documents);
  refuseIf([...problems, ...(await problemsOf(rest, options, services, problems.length > 0))], { next: NEXT });
  const first = await applyContent(ready, options, services.content);
  const then = await applyManifests(rest, options, services);
  return { applied: [...first.applied, ...then.applied], warnings: [...first.warnings, ...then.warnings] };
}

/** What is wrong with the other documents. Where nothing else is wrong, it is thrown as it is. */
async function problemsOf(
  text: string,
  options: ApplyOptions,
  services: Services,
  isMore: boolean,
): Promise<Problem[]> {
  try {
    await applyManifests(text, { ...options, dryRun: true }, services);
    return [];
  } catch (error) {
    if (isMore && error instanceof TinsmithError && error.problems.length > 0) return [...error.problems];
    throw error;
  }
}
