/** What the meta of a template entry says. Pure. */
import type { TemplateEntry } from './objects.ts';

/** A key of an entry's meta, whatever its case: Digital Rebar writes `OS`. */
function metaOf({ meta }: Pick<TemplateEntry, 'meta'>, key: string): string {
  if (Object.hasOwn(meta, key)) return meta[key] ?? '';
  const found = Object.keys(meta).find((each) => each.toLowerCase() === key);
  return found === undefined ? '' : (meta[found] ?? '');
}

/** The systems that an entry is for, in small letters; empty: it does not say. `any` is for all. */
export function systemsOf(entry: Pick<TemplateEntry, 'meta'>): string[] {
  return metaOf(entry, 'os')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

/** What runs the script of an entry; undefined: its own first line says so. */
export function interpreterOf(entry: Pick<TemplateEntry, 'meta'>): string | undefined {
  return metaOf(entry, 'interpreter').trim() || undefined;
}
