import { FunctionFault, fixed, GoObject, type TemplateFunction, type Value } from '../gotemplate/index.ts';

const VERSION =
  /^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

/** @throws FunctionFault */
export function parseVersion(source: string): Version {
  const [, major = '', minor = '0', patch = '0', prerelease = '', metadata = ''] = VERSION.exec(source) ?? [];
  if (major === '') throw new FunctionFault(`"${source}" is no semantic version`);
  if (prerelease.split('.').some((part) => /^0[0-9]+$/.test(part))) {
    throw new FunctionFault(`"${source}": a number cannot begin with 0`);
  }
  const numbers = [major, minor, patch].map((digits) => {
    if (digits.length > 20 || BigInt(digits) >= 2n ** 64n)
      throw new FunctionFault(`"${source}": a number is too large`);
    return BigInt(digits);
  });
  return new Version(numbers, prerelease, metadata, source);
}

/** A version; templates see its parts as `.Major`, `.Minor`, `.Patch`, `.Prerelease` and `.Metadata`. */
export class Version extends GoObject {
  readonly type = '*semver.Version';
  readonly kind = 'ptr';
  /** Major, minor, patch. */
  readonly numbers: readonly bigint[];
  readonly prerelease: string;
  readonly metadata: string;
  readonly #original: string;

  constructor(numbers: readonly bigint[], prerelease: string, metadata: string, original: string) {
    super();
    this.numbers = numbers;
    this.prerelease = prerelease;
    this.metadata = metadata;
    this.#original = original;
  }

  override text(): string {
    const prerelease = this.prerelease === '' ? '' : `-${this.prerelease}`;
    return `${this.numbers.join('.')}${prerelease}${this.metadata === '' ? '' : `+${this.metadata}`}`;
  }

  override method(name: string): TemplateFunction | undefined {
    const [major = 0n, minor = 0n, patch = 0n] = this.numbers;
    const next = (...numbers: bigint[]): Value => {
      const made = new Version(numbers, '', '', '').text();
      return parseVersion(this.#original.startsWith('v') ? `v${made}` : made);
    };
    switch (name) {
      case 'Major':
        return fixed(0, () => major);
      case 'Minor':
        return fixed(0, () => minor);
      case 'Patch':
        return fixed(0, () => patch);
      case 'Prerelease':
        return fixed(0, () => this.prerelease);
      case 'Metadata':
        return fixed(0, () => this.metadata);
      case 'Original':
        return fixed(0, () => this.#original);
      case 'String':
        return fixed(0, () => this.text());
      case 'IncMajor':
        return fixed(0, () => next(major + 1n, 0n, 0n));
      case 'IncMinor':
        return fixed(0, () => next(major, minor + 1n, 0n));
      case 'IncPatch':
        return fixed(0, () => next(major, minor, this.prerelease === '' ? patch + 1n : patch));
      case 'Compare':
        return fixed(1, ([other]) => compareVersions(this, versionArgument(other)));
      case 'Equal':
        return fixed(1, ([other]) => compareVersions(this, versionArgument(other)) === 0);
      case 'LessThan':
        return fixed(1, ([other]) => compareVersions(this, versionArgument(other)) < 0);
      case 'GreaterThan':
        return fixed(1, ([other]) => compareVersions(this, versionArgument(other)) > 0);
      default:
        return undefined;
    }
  }
}

function versionArgument(value: Value | undefined): Version {
  if (value instanceof Version) return value;
  throw new FunctionFault('the argument must be what the function semver gives');
}

/** Negative, 0 or positive (semver.org, 11). */
export function compareVersions(a: Version, b: Version): number {
  for (const [index, number] of a.numbers.entries()) {
    const other = b.numbers[index] ?? 0n;
    if (number !== other) return number < other ? -1 : 1;
  }
  if (a.prerelease === '' || b.prerelease === '') {
    return a.prerelease === b.prerelease ? 0 : a.prerelease === '' ? 1 : -1;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

/** Part by part: numbers by value and before words, words by their bytes, less parts before more. */
export function comparePrereleases(a: string, b: string): number {
  const parts = a.split('.');
  const others = b.split('.');
  for (let index = 0; index < Math.max(parts.length, others.length); index++) {
    const part = parts[index] ?? '';
    const other = others[index] ?? '';
    if (part === other) continue;
    if (part === '' || other === '') return part === '' ? -1 : 1;
    const [isNumber, otherIsNumber] = [/^[0-9]+$/.test(part), /^[0-9]+$/.test(other)];
    if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
    if (isNumber) return BigInt(part) < BigInt(other) ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return 0;
}
