/** Resources of tinkerbell.org/v1alpha1 as manifests. Pure. */
import { TinsmithError } from '../errors.ts';
import { parseHardware } from '../machines/hardware.ts';
import { checkTemplate } from '../workflows/template/index.ts';
import { didYouMean } from '../workflows/template/nearest.ts';
import { fieldsOf, hardwareOfSpec, machineIdOf } from './hardware.ts';
import { DEFAULT_NAMESPACE, type Origin, ownIdOf } from './identity.ts';
import { HARDWARE_KEYS, type Shape, TEMPLATE_KEYS, unknownKeys, WORKFLOW_KEYS, warnOfUnused } from './keys.ts';
import type { HardwareManifest, Manifest, TemplateManifest, WorkflowManifest } from './manifest.ts';
import { type Path, pathOf, type Source } from './source.ts';

const API_VERSION = 'tinkerbell.org/v1alpha1';
const KINDS = ['Hardware', 'Template', 'Workflow'] as const;
type ResourceKind = (typeof KINDS)[number];
const SHAPES: Readonly<Record<ResourceKind, Shape>> = {
  Hardware: HARDWARE_KEYS,
  Template: TEMPLATE_KEYS,
  Workflow: WORKFLOW_KEYS,
};

/** A resource with everything around it. */
interface Reading {
  source: Source;
  root: Path;
  spec: Record<string, unknown>;
  origin: Origin;
  line: number;
}

/** Reads one resource; undefined where it cannot be made anything of (the source has the problems). */
export function readResource(
  source: Source,
  value: unknown,
  root: Path,
  line: number,
  lenient: boolean,
): Manifest | undefined {
  const { apiVersion, kind, metadata, spec, status } = fieldsOf(value);
  if (apiVersion !== API_VERSION) {
    source.report([...root, 'apiVersion'], `must be ${API_VERSION}, not ${shown(apiVersion)}`);
    return undefined;
  }
  const known = KINDS.find((each) => each === kind);
  if (known === undefined) {
    const hint = typeof kind === 'string' ? didYouMean(kind, KINDS) : '';
    source.report([...root, 'kind'], `${shown(kind)} is not known here${hint}; there are ${KINDS.join(', ')}`);
    return undefined;
  }
  const before = source.problems.length;
  for (const { path, message } of unknownKeys(value, SHAPES[known])) {
    if (lenient) source.warn([...root, ...path], message, 'key');
    else source.report([...root, ...path], message, 'key');
  }
  const origin = readOrigin(source, metadata, [...root, 'metadata']);
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) {
    source.report([...root, 'spec'], spec === undefined ? 'is missing' : 'is no map');
    return undefined;
  }
  if (origin === undefined) return undefined;
  const reading: Reading = { source, root, spec: spec as Record<string, unknown>, origin, line };
  const manifest = readKind(known, reading, fieldsOf(status));
  if (known === 'Hardware') warnOfUnused(source, { spec }, root);
  return source.problems.length > before ? undefined : manifest;
}

function readKind(kind: ResourceKind, reading: Reading, status: Record<string, unknown>): Manifest | undefined {
  switch (kind) {
    case 'Hardware':
      return readHardware(reading);
    case 'Template':
      return readTemplate(reading);
    case 'Workflow':
      return readWorkflow(reading, status);
  }
}

function readOrigin(source: Source, metadata: unknown, path: Path): Origin | undefined {
  const { name, namespace, labels, annotations } = fieldsOf(metadata);
  if (typeof name !== 'string' || name === '') {
    source.report([...path, 'name'], name === undefined ? 'is missing' : 'is no name');
    return undefined;
  }
  for (const [key, text] of Object.entries({ name, namespace })) {
    if (text === undefined) continue;
    if (typeof text !== 'string' || !/^[^\s/\p{Cc}]{1,253}$/u.test(text)) {
      source.report([...path, key], `${shown(text)} is no name (up to 253 characters, no / and no spaces)`);
      return undefined;
    }
  }
  const texts = (key: string, value: unknown): Record<string, string> | undefined => {
    if (value === undefined || value === null) return undefined;
    const wrong = Object.entries(fieldsOf(value)).find(([, text]) => typeof text !== 'string');
    if (typeof value !== 'object' || Array.isArray(value)) source.report([...path, key], 'is no map of texts');
    else if (wrong !== undefined) source.report([...path, key, wrong[0]], 'is no text; put it in quotes');
    return Object.keys(value).length === 0 ? undefined : (value as Record<string, string>);
  };
  const given = { labels: texts('labels', labels), annotations: texts('annotations', annotations) };
  return {
    name,
    namespace: typeof namespace === 'string' ? namespace : DEFAULT_NAMESPACE,
    ...(given.labels === undefined ? {} : { labels: given.labels }),
    ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
  };
}

