/** Gives what there is as documents that can be applied again. */
import { TinsmithError } from '../errors.ts';
import type { Template } from '../workflows/templates.ts';
import type { Parts } from './apply.ts';
import { type AnyDocument, machineDocument, templateDocument, workflowDocument } from './documents.ts';
import { DEFAULT_NAMESPACE, type Kind } from './identity.ts';
import { type Origins, readOrigins } from './origins.ts';

/**
 * Documents of one kind or of all, in an order in which they can be applied.
 * @param name id, name in a document (with `NAMESPACE/` before it where that is not the usual one), or own name
 * @throws TinsmithError NOT_FOUND
 */
export async function exportManifests(
  kinds: readonly Kind[],
  name: string | undefined,
  parts: Parts,
): Promise<AnyDocument[]> {
  const origins = await readOrigins(parts.store);
  const found: AnyDocument[] = [];
  for (const kind of kinds) found.push(...(await documentsOf(kind, name, parts, origins)));
  return found;
}

async function documentsOf(
  kind: Kind,
  name: string | undefined,
  { machines, templates, workflows }: Parts,
  origins: Origins,
): Promise<AnyDocument[]> {
  const reference = name === undefined ? undefined : (idNamed(kind, name, origins) ?? name);
  switch (kind) {
    case 'hardware': {
      const all = reference === undefined ? await machines.list() : [machines.find(reference)];
      return all.toSorted(byName).map((machine) => machineDocument(machine, origins.of(kind, machine.id)));
    }
    case 'template': {
      const all = reference === undefined ? await templates.list() : [templates.find(reference)];
      return all.toSorted(byName).map((template) => templateDocument(template, origins.of(kind, template.id)));
    }
    case 'workflow': {
      const all = reference === undefined ? await workflows.list() : [workflows.get(reference)];
      // Those that stages have made are made again by their stages.
      const byPeople = all.filter(({ stage }) => stage === undefined);
      const names = new Map((await templates.list()).map((template) => [template.id, nameOf(template, origins)]));
      return byPeople
        .toSorted((a, b) => a.createdAt - b.createdAt)
        .map((workflow) => {
          return workflowDocument(
            workflow,
            origins.of(kind, workflow.id),
            names.get(workflow.template) ?? workflow.template,
          );
        });
    }
  }
}

/** Files made of the documents differ no more than what they say. Workflows stay in the order in which they are run. */
function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** The id of what a document has named so; without namespace, of the only one. @throws TinsmithError INVALID_INPUT */
function idNamed(kind: Kind, name: string, origins: Origins): string | undefined {
  const [namespace = '', own, ...rest] = name.split('/');
  if (rest.length > 0)
    throw new TinsmithError('INVALID_INPUT', `${name} is no name of a document.`, {
      next: 'Write NAME or NAMESPACE/NAME.',
    });
  if (own !== undefined) return origins.idOf(kind, namespace, own);
  const [first, ...others] = origins.named(kind, name);
  return origins.idOf(kind, DEFAULT_NAMESPACE, name) ?? (others.length === 0 ? first : undefined);
}

function nameOf(template: Template, origins: Origins): string {
  return origins.of('template', template.id)?.name ?? template.name;
}
