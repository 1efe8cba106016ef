/** Manifests against what there is: what is new, what changes, what stays. Pure, but for reading. */
import { isDeepStrictEqual } from 'node:util';
import { type Problem, TinsmithError } from '../errors.ts';
import type { Machine, Machines } from '../machines/machines.ts';
import type { Template } from '../workflows/templates.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { unifiedDiff } from './diff.ts';
import { machineDocument, plain, saySame, templateDocument, toYaml, workflowDocument } from './documents.ts';
import { nameIn, type Origin } from './identity.ts';
import { MachinesToBe } from './machines-to-be.ts';
import type { HardwareManifest, Manifest, TemplateManifest, WorkflowManifest } from './manifest.ts';
import type { KeptOrigin, Origins } from './origins.ts';
import type { Resource } from './resource.ts';

/** What there is. */
export interface Stored {
  machines: Pick<Machines, 'get' | 'find' | 'byMac' | 'byAddress' | 'leasedToOthers'>;
  /** By id or name. */
  template(reference: string): Template | undefined;
  workflow(id: string): Workflow | undefined;
  origins: Origins;
}

export const ACTIONS = ['created', 'changed', 'unchanged', 'skipped'] as const;

/** What becomes of one object. */
export interface Change<M extends Manifest = Manifest> {
  manifest: M;
  action: (typeof ACTIONS)[number];
  name: string;
  /** Undefined: it gets its id when it is made. */
  id: string | undefined;
  /** What the object itself becomes differs from what it is, not only what it is called. */
  rewritten: boolean;
  /** In unified form; '' where nothing changes. */
  diff: string;
  origin: KeptOrigin | undefined;
}

/** A template as it will be. */
export type TemplateToBe = Pick<Template, 'name' | 'data' | 'lenient'> & { id: string | undefined };

/** A workflow that is to be made, with what it is made from. */
export interface WorkflowOrder {
  manifest: WorkflowManifest;
  template: TemplateToBe;
  machine: Machine | undefined;
}

/** What applying a file would do. With problems, nothing of it may be done. */
export interface Plan {
  hardware: Change<HardwareManifest>[];
  templates: Change<TemplateManifest>[];
  workflows: Change<WorkflowManifest>[];
  orders: WorkflowOrder[];
  machines: MachinesToBe;
  problems: Problem[];
  warnings: Problem[];
}

/** @param now ms since 1970 */
export function planChanges(manifests: readonly Manifest[], stored: Stored, now: number): Plan {
  const hardware = manifests.filter((each) => each.kind === 'hardware');
  const templates = manifests.filter((each) => each.kind === 'template');
  const workflows = manifests.filter((each) => each.kind === 'workflow');
  const machines = new MachinesToBe(stored.machines, hardware, now);
  const plan: Plan = {
    hardware: hardware.map((each) => hardwareChange(each, stored)),
    templates: templates.map((each) => templateChange(each, stored)),
    workflows: [],
    orders: [],
    machines,
    problems: [...twice(manifests), ...machines.conflicts(hardware)],
    warnings: [],
  };
  for (const each of hardware) {
    const leased = stored.machines.leasedToOthers(each.hardware, stored.machines.get(each.hardware.id));
    for (const { field, message } of leased) report(plan, each, field, message);
  }
  for (const change of plan.templates) {
    const owner = stored.template(change.manifest.name);
    if (owner === undefined || owner.id === change.id || plan.templates.some(({ id }) => id === owner.id)) continue;
    report(plan, change.manifest, 'spec.data', `template ${owner.id} is named ${owner.name} already`);
  }
  for (const each of workflows) addWorkflow(each, plan, stored);
  return plan;
}

function report(plan: Plan, { line }: Manifest, field: string, message: string): void {
  plan.problems.push({ field, message, line, column: 1 });
}

/** Objects that two documents describe. */
function twice(manifests: readonly Manifest[]): Problem[] {
  const seen = new Map<string, number>();
  return manifests.flatMap((manifest) => {
    const { kind, line } = manifest;
    const key = `${kind} ${kind === 'hardware' ? manifest.hardware.id : kind === 'template' ? manifest.name : manifest.id}`;
    const other = seen.get(key);
    seen.set(key, other ?? line);
    if (other === undefined) return [];
    return [{ field: '', message: `${key} is described in line ${other} already`, line, column: 1 }];
  });
}

function hardwareChange(manifest: HardwareManifest, { machines, origins }: Stored): Change<HardwareManifest> {
  const { id } = manifest.hardware;
  const before = machines.get(id);
  const kept = origins.of('hardware', id);
  const origin = manifest.origin ?? kept;
  const called = { ...(before ?? blank), id, name: before?.name ?? id };
  const after = machineDocument({ ...called, hardware: manifest.hardware }, origin);
  const was = before && machineDocument(before, before && kept === undefined ? origin : kept);
  const rewritten = before === undefined || !isDeepStrictEqual(plain(before.hardware), plain(manifest.hardware));
  const same = !rewritten && was !== undefined && saySame(was, after);
  const from = was === undefined ? '' : toYaml([was]);
  const action = before === undefined ? 'created' : same ? 'unchanged' : 'changed';
  const name = origin === undefined ? id : nameIn(origin);
  return { manifest, action, name, id, rewritten, diff: same ? '' : unifiedDiff(from, toYaml([after])), origin };
}

const blank = { createdAt: 0, updatedAt: 0 };

