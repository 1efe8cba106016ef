/** Content as the API shows it: objects of every section, and the packs that bring them. */
import { z } from 'zod';
import { SECTIONS, SHAPES } from '../../content/objects.ts';
import { flag, instant, pageQuery } from './page.ts';

export const section = z.enum(SECTIONS).meta({ id: 'Section' });

const LAYERS = ['builtin', 'pack', 'local'] as const;

/** Named apart from what is written: there, most keys may be left out. */
const anyObject = z.union([
  SHAPES.bootenvs.meta({ id: 'BootEnv' }),
  SHAPES.params.meta({ id: 'Param' }),
  SHAPES.profiles.meta({ id: 'Profile' }),
  SHAPES.stages.meta({ id: 'Stage' }),
  SHAPES.tasks.meta({ id: 'StageTask' }),
  SHAPES.templates.meta({ id: 'SharedTemplate' }),
  SHAPES.workflows.meta({ id: 'StageList' }),
]);

export const contentObject = z
  .object({
    section,
    name: z.string(),
    layer: z.enum(LAYERS).describe('Only what is local can be changed.'),
    pack: z.string().optional().describe('The pack that it comes from.'),
    updatedAt: instant.optional().describe('What is built in has none.'),
    object: anyObject,
  })
  .meta({ id: 'ContentObject' });
export type ContentObject = z.infer<typeof contentObject>;

/** Body of `PUT content/:section/:name`: its content checks it. */
export const contentInput = z.record(z.string(), z.unknown());
/** What is told of that body. */
export const contentInputs = z.union([
  SHAPES.bootenvs,
  SHAPES.params,
  SHAPES.profiles,
  SHAPES.stages,
  SHAPES.tasks,
  SHAPES.templates,
  SHAPES.workflows,
]);

/** Answer of `PUT content/:section/:name`. */
export const contentPut = z
  .object({
    data: contentObject,
    created: z.boolean(),
    unsupported: z.array(z.string()).describe('Keys that were taken, and that nothing is done with.'),
  })
  .meta({ id: 'ContentPut' });
export type ContentPut = z.infer<typeof contentPut>;

/** Query of `GET content/:section`. */
export const contentQuery = pageQuery.extend({
  name: z.string().max(255).optional().describe('Name; `*` stands for any characters.'),
});

export const packInfo = z
  .object({
    name: z.string(),
    version: z.string(),
    description: z.string(),
    objects: z.int().min(0).describe('How many it has.'),
    unsupported: z.array(z.string()).describe('What stands in it that nothing is done with.'),
    layer: z.enum(LAYERS).exclude(['local']),
    updatedAt: instant.optional().describe('What is built in has none.'),
  })
  .meta({ id: 'Pack' });
export type PackInfo = z.infer<typeof packInfo>;

export const contentChange = z
  .object({ section, name: z.string(), change: z.enum(['added', 'changed', 'removed']) })
  .meta({ id: 'ContentChange' });

/** Answer of `POST packs`. */
export const packAdded = z
  .object({ dryRun: z.boolean(), pack: packInfo, changes: z.array(contentChange) })
  .meta({ id: 'PackAdded' });
export type PackAdded = z.infer<typeof packAdded>;

/** Answer of `DELETE packs/:name`. */
export const packRemoved = z.object({ changes: z.array(contentChange) }).meta({ id: 'PackRemoved' });
export type PackRemoved = z.infer<typeof packRemoved>;

/** Query of `POST packs`. */
export const packQuery = z.object({ dryRun: flag.describe('Only tell what would change.') });

/** Query of `GET packs/:name`. */
export const packFormatQuery = z.object({
  format: z.enum(['yaml', 'json']).default('yaml').describe('How it is written.'),
});
