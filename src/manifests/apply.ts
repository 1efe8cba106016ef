/** Makes what there is be what documents say. */
import { isDeepStrictEqual } from 'node:util';
import { type Problem, TinsmithError } from '../errors.ts';
import type { Machines } from '../machines/machines.ts';
import { refuseIf } from '../problems.ts';
import type { Store } from '../store/store.ts';
import type { Templates } from '../workflows/templates.ts';
import type { Workflows } from '../workflows/workflows.ts';
import type { Kind } from './identity.ts';
import { type KeptOrigin, type Origins, putOrigin, readOrigins } from './origins.ts';
import { parseManifests } from './parse.ts';
import { type Change, changesOf, type Plan, planChanges } from './plan.ts';

/** What documents are applied to, and given from. */
export interface Parts {
  store: Store;
  machines: Machines;
  templates: Templates;
  workflows: Workflows;
  /** ms since 1970 */
  clock(): number;
}

/** What has become of one document. */
export interface Applied extends Pick<Change, 'action' | 'name' | 'id' | 'diff'> {
  kind: Kind;
  line: number;
}

/** How they are applied. */
export interface ApplyOptions {
  /** Only tell what would be done. */
  dryRun: boolean;
  /** Unknown keys are warnings. */
  lenient: boolean;
  /** What in a list of documents is somebody else's to apply. */
  elsewhere?: (value: unknown) => boolean;
}

const NEXT = 'Correct the documents at the places named; nothing has been changed.';

/**
 * Applies a file of documents. All of it is checked before anything is written; then the machines are written in one
 * change, each template and each workflow in one of its own.
 * @throws TinsmithError INVALID_INPUT or CONFLICT with every problem, its line and column; nothing has been written then.
 */
export async function applyManifests(
  text: string,
  { dryRun, lenient, elsewhere }: ApplyOptions,
  parts: Parts,
): Promise<{ applied: Applied[]; warnings: Problem[] }> {
  const { manifests, problems, warnings } = parseManifests(text, { lenient, elsewhere });
  refuseIf(problems, { next: NEXT });
  const origins = await readOrigins(parts.store);
  const plan = planChanges(manifests, storedIn(parts, origins), parts.clock());
  refuseIf(plan.problems, { code: 'CONFLICT', next: NEXT });
  refuseIf(checkWorkflows(plan, parts), { next: NEXT });
  if (!dryRun) await write(plan, parts, origins);
  const applied = changesOf(plan).map(({ manifest, action, name, id, diff }) => {
    return { kind: manifest.kind, action, name, id, diff, line: manifest.line };
  });
  return { applied, warnings: [...warnings, ...plan.warnings] };
}

function storedIn({ machines, templates, workflows }: Parts, origins: Origins) {
  return {
    machines,
    origins,
    workflow: (id: string) => workflows.find(id),
    template: (reference: string) => {
      try {
        return templates.find(reference);
      } catch (error) {
        if (error instanceof TinsmithError && error.code === 'NOT_FOUND') return undefined;
        throw error;
      }
    },
  };
}

/** What is wrong with the workflows once they are rendered, for machines and templates as they will be. */
function checkWorkflows({ orders, machines }: Plan, { workflows, clock }: Parts): Problem[] {
  const now = clock();
  return orders.flatMap(({ manifest, template, machine }) => {
    const { id, devices, line } = manifest;
    const about = {
      template: { createdAt: now, updatedAt: now, ...template, id: template.id ?? '' },
      machines,
      machine,
    };
    try {
      workflows.check({ id, devices }, about);
      return [];
    } catch (error) {
      if (!(error instanceof TinsmithError)) throw error;
      const message = `workflow ${manifest.origin.name}: ${error.message}`;
      return [{ field: '', message, line, column: 1 }];
    }
  });
}

async function write(plan: Plan, { store, machines, templates, workflows }: Parts, origins: Origins): Promise<void> {
  const hardware = plan.hardware.filter(({ rewritten }) => rewritten);
  if (hardware.length > 0) await machines.push(hardware.map(({ manifest }) => manifest.hardware));
  await keepOrigins('hardware', plan.hardware, store, origins);
  for (const change of plan.templates) {
    if (!change.rewritten) continue;
    const { data, lenient } = change.manifest;
    const { id } =
      change.id === undefined
        ? await templates.create(data, lenient)
        : await templates.update(change.id, data, undefined, lenient);
    change.id = id;
  }
  await keepOrigins('template', plan.templates, store, origins);
  for (const { manifest, template, machine } of plan.orders) {
    const { id, devices } = manifest;
    const reference = template.id ?? template.name;
    await workflows.create({ id, template: reference, devices, ...(machine ? { machine: machine.id } : {}) });
  }
  const made = plan.workflows.filter(({ action }) => action !== 'skipped');
  await keepOrigins('workflow', made, store, origins);
}

async function keepOrigins(kind: Kind, changes: readonly Change[], store: Store, origins: Origins): Promise<void> {
  const kept: [id: string, origin: KeptOrigin][] = changes.flatMap(({ id, origin }) => {
    if (id === undefined || origin === undefined || isDeepStrictEqual(origins.of(kind, id), origin)) return [];
    return [[id, origin]];
  });
  if (kept.length === 0) return;
  await store.change((transaction) => {
    for (const [id, origin] of kept) putOrigin(transaction, kind, id, origin);
  });
}
