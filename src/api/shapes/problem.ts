/** An error as RFC 9457 problem details (`application/problem+json`). */
import { z } from 'zod';
import { ERROR_CODES } from '../../errors.ts';

export const problemDetails = z
  .object({
    type: z.string().describe('Where this kind of error is described, relative to the appliance.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened, to which machine or field, and why.'),
    code: z.enum(ERROR_CODES).describe('Stable name of the kind of error.'),
    next: z.string().optional().describe('What to do about it.'),
    problems: z
      .array(
        z.object({
          field: z.string().describe('Path such as `network.interfaces[0].dhcp.mac`; empty for the whole input.'),
          message: z.string(),
          line: z.int().optional(),
          column: z.int().optional(),
          file: z.string().optional(),
        }),
      )
      .readonly()
      .optional()
      .describe('What is wrong with the input, each with its place.'),
  })
  .meta({ id: 'ProblemDetails' });
export type ProblemDetails = z.infer<typeof problemDetails>;
