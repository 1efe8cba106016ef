/** Templates as the API shows them. */
import { z } from 'zod';
import { instant, pageQuery } from './page.ts';

export const template = z
  .object({
    id: z.string(),
    name: z.string(),
    data: z.string().describe('The YAML as it was given.'),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'Template' });
export type Template = z.infer<typeof template>;

/** Query of `GET templates`. */
export const templatesQuery = pageQuery.extend({
  name: z.string().max(200).optional().describe('Name; `*` stands for any characters.'),
});
