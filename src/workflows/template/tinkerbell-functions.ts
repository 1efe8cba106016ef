import { parseDocument, stringify } from 'yaml';
import {
  Float,
  FunctionFault,
  type FunctionMap,
  fixed,
  GO_FUNCTIONS,
  GoObject,
  inWords,
  isList,
  isMap,
  keysOf,
  stringArgument,
  type TemplateFunction,
  type Value,
} from './gotemplate/index.ts';
import { SPRIG_FUNCTIONS } from './sprig/index.ts';

/** Values that toYaml writes at most. */
const YAML_VALUE_LIMIT = 50_000;

/** Where sprig takes the name of a function of Go's for lists only, texts are still Go's. */
const SLICE: TemplateFunction = {
  min: 1,
  max: 4,
  call: (args, spend) => {
    const functions = typeof args[0] === 'string' || args.length === 4 ? GO_FUNCTIONS : SPRIG_FUNCTIONS;
    return functions.get('slice')?.call(args, spend) ?? null;
  },
};

/** What templates may call: Go's functions, the hermetic part of sprig, and Tinkerbell's. */
export const TEMPLATE_FUNCTIONS: FunctionMap = new Map([
  ...GO_FUNCTIONS,
  ...SPRIG_FUNCTIONS,
  ['slice', SLICE],
  ['formatPartition', fixed(2, ([device, partition]) => formatPartition(device, partition))],
  ['netmaskToPrefixLength', fixed(1, ([netmask]) => netmaskToPrefixLength(stringArgument(netmask, 'the netmask')))],
  ['toYaml', fixed(1, ([value = null]) => toYaml(value))],
  ['fromYaml', { min: 1, max: 1, call: ([text]) => fromYaml(stringArgument(text, 'the YAML')), stepsPerCharacter: 1 }],
]);

/** Device file of a partition: `/dev/disk/…-part1`, `/dev/nvme0n1p1`, `/dev/sda1`. */
function formatPartition(device: Value | undefined, partition: Value | undefined): string {
  const path = stringArgument(device, 'the device');
  if (typeof partition !== 'number' || !Number.isInteger(partition)) {
    throw new FunctionFault(`the partition must be an int, not ${inWords(partition ?? null)}`);
  }
  if (path.startsWith('/dev/disk/')) return `${path}-part${partition}`;
  return /[0-9]$/.test(path) ? `${path}p${partition}` : `${path}${partition}`;
}

/** `255.255.255.0` to `24`. Tinkerbell takes a mask with holes for 0; here it is refused. */
function netmaskToPrefixLength(netmask: string): string {
  const octets = netmask.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9][0-9]{0,2})$/.test(octet) && Number(octet) <= 255)) {
    throw new FunctionFault(`"${netmask}" is no IPv4 netmask`);
  }
  const bits = octets.map((octet) => Number(octet).toString(2).padStart(8, '0')).join('');
  if (/01/.test(bits)) throw new FunctionFault(`"${netmask}" is no netmask: its ones are not all in front`);
  return String(bits.replace(/0+$/, '').length);
}

/** YAML as Go writes it: keys in order, lists not indented, no newline at the end. */
function toYaml(value: Value): string {
  const plain = toPlain(value, { left: YAML_VALUE_LIMIT });
  const text = stringify(plain, {
    aliasDuplicateObjects: false,
    compat: 'yaml-1.1',
    indentSeq: false,
    lineWidth: 0,
    sortMapEntries: true,
  });
  return text.replace(/\n$/, '');
}

/** JSON-like copy for the YAML library. */
function toPlain(value: Value, budget: { left: number }, depth = 0): unknown {
  budget.left -= 1;
  if (budget.left < 0 || depth > 100) throw new FunctionFault('the value is too large');
  if (value instanceof Float) return value.value;
  if (typeof value === 'function') throw new FunctionFault('a function cannot be written as YAML');
  if (value instanceof GoObject) return value.json();
  if (isList(value)) return value.map((element) => toPlain(element, budget, depth + 1));
  if (!isMap(value)) return value;
  return new Map(keysOf(value).map((key) => [key, toPlain(value[key] ?? null, budget, depth + 1)]));
}

function fromYaml(text: string): Value {
  try {
    const document = parseDocument(text, { logLevel: 'error', prettyErrors: false, uniqueKeys: false });
    const [fault] = document.errors;
    if (fault?.code === 'RESOURCE_EXHAUSTION') throw new RangeError(fault.message);
    if (fault !== undefined) throw new FunctionFault(fault.message);
    return (document.toJS({ maxAliasCount: 100 }) ?? null) as Value;
  } catch (error) {
    if (error instanceof FunctionFault) throw error;
    // Too deep for the stack (RangeError), or aliases without anchor or without end (ReferenceError).
    if (error instanceof RangeError) throw new FunctionFault('the YAML is nested too deep');
    if (error instanceof ReferenceError) throw new FunctionFault(error.message);
    throw error;
  }
}
