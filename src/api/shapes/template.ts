/** Templates as the API shows them. */
import { z } from 'zod';
import { flag, instant, pageQuery } from './page.ts';
import { identifier } from './workflow.ts';

export const template = z
  .object({
    id: z.string(),
    name: z.string(),
    data: z.string().describe('The YAML as it was given.'),
    lenient: z.boolean().optional().describe('What is unknown in it is left out, rather than refused.'),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'Template' });
export type Template = z.infer<typeof template>;

/** Query of `GET templates`. */
export const templatesQuery = pageQuery.extend({
  name: z.string().max(200).optional().describe('Name; `*` stands for any characters.'),
});

const problem = z.object({
  field: z.string().describe('Path such as `tasks[0].worker`; empty for a hole, or the whole.'),
  message: z.string(),
  line: z.int().optional(),
  column: z.int().optional(),
});

/** Query of `POST templates/lint`. */
export const lintQuery = z.object({ lenient: flag.describe('Take unknown keys, and only warn of them.') });

export const lintedTemplate = z
  .object({
    name: z.string().optional().describe('Absent where there are problems.'),
    warnings: z.array(problem),
    problems: z.array(problem).describe('Why the template would be refused; empty where it would not.'),
  })
  .meta({ id: 'LintedTemplate' });
export type LintedTemplate = z.infer<typeof lintedTemplate>;

/** Body of `POST templates/render`. */
export const renderBody = z
  .strictObject({
    template: z.string().min(1).max(200).optional().describe('Id or name of a template; else `data`.'),
    data: z.string().min(1).optional().describe('YAML of a template that is not stored.'),
    lenient: z.boolean().optional().describe('Take unknown keys of `data`, and only warn of them.'),
    hardware: z
      .record(identifier, z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.unknown())]))
      .optional()
      .describe('As of a workflow.'),
    machine: z.string().max(255).optional().describe('Id, name, MAC or IP address of the machine that it is for.'),
    secrets: z
      .record(identifier, z.string().max(65_536))
      .optional()
      .describe('As of a workflow; masked in the answer.'),
  })
  .refine(({ template, data }) => (template === undefined) !== (data === undefined), {
    error: 'give either "template" or "data"',
  });

export const renderedTemplate = z
  .object({ text: z.string().describe('YAML; secrets are masked.'), warnings: z.array(z.string()) })
  .meta({ id: 'RenderedTemplate' });
export type RenderedTemplate = z.infer<typeof renderedTemplate>;
