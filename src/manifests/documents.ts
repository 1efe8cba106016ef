/** What there is, as documents that say so. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'yaml';
import type { Hardware } from '../machines/hardware.ts';
import type { Machine } from '../machines/machines.ts';
import type { Template } from '../workflows/templates.ts';
import type { Workflow } from '../workflows/workflow.ts';
import { hardwareDocument } from './hardware.ts';
import { DEFAULT_NAMESPACE, ID_LABEL, idOf, type Kind, type Origin, plainName } from './identity.ts';
import type { KeptOrigin } from './origins.ts';
import type { Resource } from './resource.ts';

/** A resource of Tinkerbell's, or hardware as its command line had it where a resource has no room for it. */
export type AnyDocument = Resource | Hardware;

/** A machine's hardware data. @param origin what its document called it */
export function machineDocument(machine: Machine, origin: Origin | undefined): AnyDocument {
  return hardwareDocument(machine.hardware, origin ?? nameless(machine.name));
}

/** A template. @param origin what its document called it */
export function templateDocument(template: Template, origin: Origin | undefined): Resource {
  return resource('Template', origin ?? nameless(template.name), { data: template.data });
}

/** @param templateName what the document of its template is called */
export function workflowDocument(
  workflow: Pick<Workflow, 'id' | 'devices'> & { state?: string },
  origin: KeptOrigin | undefined,
  templateName: string,
): Resource {
  const { hardwareRef, ...names } = origin ?? nameless(workflow.id);
  const spec = {
    templateRef: templateName,
    ...(hardwareRef === undefined ? {} : { hardwareRef }),
    hardwareMap: workflow.devices,
  };
  const status = workflow.state === undefined ? undefined : { state: workflow.state };
  return resource('Workflow', labelled('workflow', workflow.id, names), spec, status);
}

/** Documents as a file of YAML. */
export function toYaml(documents: readonly object[]): string {
  return documents.map(yamlOf).join('---\n');
}

function yamlOf(document: object): string {
  const options = { lineWidth: 0, aliasDuplicateObjects: false };
  const text = stringify(document, { ...options, blockQuote: 'literal' });
  // Blocks are for people; a few texts with odd white space would come back from them as others.
  return isDeepStrictEqual(parse(text), plain(document))
    ? text
    : stringify(document, { ...options, blockQuote: false });
}

/** A value as JSON has it: without what is undefined. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Whether two documents say the same; status is no part of what they say. */
export function saySame(a: AnyDocument, b: AnyDocument): boolean {
  const said = (document: AnyDocument): unknown => plain({ ...document, status: undefined });
  return isDeepStrictEqual(said(a), said(b));
}

function nameless(name: string): KeptOrigin {
  return { namespace: DEFAULT_NAMESPACE, name: plainName(name) };
}

/** Adds the id where it does not follow from the names. */
function labelled(kind: Kind, id: string, origin: Origin): Origin {
  const { [ID_LABEL]: _, ...labels } = origin.labels ?? {};
  if (idOf(kind, origin) === id) return { ...origin, labels };
  return { ...origin, labels: { ...labels, [ID_LABEL]: id } };
}

function resource(
  kind: Resource['kind'],
  { namespace, name, labels, annotations }: Origin,
  spec: Resource['spec'],
  status?: Resource['status'],
): Resource {
  return {
    apiVersion: 'tinkerbell.org/v1alpha1',
    kind,
    metadata: {
      name,
      namespace,
      ...(labels && Object.keys(labels).length > 0 ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}
