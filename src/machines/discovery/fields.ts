/** The fields of an inventory by path, as rules name them: `system.vendor`, `disks.size`, `disks.count`. Pure. */
import { z } from 'zod';
import { type Inventory, inventory } from '../../inventory/inventory.ts';

/** What a path leads to: a value of a kind, or several fields (of one thing, or of each of a list). */
export type Field = { kind: 'text' | 'number' | 'boolean' } | { kind: 'fields'; schema: z.ZodObject };

/** Besides its fields, a list has this: how many there are. */
const COUNT = 'count';

/** All that there is. */
export const WHOLE: Field = { kind: 'fields', schema: inventory };

/** What a path leads to from `from` on. A list stands for each of its entries. */
export function fieldAt(path: string, from: Field = WHOLE): Field | { problem: string } {
  let at: Field = from;
  let isList = false;
  for (const [index, step] of path.split('.').entries()) {
    const before = path.split('.').slice(0, index).join('.');
    if (isList && step === COUNT) {
      at = { kind: 'number' };
      isList = false;
      continue;
    }
    if (at.kind !== 'fields') return { problem: `${before} is a ${at.kind} and has no fields` };
    const { shape } = at.schema;
    const next = Object.hasOwn(shape, step) ? shape[step] : undefined;
    if (next === undefined) {
      const known = [...Object.keys(shape), ...(isList ? [COUNT] : [])].join(', ');
      return { problem: `there is no field ${step}; ${before || 'an inventory'} has ${known}` };
    }
    const plain = withoutOptional(next);
    isList = plain instanceof z.ZodArray;
    at = fieldOf(plain instanceof z.ZodArray ? plain.element : plain);
  }
  return at;
}

function withoutOptional(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ? schema.unwrap() : schema;
}

function fieldOf(schema: z.core.$ZodType): Field {
  const plain = withoutOptional(schema);
  if (plain instanceof z.ZodObject) return { kind: 'fields', schema: plain };
  if (plain instanceof z.ZodNumber) return { kind: 'number' };
  return { kind: plain instanceof z.ZodBoolean ? 'boolean' : 'text' };
}

/** All values at a path: none when it is absent, several when there are lists on the way. */
export function valuesAt(path: string, from: Inventory | unknown): unknown[] {
  let values: unknown[] = [from];
  let list: unknown;
  for (const step of path.split('.')) {
    if (step === COUNT && Array.isArray(list)) return [list.length];
    const next = values.flatMap((value) =>
      value !== null && typeof value === 'object' && Object.hasOwn(value, step)
        ? [(value as Record<string, unknown>)[step]]
        : [],
    );
    list = next.length === 1 ? next[0] : undefined;
    values = next.flat().filter((value) => value !== undefined);
  }
  return values;
}
