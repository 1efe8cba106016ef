/** The texts that machines are given in their stages and boot environments, over HTTP. */
import { type Request, type Response, Router } from 'express';
import type { TinsmithError } from '../errors.ts';
import { remoteOf, send } from '../http/index.ts';
import type { LoaderConfigs } from './loader-configs/index.ts';
import type { BootRoutes } from './routes.ts';

type TextRoutes = Pick<BootRoutes, 'texts' | 'trace' | 'isAdministrator'> & {
  configs?: Pick<LoaderConfigs, 'find'> | undefined;
};

/** Routes for what nothing else is at: templates say the paths of their texts themselves, whichever these are. */
export function textRoutes(parts: TextRoutes): Router {
  const routes = Router({ caseSensitive: true });
  routes.get('/*path', async (req, res, next) => {
    const name = (req.params.path as unknown as string[]).join('/');
    const outcome = await sendText(parts, req, res, name, () => sendConfig(parts, req, res, name));
    if (outcome === undefined) next();
    else if (outcome !== 'sent') throw outcome;
  });
  return routes;
}

/**
 * Answers with the text of this name. Where there is none, nothing is sent, and a machine that could have had one is told
 * why by the error that comes back.
 * @param otherwise sends something else where there is no such text; false: it has not
 * @throws TinsmithError FORBIDDEN for anybody but the machine, INVALID_INPUT where it cannot be filled in
 */
export async function sendText(
  { texts, trace, isAdministrator }: TextRoutes,
  req: Request,
  res: Response,
  name: string,
  otherwise: () => Promise<boolean> = async () => false,
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
      return (await otherwise()) ? 'sent' : undefined;
    case 'refused': {
      const { mac, reason, error } = answer;
      if (reason === 'no-such-text' && (await otherwise())) return 'sent';
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

/**
 * Answers with the configuration that a boot loader asks for by this name.
 * @returns false where it is none, and nothing is sent
 * @throws TinsmithError as `BootScripts.give`
 */
async function sendConfig(
  { configs, isAdministrator }: TextRoutes,
  req: Request,
  res: Response,
  name: string,
): Promise<boolean> {
  const { address, local } = remoteOf(req);
  const answer = await configs?.find(name, {
    address,
    server: `http://${local.address}:${local.port}`,
    protocol: 'http',
    preview: req.method === 'HEAD' || isAdministrator(req),
  });
  if (answer === undefined || answer.kind === 'none') return false;
  if (answer.kind === 'refused') throw answer.error;
  res.type('text/plain').set('cache-control', 'no-store').send(answer.text);
  return true;
}
