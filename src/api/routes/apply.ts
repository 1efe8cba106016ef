/** `/api/v1/apply` and `/api/v1/manifests`: what there should be as documents, and what there is. */

import { z } from 'zod';
import { isSubnet } from '../../boots/subnets/index.ts';
import { type Problem, TinsmithError } from '../../errors.ts';
import { type ApplyOptions, applyManifests, exportManifests, KINDS } from '../../manifests/index.ts';
import { refuseIf } from '../../problems.ts';
import { applyContent, readied } from '../apply-content.ts';
import { applySubnets, subnetDocument, subnetProblems } from '../apply-subnets.ts';
import { separate } from '../content-documents.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import {
  applied,
  applyQuery,
  DOCUMENT_KINDS,
  type Applied as ManifestsApplied,
  manifest,
  manifestsQuery,
} from '../shapes/manifest.ts';
import { data } from '../shapes/page.ts';

export function applyOperations(services: Services): Operation[] {
  return [
    operation(
      {
        id: 'applyManifests',
        method: 'post',
        path: '/apply',
        summary: 'Make machines, templates, workflows, subnets and content be what documents say.',
        description:
          'Documents of `tinkerbell.org/v1alpha1`, content packs (`meta` and `sections`), and objects of content by their `kind`: Stage, Task, BootEnv, Profile, Param, SharedTemplate, StageList; and of kind Subnet. All is checked before anything is written; content is written first, then subnets.',
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
            problems: [{ field: 'kind', message: `is one of ${DOCUMENT_KINDS.join(', ')}` }],
          });
        }
        const kinds = kind === undefined ? KINDS : kind === 'subnet' ? [] : [kind];
        const documents: object[] = kind === undefined || kind === 'subnet' ? subnetsNamed(name, services) : [];
        documents.push(...(await exportManifests(kinds, name, services)));
        return { data: documents.map((document) => ({ ...document })) };
      },
    ),
  ];
}

const NEXT = 'Correct the documents at the places named; nothing has been changed.';

type Applied = { applied: ManifestsApplied['objects']; warnings: Problem[] };

/** Content first, then subnets, as nothing else has a part in them; but not before the rest is found to be usable. */
async function applyAll(text: string, asked: ApplyOptions, services: Services): Promise<Applied> {
  const { rest, documents, subnets } = separate(text);
  const options = { ...asked, elsewhere: isSubnet };
  const { problems, ...ready } = readied(documents);
  problems.push(...subnetProblems(subnets, services.subnets));
  if (documents.length > 0 || subnets.length > 0)
    refuseIf([...problems, ...(await problemsOf(rest, options, services, problems.length > 0))], { next: NEXT });
  const done: Applied[] = [
    await applyContent(ready, options, services.content),
    await applySubnets(subnets, options, services.subnets),
    await applyManifests(rest, options, services),
  ];
  const all = done.flatMap(({ applied: objects }) => objects);
  const warnings = asked.dryRun ? [] : reservationWarnings(all, services);
  return { applied: all, warnings: [...done.flatMap((each) => each.warnings), ...warnings] };
}

/** Machines whose addresses no subnet has. */
function reservationWarnings(objects: Applied['applied'], { machines, subnets }: Services): Problem[] {
  return objects.flatMap(({ kind, id, action, line }) => {
    const machine = kind === 'hardware' && id !== undefined && action !== 'unchanged' ? machines.get(id) : undefined;
    return machine === undefined ? [] : subnets.warningsOf(machine).map((message) => ({ field: '', message, line }));
  });
}

function subnetsNamed(name: string | undefined, { subnets }: Services): object[] {
  const found = name === undefined ? subnets.list() : [subnets.get(name)];
  return found.map(subnetDocument);
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