function readHardware({ source, root, spec, origin, line }: Reading): HardwareManifest | undefined {
  try {
    const hardware = parseHardware(hardwareOfSpec(machineIdOf(origin, spec), spec));
    return { kind: 'hardware', origin, hardware, line };
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.problems.length === 0) throw error;
    for (const { field, message } of error.problems) source.report([...root, ...specPathOf(field)], message);
    return undefined;
  }
}

/** A field of a machine's record, as it is called in a document. */
function specPathOf(field: string): Path {
  const names: Record<string, string> = { allow_pxe: 'allowPXE', allow_workflow: 'allowWorkflow', base_url: 'baseURL' };
  const [top, ...rest] = pathOf(field);
  const path = top === 'network' ? rest : [top ?? '', ...rest];
  return [
    'spec',
    ...path.map((part) => (typeof part === 'string' && path[0] === 'interfaces' ? (names[part] ?? part) : part)),
  ];
}

/** Its templates are read leniently, as Tinkerbell read them since it had resources. */
function readTemplate({ source, root, spec: { data }, origin, line }: Reading): TemplateManifest | undefined {
  const path = [...root, 'spec', 'data'];
  if (typeof data !== 'string') {
    source.report(path, data === undefined ? 'is missing' : 'must be the text of a template (data: |)');
    return undefined;
  }
  const placeOf = source.insideOf(path);
  const placed = ({ field, message, line: inner = 1, column = 1 }: Inner) => {
    return { field: field === '' ? 'spec.data' : `spec.data: ${field}`, message, ...placeOf(inner, column) };
  };
  try {
    const { name, warnings = [] } = checkTemplate(data, { lenient: true });
    source.warnings.push(...warnings.map(placed));
    return { kind: 'template', origin, name, data, lenient: true, line };
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.problems.length === 0) throw error;
    source.problems.push(...error.problems.map(placed));
    return undefined;
  }
}

interface Inner {
  field: string;
  message: string;
  line?: number;
  column?: number;
}

function readWorkflow(reading: Reading, { state }: Record<string, unknown>): WorkflowManifest | undefined {
  const { source, root, spec, origin, line } = reading;
  const { templateRef, hardwareRef, hardwareMap, disabled, bootOptions } = spec;
  const at = (key: string): Path => [...root, 'spec', key];
  if (typeof templateRef !== 'string' || templateRef === '') {
    source.report(at('templateRef'), templateRef === undefined ? 'is missing' : 'is no name of a template');
  }
  if (hardwareRef !== undefined && hardwareRef !== null && typeof hardwareRef !== 'string') {
    source.report(at('hardwareRef'), 'is no name of hardware');
  }
  if (
    hardwareMap !== undefined &&
    hardwareMap !== null &&
    (typeof hardwareMap !== 'object' || Array.isArray(hardwareMap))
  ) {
    source.report(at('hardwareMap'), 'is no map of names in the template to addresses');
  }
  if (disabled === true)
    source.report(at('disabled'), 'a workflow cannot wait here; leave its document out until then');
  if (bootOptions !== undefined && Object.keys(fieldsOf(bootOptions)).length > 0) {
    source.warn(at('bootOptions'), 'is left out: no BMC is spoken to, and machines boot by what there is to do', 'key');
  }
  return {
    kind: 'workflow',
    origin,
    id: ownIdOf('workflow', origin),
    templateRef: String(templateRef),
    hardwareRef: typeof hardwareRef === 'string' && hardwareRef !== '' ? hardwareRef : undefined,
    devices: fieldsOf(hardwareMap),
    state: typeof state === 'string' && state !== '' ? state.replace(/^STATE_/, '') : undefined,
    line,
  };
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
