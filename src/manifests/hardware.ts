/** `Hardware` of tinkerbell.org/v1alpha1 and the record of a machine, each made from the other. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Hardware } from '../machines/hardware.ts';
import { parseHardware } from '../machines/hardware.ts';
import { ID_LABEL, isUuid, type Origin, ownIdOf } from './identity.ts';
import { HARDWARE_KEYS, unknownKeys } from './keys.ts';
import type { Resource } from './resource.ts';

type Fields = Record<string, unknown>;

/** Fields whose name in documents is another than in a record, from documents to records. */
const NETBOOT_NAMES = { allowPXE: 'allow_pxe', allowWorkflow: 'allow_workflow', secureBoot: 'secure_boot' };
const OSIE_NAMES = { baseURL: 'base_url' };

/** The id of a machine: its instance's where that is a UUID, as Tinkerbell's own tools wrote it, or as of the names. */
export function machineIdOf(origin: Origin, spec: unknown): string {
  const instance = fieldsOf(fieldsOf(fieldsOf(spec).metadata).instance);
  if (!isUuid(origin.labels?.[ID_LABEL]) && isUuid(instance.id)) return instance.id.toLowerCase();
  return ownIdOf('hardware', origin);
}

/** What a machine's record is made from; it is still to be checked. */
export function hardwareOfSpec(id: string, spec: unknown): Fields {
  const { interfaces, metadata, ...rest } = fieldsOf(spec);
  return {
    ...rest,
    id,
    ...(metadata === undefined ? {} : { metadata }),
    network: { interfaces: Array.isArray(interfaces) ? interfaces.map(toInterface) : interfaces },
  };
}

/**
 * A machine's record as a document, so that applying it gives the same record again. Where Tinkerbell's resource has no
 * room for what a record holds, it is the JSON of the `tink` command line.
 */
export function hardwareDocument(hardware: Hardware, origin: Origin): Resource | Hardware {
  const { id, metadata, network, ...rest } = hardware;
  const spec = {
    ...rest,
    interfaces: network.interfaces.map(fromInterface),
    ...(metadata === undefined ? {} : { metadata }),
  };
  const { [ID_LABEL]: _, ...others } = origin.labels ?? {};
  const bare: Origin = { ...origin, labels: others };
  const labels = machineIdOf(bare, spec) === id ? others : { ...others, [ID_LABEL]: id };
  const resource: Resource = {
    apiVersion: 'tinkerbell.org/v1alpha1',
    kind: 'Hardware',
    metadata: {
      name: origin.name,
      namespace: origin.namespace,
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      ...(origin.annotations ? { annotations: origin.annotations } : {}),
    },
    spec,
  };
  const fits = unknownKeys(resource, HARDWARE_KEYS).length === 0 && isDeepStrictEqual(back(id, spec), hardware);
  return fits ? resource : hardware;
}

function back(id: string, spec: Fields): Hardware | undefined {
  try {
    return parseHardware(hardwareOfSpec(id, spec));
  } catch {
    return undefined;
  }
}

function toInterface(value: unknown): unknown {
  if (!isFields(value) || !isFields(value.netboot)) return value;
  const netboot = renamed(value.netboot, NETBOOT_NAMES);
  if (isFields(netboot.osie)) netboot.osie = renamed(netboot.osie, OSIE_NAMES);
  return { ...value, netboot };
}

function fromInterface(value: Hardware['network']['interfaces'][number]): Fields {
  if (value.netboot === undefined) return value;
  const netboot = renamed(value.netboot, inverse(NETBOOT_NAMES));
  if (isFields(netboot.osie)) netboot.osie = renamed(netboot.osie, inverse(OSIE_NAMES));
  return { ...value, netboot };
}

function renamed(fields: Fields, names: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [Object.hasOwn(names, key) ? (names[key] ?? key) : key, value]),
  );
}

function inverse(names: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([key, value]) => [value, key]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a map; none where it is none. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
