/** What workers tell of their machines, against a server that may not want to hear it. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { runWorker } from '../../src/worker/index.ts';
import { anvil } from '../machines/inventories.ts';
import { fastClock } from './fake-clock.ts';
import { FakeEngine } from './fake-engine.ts';
import { FakeServer } from './fake-server.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function stage(discovers: boolean, inventory: (() => Promise<Inventory>) | null = async () => anvil({})) {
  const clock = fastClock(1000);
  const server = await new FakeServer().start();
  ends.push(() => server.stop());
  const lines: string[] = [];
  const start = (): void => {
    const controller = new AbortController();
    const done = runWorker(
      { server: server.url, token: server.token, id: '9c:00:5e:00:00:01', dockerSockets: [], discovers },
      {
        ...{ version: '1.2.3', engine: new FakeEngine(clock, {}), clock, boot: 'boot-1', agent: 'agent-1', inventory },
        ...{ say: (line) => void lines.push(line), directory: '/nowhere/workflows', signal: controller.signal },
        disks: { counters: async () => ({}), dirtied: async () => undefined, bootable: async () => [] },
        sync: async () => {},
        power: { obstacle: async () => undefined, perform: async () => {} },
      },
    );
    ends.push(async () => {
      controller.abort();
      await done;
    });
  };
  return { server, lines, start };
}

describe('the worker of a machine that nobody knows', () => {
  test('says what that is made of until it is taken, and goes on as any other', async () => {
    const { server, lines, start } = await stage(true);
    server.statuses.push(503, 409, 409, 422);
    start();
    await server.until(() => server.requests.includes('GET work') && server.inventories.length > 0);
    assert.deepEqual(server.requests.slice(0, 7), [...Array(5).fill('POST discover'), 'POST hello', 'GET work']);
    const { inventory, ...who } = server.discovered[0] ?? assert.fail();
    assert.deepEqual(who, { mac: '9c:00:5e:00:00:01', boot: 'boot-1', version: '1.2.3', agent: 'agent-1' });
    assert.deepEqual(inventory, anvil({}));
    assert.equal(lines.filter((line) => /does not take this machine: answered 409/.test(line)).length, 1);
    assert.ok(lines.includes('this machine is node1 from now on'), lines.join('\n'));
  });
});

describe('the worker of a machine that is known', () => {
  test('tells it once, after its hello, and nothing waits for that', async () => {
    const never = Promise.withResolvers<Inventory>();
    const { server, start } = await stage(false, () => never.promise);
    start();
    await server.until(() => server.requests.filter((each) => each === 'GET work').length > 1);
    assert.deepEqual([server.discovered, server.inventories], [[], []]);
    never.resolve(anvil({}));
    await server.until(() => server.inventories.length > 0);
    assert.deepEqual(server.inventories, [anvil({})]);
  });

  test('goes on where it cannot be read, or is not wanted', async () => {
    const broken = await stage(false, async () => {
      throw new Error('no /sys here');
    });
    broken.start();
    await broken.server.until(() => broken.server.requests.includes('GET work'));
    assert.ok(broken.lines.some((line) => /could not be told: no \/sys here/.test(line)));
    const refused = await stage(false);
    refused.server.refused = 'inventory';
    refused.start();
    await refused.server.until(() => refused.server.requests.filter((each) => each === 'GET work').length > 1);
    assert.ok(refused.lines.some((line) => /does not take what this machine is made of: Not this one/.test(line)));
  });

  test('tells nothing where it is no machine of the server’s', async () => {
    const { server, start } = await stage(false, null);
    start();
    await server.until(() => server.requests.filter((each) => each === 'GET work').length > 1);
    assert.deepEqual(server.inventories, []);
  });
});
