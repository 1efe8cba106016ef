/**
 * The way to the services of workflows, for whoever can reach us: machines that boot have no token. It comes before all
 * other routes: under a service's host the whole path is the service's.
 */
import type { Request, RequestHandler } from 'express';
import type { AutoIpxe } from '../../boots/plan.ts';
import { TinsmithError } from '../../errors.ts';
import { pass, remoteOf } from '../../http/index.ts';
import { answering, routeRequest, serviceAddress } from '../../services/index.ts';
import type { Services } from '../services.ts';
import { sameSecret } from '../tokens.ts';

export function serviceRoutes(
  services: Pick<Services, 'workflows' | 'machines' | 'adminToken' | 'workerTokens' | 'neighbour'>,
): RequestHandler {
  return (req, res, next) => {
    const address = serviceAddress(req.headers.host, req.url);
    if (address === undefined) {
      next();
      return;
    }
    const routing = routeRequest(services.workflows.find(address.workflow), address, req.method);
    if ('refused' in routing) {
      const { sentence, retryAfter } = routing;
      if (retryAfter !== undefined) res.set('retry-after', String(retryAfter));
      throw new TinsmithError(CODES[routing.refused], `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`, {
        next: routing.next,
      });
    }
    const { target, service } = routing;
    pass(
      res,
      { ...target, service: service.slice(0, 200), withoutAuthorization: hasTokenOfOurs(services, req) },
      {
        mac: macOf(services, req),
        what: `${service}${address.path.replace(/\?.*$/s, '')}`,
        remote: remoteOf(req).address,
      },
    );
  };
}

/** The boot script that a service of a machine's next workflow has, or will have. */
export function autoIpxeOf(services: Pick<Services, 'workflows' | 'machines'>, machine: string): AutoIpxe | undefined {
  const [next] = services.machines.work(machine).queue;
  const workflow = next === undefined ? undefined : services.workflows.find(next);
  const state = workflow && answering(workflow, '/auto.ipxe', machine);
  return state && { workflow: workflow.id, state };
}

const CODES = {
  'no-workflow': 'NOT_FOUND',
  'workflow-ended': 'NOT_FOUND',
  'no-route': 'NOT_FOUND',
  'service-ended': 'NOT_FOUND',
  'not-up': 'UNAVAILABLE',
  'service-failed': 'UNREACHABLE',
} as const;

/**
 * Our tokens open far more than a service; one that is sent here by mistake goes no further. Every Authorization header
 * is looked at: node:http keeps the first only.
 */
function hasTokenOfOurs(
  { adminToken, workerTokens }: Pick<Services, 'adminToken' | 'workerTokens'>,
  { rawHeaders }: Request,
): boolean {
  return rawHeaders
    .filter((_, at) => rawHeaders[at - 1]?.toLowerCase() === 'authorization' && at % 2 === 1)
    .flatMap((value) => value.split(/\s+/))
    .some((word) => word !== '' && (sameSecret(word, adminToken) || workerTokens.opens(word)));
}

/** Whose boot it is, for the trace; empty: not known. */
function macOf({ machines, neighbour }: Pick<Services, 'machines' | 'neighbour'>, req: Request): string {
  const { address } = remoteOf(req);
  const own = machines.byAddress(address)?.hardware.network.interfaces.find(({ dhcp }) => dhcp.ip?.address === address);
  return own?.dhcp.mac ?? neighbour(address) ?? '';
}
