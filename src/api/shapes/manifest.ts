/** Documents in and out, as the API has them. */
import { z } from 'zod';
import { ACTIONS, KINDS } from '../../manifests/index.ts';
import { OBJECT_KINDS } from '../../object-kinds.ts';
import { flag } from './page.ts';

export const applyQuery = z.object({
  dryRun: flag.describe('Only tell what would be done.'),
  lenient: flag.describe('Take unknown keys, and only warn of them.'),
  file: z.string().max(1000).optional().describe('The name of the file, for problems and warnings.'),
});

const warning = z.object({
  field: z.string(),
  message: z.string(),
  line: z.int().optional(),
  column: z.int().optional(),
  file: z.string().optional(),
});

/** Kinds of what documents describe, as the command line calls them. */
const described = [...KINDS, 'pack', 'subnet', ...Object.values(OBJECT_KINDS).map(({ noun }) => noun)] as const;

export const applied = z
  .object({
    dryRun: z.boolean(),
    objects: z.array(
      z.object({
        kind: z.enum(described),
        name: z.string().describe('As its document has it, `NAMESPACE/` before it where that is not `default`.'),
        id: z.string().optional(),
        action: z.enum(ACTIONS),
        line: z.int().describe('Where its document begins.'),
        diff: z.string().describe('What changes, in unified form, of a pack its objects; empty for nothing.'),
      }),
    ),
    warnings: z.array(warning),
  })
  .meta({ id: 'Applied' });
export type Applied = z.infer<typeof applied>;

/** What is given as documents. */
export const DOCUMENT_KINDS = ['subnet', ...KINDS] as const;

export const manifestsQuery = z.object({
  kind: z.enum(DOCUMENT_KINDS).optional(),
  name: z.string().max(600).optional().describe('Id or name; of the one kind that is asked for.'),
});

export const manifest = z
  .record(z.string(), z.unknown())
  .describe(
    'A subnet, a resource of tinkerbell.org/v1alpha1, or hardware JSON where that has no room for what is known.',
  );
