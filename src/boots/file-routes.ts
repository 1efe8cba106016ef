/** Files of the served directory, those of boot environments among them. */
import { type Request, type Response, Router } from 'express';
import { TinsmithError } from '../errors.ts';
import { fileSegment } from '../http/files/index.ts';
import { remoteOf, send } from '../http/index.ts';
import { macBehind } from './asker.ts';
import { BOOTENVS } from './environments.ts';
import { openRooted } from './files/index.ts';
import type { BootRoutes } from './routes.ts';
import { sendText } from './text-routes.ts';

export function fileRoutes(parts: BootRoutes): Router {
  const routes = Router({ caseSensitive: true });
  const { filesDirectory, machines } = parts;

  const sendFile = async (req: Request, res: Response, name: string): Promise<TinsmithError | undefined> => {
    const found = await openRooted(filesDirectory, name);
    if ('refused' in found)
      return new TinsmithError('NOT_FOUND', found.sentence, { next: `Files are served from ${filesDirectory}.` });
    const { address } = remoteOf(req);
    send(
      res,
      {
        status: 200,
        headers: { 'content-type': 'application/octet-stream' },
        segments: [await fileSegment(found.path)],
      },
      { mac: macBehind(parts, machines, address), what: name, remote: address },
    );
    return undefined;
  };

  routes.get('/files/*path', async (req, res) => {
    const missing = await sendFile(req, res, nameIn(req));
    if (missing) throw missing;
  });

  // Kernels and the like; what is not there may be a text that is made for the machine.
  routes.get(`/${BOOTENVS}/*path`, async (req, res) => {
    const name = `${BOOTENVS}/${nameIn(req)}`;
    const missing = await sendFile(req, res, name);
    if (missing && (await sendText(parts, req, res, name)) !== 'sent') throw missing;
  });
  return routes;
}

function nameIn(req: Request): string {
  return (req.params.path as unknown as string[]).join('/');
}
