/** The keys that documents of `tinkerbell.org/v1alpha1` may have, and what is told of others. Pure. */
import { didYouMean } from '../workflows/template/nearest.ts';
import type { Path, Source } from './source.ts';

/** What may be in a value: `true` for anything, `[shape]` for a list, `{key: shape}` for a map. */
export type Shape = true | readonly [Shape] | { readonly [key: string]: Shape };

const anything = <const Key extends string>(...keys: Key[]): { [K in Key]: true } =>
  Object.fromEntries(keys.map((key) => [key, true])) as { [K in Key]: true };

const META: Shape = {
  ...anything('name', 'namespace', 'labels', 'annotations'),
  // What an API server adds to what it gives out.
  ...anything('uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'ownerReferences'),
  ...anything('finalizers', 'generateName', 'selfLink', 'deletionTimestamp', 'deletionGracePeriodSeconds'),
};
const ENVELOPE = { apiVersion: true, kind: true, metadata: META, status: true } as const;

const INSTANCE: Shape = {
  ...anything('id', 'state', 'hostname', 'allow_pxe', 'rescue', 'operating_system', 'operating_system_version'),
  ...anything('always_pxe', 'ipxe_script_url', 'ips', 'userdata', 'crypted_root_password', 'tags', 'storage'),
  ...anything('ssh_keys', 'network_ready'),
};
const INTERFACE: Shape = {
  dhcp: {
    ...anything('mac', 'hostname', 'domain_name', 'lease_time', 'name_servers', 'time_servers', 'arch', 'uefi'),
    ...anything('iface_name', 'vlan_id', 'tftp_server_name', 'boot_file_name'),
    ip: anything('address', 'netmask', 'gateway', 'family'),
    classless_static_routes: [anything('destination_descriptor', 'router')],
  },
  disableDhcp: true,
  isoboot: anything('sourceISO'),
  netboot: {
    ...anything('allowPXE', 'allowWorkflow', 'secureBoot'),
    ipxe: anything('url', 'contents', 'binary'),
    osie: anything('baseURL', 'kernel', 'initrd', 'kernelParams'),
    pxelinux: anything('config'),
    rpi: anything('serialNum', 'firmwarePath', 'configTxt'),
  },
};

export const HARDWARE_KEYS: Shape = {
  ...ENVELOPE,
  spec: {
    agentID: true,
    auto: anything('enrollmentEnabled'),
    bmcRef: anything('apiGroup', 'kind', 'name'),
    disks: [anything('device')],
    interfaces: [INTERFACE],
    metadata: { ...anything('state', 'bonding_mode', 'manufacturer', 'custom', 'facility'), instance: INSTANCE },
    ...anything('references', 'resources', 'tinkVersion', 'userData', 'vendorData'),
  },
};
export const TEMPLATE_KEYS: Shape = { ...ENVELOPE, spec: { data: true } };
export const WORKFLOW_KEYS: Shape = {
  ...ENVELOPE,
  spec: { ...anything('templateRef', 'hardwareRef', 'hardwareMap', 'disabled', 'bootOptions') },
};

/** Fields of hardware that are kept and that nothing here acts on, by their paths; `*` stands for any position. */
const UNUSED: Readonly<Record<string, string>> = {
  'spec.agentID': '',
  'spec.auto': 'machines enrol themselves here in another way',
  'spec.bmcRef': 'no BMC is spoken to',
  'spec.resources': '',
  'spec.tinkVersion': '',
  'spec.interfaces.*.isoboot': 'machines boot from the network only',
  'spec.interfaces.*.dhcp.vlan_id': '',
  'spec.interfaces.*.dhcp.classless_static_routes': '',
  'spec.interfaces.*.dhcp.tftp_server_name': '',
  'spec.interfaces.*.dhcp.boot_file_name': '',
  'spec.interfaces.*.netboot.osie': 'machines boot into the in-memory system of this appliance',
  'spec.interfaces.*.netboot.pxelinux': '',
  'spec.interfaces.*.netboot.rpi': '',
};

/** The keys in a value that its shape has no room for. */
export function unknownKeys(value: unknown, shape: Shape): { path: Path; message: string }[] {
  const unknown: { path: Path; message: string }[] = [];
  const visit = (inner: unknown, allowed: Shape, path: Path): void => {
    if (allowed === true || inner === null || typeof inner !== 'object') return;
    if (isList(allowed) || Array.isArray(inner)) {
      if (!isList(allowed) || !Array.isArray(inner)) return;
      for (const [index, element] of inner.entries()) visit(element, allowed[0], [...path, index]);
      return;
    }
    for (const [key, each] of Object.entries(inner)) {
      const next = Object.hasOwn(allowed, key) ? allowed[key] : undefined;
      if (next !== undefined) visit(each, next, [...path, key]);
      else {
        const known = Object.keys(allowed);
        const hint = didYouMean(key, known) || `; known are ${known.join(', ')}`;
        unknown.push({ path: [...path, key], message: `unknown key "${key}"${hint}` });
      }
    }
  };
  visit(value, shape, []);
  return unknown;
}

/** Warns of the fields of a hardware document that are kept and not used. */
export function warnOfUnused(source: Source, value: unknown, root: Path): void {
  const visit = (inner: unknown, path: Path): void => {
    const name = path.map((part) => (typeof part === 'number' ? '*' : part)).join('.');
    const why = Object.hasOwn(UNUSED, name) ? UNUSED[name] : undefined;
    if (why !== undefined) {
      if (inner === null || inner === false || inner === '' || isEmpty(inner)) return;
      source.warn([...root, ...path], `is kept and not used${why === '' ? '' : `: ${why}`}`, 'key');
    } else if (inner !== null && typeof inner === 'object' && path.length < 6) {
      const entries = Array.isArray(inner) ? inner.entries() : Object.entries(inner);
      for (const [key, each] of entries) visit(each, [...path, key]);
    }
  };
  visit(value, []);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
