/** Reads the variables of an action. */
import { z } from 'zod';
import { ActionFailure, type Environment, EXIT_USAGE } from './action.ts';

const TRUE = ['1', 't', 'true', 'y', 'yes', 'on'];
const FALSE = ['0', 'f', 'false', 'n', 'no', 'off'];

/** A variable that is there and not empty. */
export const text = z.string().min(1);

/** A switch, in what Go's strconv.ParseBool reads and a little more. */
export const flag = z.string().transform((value, context) => {
  const word = value.toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  context.addIssue({ code: 'custom', message: 'is neither true nor false' });
  return z.NEVER;
});

/** A number that is not negative. */
export const amount = z.string().transform((value, context) => {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  context.addIssue({ code: 'custom', message: 'is no number' });
  return z.NEVER;
});

/** The id of a user or group. */
export const numericId = z
  .string()
  .regex(/^\d{1,9}$/, 'is no number')
  .transform(Number);

/** Permissions in octal: `0644`. */
export const octalMode = z
  .string()
  .regex(/^(0o)?[0-7]{1,5}$/, 'is no octal number')
  .transform((value) => Number.parseInt(value.replace('0o', ''), 8) & 0o7777);

/** The device file of a disk or partition. */
export const device = z.string().regex(/^\/[^\0]+$/, 'is no absolute path');

/** The type of a file system, as `mount -t` takes it. */
export const fileSystem = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, 'is no type of file system');

/** A path on a mounted file system: absolute there, and without `..`. */
export const mountedPath = z
  .string()
  .regex(/^\//, 'is no absolute path')
  .refine((path) => !path.includes('\0') && !path.split('/').includes('..'), 'climbs with ".."');

/**
 * Reads the variables that the schema names; an empty one counts as absent. Throws an ActionFailure (exit code 64) that
 * names everything that is missing or wrong at once.
 */
export function readEnvironment<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Environment,
): z.output<z.ZodObject<Shape>> {
  const given = Object.keys(shape).flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  const result = z.object(shape).safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const present = new Set<string>(given.map(([name]) => name));
  const named = result.error.issues.map(({ path, message }) => ({ name: String(path[0]), message }));
  const missing = named.filter(({ name }) => !present.has(name)).map(({ name }) => name);
  const wrong = named.filter(({ name }) => present.has(name)).map(({ name, message }) => `${name} ${message}`);
  const sentences = [
    ...(missing.length === 0 ? [] : [`${missing.join(', ')} must be set in the action's environment`]),
    ...wrong,
  ];
  throw new ActionFailure(sentences.join('; '), EXIT_USAGE);
}
