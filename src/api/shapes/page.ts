/** What answers are wrapped in: `{ data }`, and pages of long lists. */
import { z } from 'zod';

/** Most that one page holds, and what it holds unasked. */
export const PAGE = { most: 1000, unasked: 100 } as const;

/** `{ data }` around a shape. */
export function data<T extends z.ZodType>(shape: T) {
  return z.object({ data: shape });
}

/** `{ data: […], next? }` around the shape of one item. */
export function page<T extends z.ZodType>(shape: T) {
  return z.object({
    data: z.array(shape),
    next: z.string().optional().describe('There is more: give this as `after` to get it.'),
  });
}

/** Query of every list that comes in pages. */
export const pageQuery = z.object({
  limit: z.coerce.number().pipe(z.int().min(1).max(PAGE.most)).default(PAGE.unasked).describe('How many at most.'),
  after: z.string().max(500).optional().describe('`next` of the page before.'),
});
export type PageQuery = z.infer<typeof pageQuery>;

/** ISO 8601 in UTC. */
export const instant = z.iso.datetime().describe('ISO 8601 in UTC.');

/** A parameter that is on by its name alone: `?lenient`. */
export const flag = z
  .enum(['true', 'false', ''])
  .transform((text) => text !== 'false')
  .optional();
