/** Served files and ISO images as the API shows them. */
import { z } from 'zod';
import { instant } from './page.ts';

/** `GET files` */
export const storedFile = z
  .object({
    name: z.string().describe('Path below the served files: `/files/NAME` over HTTP, NAME over TFTP.'),
    size: z.number().describe('Bytes.'),
    modifiedAt: instant,
    sha256: z
      .string()
      .optional()
      .describe('Where it is known: of what was uploaded here, or read for a boot environment.'),
    etag: z.string().describe('As downloads have it.'),
  })
  .meta({ id: 'StoredFile' });
export type StoredFile = z.infer<typeof storedFile>;

/** `PUT files/…` */
export const filePut = storedFile
  .extend({ created: z.boolean().describe('Nothing was there before.') })
  .meta({ id: 'FilePut' });
export type FilePut = z.infer<typeof filePut>;

/** `GET isos`: an image that is there, or that a boot environment wants. */
export const iso = z
  .object({
    name: z.string().describe('What is in it is served as `/isos/NAME/…`.'),
    size: z.number().optional().describe('Bytes. Without: it is missing.'),
    modifiedAt: instant.optional(),
    sha256: z.string().optional().describe('Where it is known.'),
    label: z.string().optional().describe('Its volume’s name.'),
    fileNames: z
      .enum(['rock-ridge', 'joliet', 'plain'])
      .optional()
      .describe('By which of its kinds of names its files are known.'),
    bootEnvironments: z.array(z.string()).describe('Names of the boot environments that are installed from it.'),
    url: z.string().optional().describe('Where it is to be had, as a boot environment says.'),
    problem: z.string().optional().describe('Why it is of no use as it is.'),
  })
  .meta({ id: 'Iso' });
export type Iso = z.infer<typeof iso>;
