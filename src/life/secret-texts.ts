/** What would tell a secret value, wherever it is written. Pure. */
import { SHORTEST_SECRET } from '../workflows/secrets.ts';

/** Every text in a value by which it would be known, those that are long enough to be kept out of a log. */
export function secretTexts(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(secretTexts);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return [];
  const text = String(value);
  // As JSON has it, too: a script may get it that way.
  return [...new Set([text, JSON.stringify(text).slice(1, -1)])].filter(({ length }) => length >= SHORTEST_SECRET);
}
