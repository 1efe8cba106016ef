/** `POST /api/v1/worker/discover`: a machine that nobody knows tells what it is made of. */
import express, { type Request, Router } from 'express';
import type { UnknownPolicy } from '../../boots/plan.ts';
import type { TraceEntry } from '../../boots/trace.ts';
import { TinsmithError } from '../../errors.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import { interfaceOf } from '../../machines/machines.ts';
import { type DiscoverAnswer, discover } from '../../worker/protocol.ts';
import { bearerOf } from '../access.ts';
import { parseInput } from '../input.ts';
import type { Services } from '../services.ts';
import { workerCalls } from '../worker-calls.ts';

/** A machine of hundreds of disks tells less. */
const LIMIT = '512kb';

/** Opened by the token of an unknown machine's boot, and by that of the machine that it has become. */
export function discoverRoutes(services: Services, policy: UnknownPolicy): Router {
  const { discovery, workerTokens, trace, log } = services;
  const calls = workerCalls(services);
  const unknownOf = (req: Request): string | undefined => workerTokens.unknownOf(bearerOf(req) ?? '');
  const routes = Router();

  // Before a body is read: who has no token sends none.
  routes.use('/discover', (req, _res, next) => {
    const mac = unknownOf(req);
    if (mac === undefined) calls.machineOf(bearerOf(req));
    else if (policy !== 'discover')
      throw new TinsmithError('FORBIDDEN', `${mac} is not discovered: machines that nobody knows are ignored.`, {
        next: 'Start the appliance with --unknown discover, or add the machine: tinsmith machine add',
      });
    next();
  });

  routes.post('/discover', express.json({ limit: LIMIT, type: () => true }), async (req, res) => {
    const unknown = unknownOf(req);
    const said = parseInput(discover, req.body);
    const mac = normaliseMac(said.mac);
    const { inventory, boot, agent } = said;
    if (unknown === undefined) {
      const { machine } = calls.machineOf(bearerOf(req));
      const { id, name, hardware } = machine;
      if (hardware && !interfaceOf({ hardware }, mac)) throw notForThis(name, said.mac);
      await discovery.inventories.keep(id, inventory);
      res.json({ machine: { id, name } } satisfies DiscoverAnswer);
      return;
    }
    const note = (outcome: TraceEntry['outcome'], reason: string, sentence: string): void =>
      trace.note({
        ...{ mac: unknown, role: 'worker', what: 'discover', outcome, reason, sentence },
        details: { version: said.version, boot },
      });
    if (mac !== unknown) {
      note('refused', 'not-this-machine', `its token was used for ${mac}`);
      throw notForThis(unknown, said.mac);
    }
    const opens: Parameters<typeof discovery.take>[1] = (transaction, { id }) =>
      workerTokens.adopt(transaction, mac, id);
    const taken = await discovery.take({ mac, inventory, boot, agent }, opens).catch((error: unknown) => {
      if (error instanceof TinsmithError) note('refused', 'not-discovered', error.message);
      throw error;
    });
    if (taken.outcome === 'conflict') {
      note('refused', 'machine-conflict', taken.sentence);
      throw new TinsmithError('CONFLICT', `Which machine ${mac} is, is not clear: ${taken.sentence}.`, {
        next: 'If it is one of them, give that its MAC address; if it is another, delete what is wrong, or add it: tinsmith machine add',
      });
    }
    const { id, name } = taken.machine;
    const reason = taken.outcome === 'found' ? 'discovered' : 'recognised';
    note('completed', reason, taken.sentence);
    log.info({ machine: name, mac }, reason);
    res.json({ machine: { id, name } } satisfies DiscoverAnswer);
  });
  return routes;
}

function notForThis(whose: string, mac: string): TinsmithError {
  return new TinsmithError('FORBIDDEN', `This token is for ${whose}, and not for ${mac}.`, {
    next: 'Start the worker with the MAC address that its machine booted with, or leave --id away.',
  });
}
