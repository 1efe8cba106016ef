/** `/api/v1/discovery/rules` and `/api/v1/machines/:reference/inventory`: machines by what they are made of. */
import { z } from 'zod';
import { TinsmithError } from '../../errors.ts';
import { discoveryRules } from '../../machines/discovery/rules.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { discoveryRuleShown, inventoryTold } from '../shapes/discovery.ts';
import { data } from '../shapes/page.ts';

export function discoveryOperations({ machines, discovery }: Services): Operation[] {
  return [
    operation(
      {
        id: 'getDiscoveryRules',
        method: 'get',
        path: '/discovery/rules',
        summary: 'What machines that nobody knew become, by what they are made of. The first rule that fits counts.',
        answer: { kind: 'json', shape: data(z.array(discoveryRuleShown)) },
      },
      () => ({ data: discovery.rules() }),
    ),
    operation(
      {
        id: 'setDiscoveryRules',
        method: 'put',
        path: '/discovery/rules',
        summary: 'Replace all rules. Machines that are known already stay as they are.',
        body: { kind: 'json', shape: z.unknown(), described: discoveryRules, limit: '4mb' },
        answer: { kind: 'json', shape: data(z.array(discoveryRuleShown)) },
      },
      async ({ body }) => ({ data: await discovery.setRules(body) }),
    ),
    operation(
      {
        id: 'getInventory',
        method: 'get',
        path: '/machines/:reference/inventory',
        summary: 'What a machine is made of, as its worker told last.',
        answer: { kind: 'json', shape: data(inventoryTold) },
        codes: ['NOT_FOUND'],
      },
      ({ params }) => {
        const { id, name } = machines.find(params.reference);
        const told = discovery.inventories.of(id);
        if (!told)
          throw new TinsmithError('NOT_FOUND', `Machine ${name} has not told yet what it is made of.`, {
            next: 'Its worker does so at every start: boot it into the in-memory system.',
          });
        return { data: { at: new Date(told.at).toISOString(), inventory: told.inventory } };
      },
    ),
  ];
}
