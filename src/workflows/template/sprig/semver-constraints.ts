import { FunctionFault } from '../gotemplate/index.ts';
import { comparePrereleases, compareVersions, parseVersion, type Version } from './semver-version.ts';

const OPERATORS = ['', '=', '!=', '>', '<', '>=', '=>', '<=', '=<', '~', '~>', '^'] as const;
type Operator = (typeof OPERATORS)[number];

/** One comparison such as `>= 1.2` or `~1.2.x`. */
interface Constraint {
  readonly operator: Operator;
  readonly version: Version;
  /** From which number on the version was left open: `1.x` from 1, `1.2` from 2; undefined where it is whole. */
  readonly open: 0 | 1 | 2 | undefined;
}

/** Any of these groups; of a group all. */
type Constraints = readonly (readonly Constraint[])[];

const NUMBER = '[0-9xX*]+';
const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const VERSION = `v?(${NUMBER})(?:\\.(${NUMBER}))?(?:\\.(${NUMBER}))?(-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?`;
const ONE = new RegExp(`^\\s*(=>|=<|>=|<=|!=|~>|[=<>~^]|)\\s*(?:${VERSION})\\s*`);
const RANGE = new RegExp(`(?<=^|[\\s,|])(${VERSION})\\s+-\\s+(${VERSION})(?=$|[\\s,|])`, 'g');

/** Characters of a text of constraints, at most. */
const LENGTH_LIMIT = 1000;

/**
 * Reads `>=1.2 <2 || ^3`, with spaces or commas between what must hold together, and `1.2 - 2.3` for ranges.
 *
 * @throws FunctionFault
 */
export function parseConstraints(source: string): Constraints {
  if (source.length > LENGTH_LIMIT) throw new FunctionFault(`the constraint has more than ${LENGTH_LIMIT} characters`);
  const ranged = source.replaceAll(RANGE, (_, from: string, ...rest: string[]) => `>=${from} <=${rest[4]}`);
  return ranged.split('||').map((group) => parseGroup(group));
}

function parseGroup(source: string): Constraint[] {
  const constraints: Constraint[] = [];
  let rest = source;
  do {
    const match = ONE.exec(rest);
    if (match === null) throw new FunctionFault(`"${source}" is no version constraint`);
    constraints.push(constraintOf(match));
    rest = rest.slice(match[0].length);
    const separated = match[0].trimEnd() !== match[0] || rest.startsWith(',');
    if (rest !== '' && !separated) throw new FunctionFault(`"${source}" is no version constraint`);
    rest = rest.replace(/^,\s*/, '');
  } while (rest !== '');
  return constraints;
}

function constraintOf([whole, sign = '', ...parts]: readonly string[]): Constraint {
  const operator = OPERATORS.find((one) => one === sign) ?? '';
  const numbers = parts.slice(0, 3);
  const found = numbers.findIndex((number) => number === undefined || /^[xX*]$/.test(number));
  const open = found === 0 || found === 1 || found === 2 ? found : undefined;
  const closed = numbers.map((number, index) => (open !== undefined && index >= open ? '0' : number));
  if (closed.some((number) => !/^[0-9]+$/.test(number ?? ''))) {
    throw new FunctionFault(`"${whole?.trim()}" is no version constraint`);
  }
  return { operator, version: parseVersion(closed.join('.') + (parts[3] ?? '')), open };
}

/** Whether the version is one of those that the constraints allow. */
export function satisfies(version: Version, constraints: Constraints): boolean {
  return constraints.some((group) => group.every((constraint) => holds(version, constraint)));
}

function holds(version: Version, constraint: Constraint): boolean {
  const { operator, open, version: wanted } = constraint;
  const order = compareVersions(version, wanted);
  if (operator === '!=') return differs(version, constraint, order);
  // Who did not ask for prereleases does not get any.
  if (version.prerelease !== '' && wanted.prerelease === '') return false;
  switch (operator) {
    case '':
    case '=':
      return open === undefined ? order === 0 : tilde(version, constraint, order);
    case '>':
      return open === undefined || open === 0 ? order > 0 : compareFirst(version, wanted, open) > 0;
    case '<':
      return order < 0;
    case '>=':
    case '=>':
      return order >= 0;
    case '<=':
    case '=<':
      return open === undefined ? order <= 0 : compareFirst(version, wanted, open || 2) <= 0;
    case '~':
    case '~>':
      return tilde(version, constraint, order);
    case '^':
      return caret(version, constraint, order);
  }
}

/** Compares the first `count` numbers. */
function compareFirst(version: Version, wanted: Version, count: number): number {
  for (const [index, number] of version.numbers.slice(0, count).entries()) {
    const other = wanted.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  return 0;
}

function differs(version: Version, { version: wanted, open }: Constraint, order: number): boolean {
  if (open === undefined) return order !== 0;
  if (version.prerelease !== '' && wanted.prerelease === '') return false;
  if (open === 0) return order !== 0;
  if (compareFirst(version, wanted, open) !== 0) return true;
  return open === 2 && comparePrereleases(version.prerelease, wanted.prerelease) !== 0;
}

/** The same major number, and the same minor one where it was given; `~0.0.0` and `*` are any. */
function tilde(version: Version, { version: wanted, open }: Constraint, order: number): boolean {
  if (order < 0) return false;
  if ((open === undefined || open === 0) && wanted.numbers.every((number) => number === 0n)) return true;
  return compareFirst(version, wanted, open === 1 ? 1 : 2) === 0;
}

/** Nothing to the left of the first number that is not 0 may change. */
function caret(version: Version, { version: wanted, open }: Constraint, order: number): boolean {
  if (order < 0) return false;
  const [major = 0n, minor = 0n] = wanted.numbers;
  if (major > 0n || open === 1) return compareFirst(version, wanted, 1) === 0;
  if (minor > 0n || open === 2) return compareFirst(version, wanted, 2) === 0;
  return compareFirst(version, wanted, 3) === 0;
}
