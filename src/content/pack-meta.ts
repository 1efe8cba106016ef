/** What a pack says of itself. Pure. */
import { z } from 'zod';
import type { Path } from '../yaml-source.ts';
import type { PackMeta } from './layers.ts';
import { problemOf } from './reading.ts';
import { isNothing, type PathProblem } from './writing.ts';

const text = z.string().max(1 << 20);
const packMeta = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/, 'has other characters than letters, digits and . _ + -'),
  version: text.max(255).default(''),
  description: text.default(''),
  documentation: text.default(''),
  more: z.record(z.string(), text),
});
const OWN: readonly string[] = ['name', 'version', 'description', 'documentation'];

/** What Digital Rebar's server says of a pack that it has. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['type', 'writable', 'overwritable']);
/** What it asks of the server and of other packs: here, objects that are missing are told one by one. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['prerequisites', 'requiredfeatures']);

/** @param writingOf how a value is written: a version 1.10 that is read as 1.1 */
export function readMeta(
  input: unknown,
  writingOf: (path: Path) => string | undefined,
): { meta: PackMeta; problems: PathProblem[]; unsupported: string[] } {
  const unsupported: string[] = [];
  const problems: PathProblem[] = [];
  const own: Record<string, unknown> = {};
  const more: Record<string, unknown> = {};
  for (const [given, value] of typeof input === 'object' && input !== null ? Object.entries(input) : []) {
    // `DocUrl` is `docUrl`, and `ID` stays.
    const key = /^[A-Z][a-z]/.test(given) ? given.charAt(0).toLowerCase() + given.slice(1) : given;
    const lower = key.toLowerCase();
    const into = OWN.includes(lower) ? own : more;
    const name = into === own ? lower : key;
    if (value === null || BOOKKEEPING.has(lower)) continue;
    if (UNSUPPORTED.has(lower)) {
      if (!isNothing(value)) unsupported.push(given);
    } else if (Object.hasOwn(into, name)) {
      problems.push({ path: [given], message: `the key "${name}" is given twice`, of: 'key' });
    } else into[name] = typeof value === 'number' || typeof value === 'boolean' ? writingOf([given]) : value;
  }
  const parsed = packMeta.safeParse({ ...own, more });
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const { path, message } = problemOf(issue);
      problems.push({ path: path[0] === 'more' ? path.slice(1) : path, message });
    }
  }
  const meta = parsed.data ?? { name: '', version: '', description: '', documentation: '', more: {} };
  return { meta, problems, unsupported };
}

/** As it is written, without what is empty. */
export function metaToWrite({ name, more, ...texts }: PackMeta): Record<string, string> {
  return { name, ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== '')), ...more };
}