function templateChange(manifest: TemplateManifest, stored: Stored): Change<TemplateManifest> {
  const { origins } = stored;
  const known = manifest.origin && origins.idOf('template', manifest.origin.namespace, manifest.origin.name);
  const before = (known === undefined ? undefined : stored.template(known)) ?? stored.template(manifest.name);
  const kept = before && origins.of('template', before.id);
  const origin = manifest.origin ?? kept;
  const name = origin === undefined ? manifest.name : nameIn(origin);
  const rewritten = before?.data !== manifest.data;
  // The text is compared by itself: inside a document its lines would be indented, or escaped.
  const called = (by: Origin | undefined): Resource => templateDocument({ ...blank, id: '', name, data: '' }, by);
  const renamed = before !== undefined && kept !== undefined && !saySame(called(kept), called(origin));
  const action = before === undefined ? 'created' : rewritten || renamed ? 'changed' : 'unchanged';
  const names = renamed ? unifiedDiff(toYaml([called(kept)]), toYaml([called(origin)])) : '';
  const diff = [names, unifiedDiff(before?.data ?? '', manifest.data)].filter((text) => text !== '').join('\n');
  return { manifest, action, name, id: before?.id, rewritten, diff, origin };
}

function addWorkflow(manifest: WorkflowManifest, plan: Plan, stored: Stored): void {
  const { id, origin, hardwareRef } = manifest;
  const name = nameIn(origin);
  const before = stored.workflow(id);
  const kept: KeptOrigin = { ...origin, ...(hardwareRef === undefined ? {} : { hardwareRef }) };
  const change: Change<WorkflowManifest> = {
    ...{ manifest, name, id, rewritten: before === undefined, origin: kept },
    ...{ action: before === undefined ? 'created' : 'unchanged', diff: '' },
  };
  plan.workflows.push(change);
  if (before !== undefined) {
    compareWorkflow(before, change, plan, stored);
    return;
  }
  if (manifest.state !== undefined && !['PENDING', 'PREPARING'].includes(manifest.state)) {
    const message = `workflow ${name} is ${manifest.state} where its document comes from, so it is not made again; without status it would be`;
    plan.warnings.push({ field: 'status.state', message, line: manifest.line, column: 1 });
    change.action = 'skipped';
    return;
  }
  const template = templateOf(manifest, plan, stored);
  if (template === undefined) {
    report(plan, manifest, 'spec.templateRef', `there is no template ${manifest.templateRef}`);
    return;
  }
  const machine = hardwareRef === undefined ? undefined : machineOf(manifest, hardwareRef, plan, stored);
  if (hardwareRef !== undefined && machine === undefined) {
    report(plan, manifest, 'spec.hardwareRef', `there is no hardware ${hardwareRef}`);
    return;
  }
  const document = workflowDocument({ id, devices: manifest.devices }, kept, manifest.templateRef);
  change.diff = unifiedDiff('', toYaml([document]));
  plan.orders.push({ manifest, template, machine });
}

/** A workflow is what was made of its document; a document that has changed since describes another workflow. */
function compareWorkflow(before: Workflow, change: Change<WorkflowManifest>, plan: Plan, stored: Stored): void {
  const { manifest } = change;
  const kept = stored.origins.of('workflow', before.id);
  const template = templateOf(manifest, plan, stored);
  const own = stored.template(before.template);
  const differing = [
    // The template that it was made from may be gone, and there again.
    own !== undefined && template?.id !== own.id ? 'templateRef' : '',
    kept !== undefined && kept.hardwareRef !== manifest.hardwareRef ? 'hardwareRef' : '',
    isDeepStrictEqual(plain(before.devices), plain(manifest.devices)) ? '' : 'hardwareMap',
  ].filter((field) => field !== '');
  if (differing.length === 0) return;
  const message = `workflow ${change.name} (${before.id}) exists, made from another ${differing.join(' and ')}; a workflow is never changed: delete it first (tinsmith workflow delete ${before.id}), or give the document another name`;
  report(plan, manifest, `spec.${differing[0]}`, message);
}

function templateOf(
  { templateRef, origin }: WorkflowManifest,
  { templates }: Plan,
  stored: Stored,
): TemplateToBe | undefined {
  const named =
    templates.find(({ manifest }) => {
      return manifest.origin?.name === templateRef && manifest.origin.namespace === origin.namespace;
    }) ?? templates.find(({ manifest }) => manifest.name === templateRef);
  if (named !== undefined) return { ...named.manifest, id: named.id };
  const id = stored.origins.idOf('template', origin.namespace, templateRef);
  return (id === undefined ? undefined : stored.template(id)) ?? stored.template(templateRef);
}

function machineOf(
  { origin }: WorkflowManifest,
  reference: string,
  { hardware, machines }: Plan,
  { origins }: Stored,
): Machine | undefined {
  const named = hardware.find(({ manifest }) => {
    return manifest.origin?.name === reference && manifest.origin.namespace === origin.namespace;
  });
  const id = named?.manifest.hardware.id ?? origins.idOf('hardware', origin.namespace, reference);
  for (const each of [id, reference]) {
    try {
      if (each !== undefined) return machines.find(each);
    } catch (error) {
      if (!(error instanceof TinsmithError)) throw error;
    }
  }
  return undefined;
}

/** All changes, in the order of their documents. */
export function changesOf({ hardware, templates, workflows }: Plan): Change[] {
  return [...hardware, ...templates, ...workflows].toSorted((a, b) => a.manifest.line - b.manifest.line);
}
