/**
 * What becomes of a machine that nobody knew: rules that name it by what it is made of, and give it profiles, a stage and
 * params. The first rule whose conditions all hold counts. Pure.
 */
import { z } from 'zod';
import { messageOf, type Problem, TinsmithError } from '../../errors.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { NESTED_MAX, nestsTooDeep } from '../../json.ts';
import { readFields } from './condition.ts';
import { WHOLE } from './fields.ts';

const RULES_MAX = 500;
const objectName = z.string().min(1).max(255);

export const discoveryRule = z.strictObject({
  /** A Go template over the inventory: `{{ .system.product }}-{{ .system.serial }}`. Empty: the rule gives no name. */
  name: z.string().max(4096).optional(),
  /** Conditions by the paths of the inventory's fields, see `condition.ts`. None: it is for every machine. */
  when: z.record(z.string().min(1).max(255), z.unknown()).default({}).superRefine(checkConditions),
  profiles: z.array(objectName).max(100).default([]),
  stage: objectName.optional(),
  params: z
    .record(objectName, z.unknown())
    .default({})
    .refine((params) => !nestsTooDeep(params), `nests lists and maps more than ${NESTED_MAX} deep`),
});
export type DiscoveryRule = z.infer<typeof discoveryRule>;

export const discoveryRules = z.array(discoveryRule).max(RULES_MAX);

function checkConditions(when: Record<string, unknown>, context: z.RefinementCtx): void {
  const read = readFields(when, WHOLE);
  if ('holds' in read) return;
  for (const { path, message } of read.faults) context.addIssue({ code: 'custom', path, message });
}

/**
 * Reads rules as people write them.
 * @param options.checkName what is wrong with a name's template; undefined: nothing
 * @throws TinsmithError INVALID_INPUT with every problem and its field, such as `[2].when.disks.size`
 */
export function parseRules(
  input: unknown,
  {
    source = 'discovery rules',
    checkName,
  }: { source?: string; checkName?: (template: string) => string | undefined } = {},
): DiscoveryRule[] {
  const parsed = discoveryRules.safeParse(input);
  const problems: Problem[] = parsed.success
    ? parsed.data.flatMap(({ name }, i) => {
        const message = name === undefined ? undefined : checkName?.(name);
        return message === undefined ? [] : [{ field: `[${i}].name`, message }];
      })
    : parsed.error.issues.map(({ path, message }) => ({ field: fieldOf(path), message }));
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new TinsmithError(
    'INVALID_INPUT',
    `The ${source} are not usable: ${problems.map(({ field, message }) => `${field} ${message}`).join('; ')}.`,
    { next: 'Correct the fields named; nothing has been changed.', problems },
  );
}

function fieldOf(path: readonly PropertyKey[]): string {
  const steps = path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i ? '.' : ''}${String(step)}`));
  return steps.join('') || 'the document';
}

/** What a rule gives a machine. */
export interface Discovered {
  name?: string;
  profiles: string[];
  stage?: string;
  params: Record<string, unknown>;
  /** Which rule it was, by its place in the list, from 0. */
  rule: number;
}

/** RFC 1123, section 2.1. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/**
 * What the first rule that fits gives the machine; undefined when none fits.
 * @param render fills in a name's template
 * @throws TinsmithError INVALID_INPUT when the name cannot be filled in, or is no host name then
 */
export function applyRules(
  rules: readonly DiscoveryRule[],
  inventory: Inventory,
  render: (template: string, data: Inventory) => string,
): Discovered | undefined {
  for (const [index, { name, when, profiles, stage, params }] of rules.entries()) {
    const read = readFields(when, WHOLE);
    if ('faults' in read || !read.holds([inventory])) continue;
    const given = name === undefined ? '' : nameFor(index, name, inventory, render);
    return {
      ...(given === '' ? {} : { name: given }),
      profiles: [...profiles],
      ...(stage === undefined ? {} : { stage }),
      params: structuredClone(params),
      rule: index,
    };
  }
  return undefined;
}

function nameFor(
  index: number,
  template: string,
  inventory: Inventory,
  render: (template: string, data: Inventory) => string,
): string {
  const refuse = (message: string, cause?: unknown): TinsmithError =>
    new TinsmithError('INVALID_INPUT', `Discovery rule [${index}] gives the machine no name: ${message}.`, {
      next: `Correct the name of rule [${index}], or give the rule conditions that leave such machines out.`,
      problems: [{ field: `[${index}].name`, message }],
      cause,
    });
  let name: string;
  try {
    name = render(template, inventory).trim();
  } catch (error) {
    throw refuse(messageOf(error).replace(/\.$/, ''), error);
  }
  if (name !== '' && !HOST_NAME.test(name)) throw refuse(`"${name.slice(0, 255)}" is not a host name`);
  return name;
}
