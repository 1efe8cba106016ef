/** The texts that machines are given in their stages and boot environments, over HTTP. */
import { type Request, type Response, Router } from 'express';
import type { TinsmithError } from '../errors.ts';
import { remoteOf, send } from '../http/index.ts';
import type { BootRoutes } from './routes.ts';

type TextRoutes = Pick<BootRoutes, 'texts' | 'trace' | 'isAdministrator'>;

/** Routes for what nothing else is at: templates say the paths of their texts themselves, whichever these are. */
export function textRoutes(parts: TextRoutes): Router {
  const routes = Router({ caseSensitive: true });
  routes.get('/*path', async (req, res, next) => {
    const name = (req.params.path as unknown as string[]).join('/');
    const outcome = await sendText(parts, req, res, name);
    if (outcome === undefined) next();
    else if (outcome !== 'sent') throw outcome;
  });
  return routes;
}

/**
 * Answers with the text of this name. Where there is none, nothing is sent, and a machine that could have had one is told
 * why by the error that comes back.
 * @throws TinsmithError FORBIDDEN for anybody but the machine, INVALID_INPUT where it cannot be filled in
 */
export async function sendText(
  { texts, trace, isAdministrator }: TextRoutes,
  req: Request,
  res: Response,
  name: string,
): Promise<'sent' | TinsmithError | undefined> {
  const { address, local } = remoteOf(req);
  const administrator = isAdministrator(req);
  const answer = await texts?.find(name, {
    address,
    server: `http://${local.address}:${local.port}`,
    administrator,
    // Express answers HEAD here too.
    preview: administrator || req.method === 'HEAD',
  });
  switch (answer?.kind) {
    case undefined:
    case 'none':
      return undefined;
    case 'refused': {
      const { mac, reason, error } = answer;
      const sentence = error.message;
      trace.note({ mac, role: 'http', what: name, outcome: 'refused', reason, sentence, details: { remote: address } });
      if (reason === 'no-such-text') return error;
      throw error;
    }
    case 'text':
      send(
        res,
        {
          status: 200,
          headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
          segments: [{ kind: 'bytes', bytes: Buffer.from(answer.text) }],
        },
        { mac: answer.mac, what: name, remote: address },
      );
      return 'sent';
  }
}
