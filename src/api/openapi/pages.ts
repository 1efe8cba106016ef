/** Long lists in pages. The cursor names the last item of a page, so that items that come and go move no other. */
import { TinsmithError } from '../../errors.ts';
import type { PageQuery } from '../shapes/page.ts';
import type { Page } from '../types.ts';

/**
 * A page of a list.
 * @param keyOf names an item so that the names sort as the list is to be.
 * @throws TinsmithError INVALID_INPUT for a cursor that is none
 */
export function pageOf<T>(items: readonly T[], keyOf: (item: T) => string, { limit, after }: PageQuery): Page<T> {
  const start = after === undefined ? undefined : keyIn(after);
  const rest = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => start === undefined || key > start)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const data = rest.slice(0, limit).map(({ item }) => item);
  const last = rest[limit - 1];
  return rest.length > limit && last ? { data, next: cursorOf(last.key) } : { data };
}

/** Sorts by age, the oldest first. @param at ms since 1970 */
export function byAge({ createdAt, id }: { createdAt: number; id: string }): string {
  return `${String(createdAt).padStart(15, '0')}/${id}`;
}

/** Whether a name is what is wanted, in which `*` stands for any characters. Capitals do not count. */
export function isNamed(name: string, wanted: string): boolean {
  const parts = wanted.toLowerCase().split('*');
  const text = name.toLowerCase();
  const [first = '', ...more] = parts;
  const last = more.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of more) {
    const found = text.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return from <= text.length - last.length;
}

function cursorOf(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function keyIn(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString();
  if (cursor !== '' && cursorOf(key) === cursor) return key;
  throw new TinsmithError('INVALID_INPUT', `after: ${cursor} is not the \`next\` of a page.`, {
    next: 'Give what the page before has as `next`, unchanged.',
    problems: [{ field: 'after', message: 'is not the `next` of a page' }],
  });
}
