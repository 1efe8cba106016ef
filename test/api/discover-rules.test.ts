/** What discovery rules make of machines, and what a hostile machine can do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { stage, task } from '../life/made.ts';
import { hardware } from '../machines/examples.ts';
import { anvil, card } from '../machines/inventories.ts';
import { discovering, MAC, OTHER } from './discovering.ts';
import { tokenFor } from './running.ts';

describe('discovery rules', () => {
  const RULES = '/api/v1/discovery/rules';

  it('name the machine and give it all that they say, in one change', async (t) => {
    const all = await discovering(t);
    await all.content.putAll([
      ...[task('burn-in'), stage('accept', ['burn-in'])],
      { section: 'profiles', input: { name: 'rack-7' } },
      { section: 'params', input: { name: 'size', schema: { type: 'integer' } } },
    ]);
    const rules = [
      { when: { 'system.vendor': 'Tongs*' }, name: 'never' },
      {
        when: { 'disks.size': '>= 1TB' },
        name: 'anvil-{{ .system.serial | lower }}',
        ...{ profiles: ['rack-7'], stage: 'accept', params: { size: 3 } },
      },
    ];
    assert.deepEqual((await all.call('GET', RULES)).json, { data: [] });
    const put = await all.call('PUT', RULES, { body: rules });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual((await all.call('GET', RULES)).json, put.json);
    const token = await tokenFor(all, MAC);
    const { json } = await all.discover({ token });
    assert.equal(json.machine.name, 'anvil-anv7k2q');
    const { stage: now, profiles, params, in: seen } = all.lives.get(json.machine.id);
    assert.deepEqual([now, profiles, params.size, seen?.bootEnv], ['accept', ['rack-7'], 3, 'osie']);
    assert.equal((params.inventory as Inventory).system.serial, 'ANV7K2Q');
    await all.hello(token);
    const work = await all.call('GET', '/api/v1/worker/work?boot=b1&agent=a1', { token });
    assert.deepEqual([work.json.kind, work.json.name], ['action', 'burn-in']);
  });

  it('restart the machine where the stage has another environment', async (t) => {
    const all = await discovering(t);
    await all.content.putAll([stage('away', [], { bootEnv: 'local' })]);
    await all.discovery.setRules([{ stage: 'away' }]);
    const token = await tokenFor(all, MAC);
    await all.discover({ token });
    await all.hello(token);
    const { json } = await all.call('GET', '/api/v1/worker/work?boot=b1&agent=a1', { token });
    assert.deepEqual([json.kind, json.verb], ['verb', 'reboot']);
  });

  it('are refused with everything that is wrong with them, and nothing is changed', async (t) => {
    const all = await discovering(t);
    await all.content.putAll([{ section: 'params', input: { name: 'size', schema: { type: 'integer' } } }]);
    await all.discovery.setRules([{ name: 'kept' }]);
    const wrong = async (body: unknown): Promise<string[]> => {
      const { status, json } = await all.call('PUT', RULES, { body });
      assert.equal(status, 422);
      return json.problems.map(({ field }: { field: string }) => field);
    };
    assert.deepEqual(await wrong([{ when: { 'system.colour': 'red' } }, { stages: [] }]), [
      '[0].when.system.colour',
      '[1]',
    ]);
    assert.deepEqual(await wrong([{ name: '{{ .system' }]), ['[0].name']);
    assert.deepEqual(await wrong([{}, { stage: 'none-such', profiles: ['nor-this'], params: { size: 'x' } }]), [
      '[1].profiles[0]',
      '[1].stage',
      '[1].params.size',
    ]);
    assert.deepEqual(await wrong({}), ['the document']);
    assert.deepEqual(
      all.discovery.rules().map(({ name }) => name),
      ['kept'],
    );
    assert.equal((await all.call('GET', RULES, { token: '' })).status, 401);
  });

  it('that cannot be followed make no machine, say why, and are followed once they can be', async (t) => {
    const all = await discovering(t);
    const token = await tokenFor(all, MAC);
    const refused = async (): Promise<string> => {
      const { status, json } = await all.discover({ token });
      assert.ok(status === 409 || status === 422, String(status));
      assert.equal(all.last(), 'refused not-discovered');
      assert.equal(all.machines.byMac(MAC), undefined);
      assert.equal(all.discovery.inventories.of(anvil({}).system.uuid ?? ''), undefined);
      return json.detail;
    };
    await all.discovery.setRules([{ name: '{{ .system.assetTag }}' }]);
    assert.match(await refused(), /Discovery rule \[0\] gives the machine no name: .*assetTag/);
    await all.machines.push([hardware(1, { hostname: 'taken' })]);
    await all.discovery.setRules([{ name: 'taken' }]);
    assert.match(await refused(), /Discovery rule \[0\] cannot be followed: .*taken belongs to machine taken/);
    await all.content.putAll([stage('gone', [])]);
    await all.discovery.setRules([{ stage: 'gone' }]);
    await all.content.delete('stages', 'gone');
    assert.match(await refused(), /Discovery rule \[0\] cannot be followed: stage names gone, which is not there/);
    await all.discovery.setRules([]);
    assert.equal((await all.discover({ token })).status, 200);
  });
});

describe('what a hostile machine says', () => {
  it('is for its own MAC address only', async (t) => {
    const all = await discovering(t);
    const token = await tokenFor(all, MAC);
    const { status, json } = await all.discover({ mac: OTHER, token });
    assert.deepEqual([status, json.code], [403, 'FORBIDDEN']);
    assert.match(json.detail, new RegExp(`for ${MAC}, and not for ${OTHER}`));
    assert.equal(all.last(), 'refused not-this-machine');
    await all.discover({ token });
    assert.equal((await all.discover({ mac: OTHER, token })).status, 403, 'also later');
    assert.equal((await all.machines.list()).length, 1);
  });

  it('is refused with its fields where it is too much, or nonsense', async (t) => {
    const all = await discovering(t);
    const token = await tokenFor(all, MAC);
    const disks = Array.from({ length: 300 }, () => anvil({}).disks[0]);
    const interfaces = [{ ...card(MAC), mac: 'nonsense' }];
    const system = { vendor: 'x'.repeat(257), product: 'a\nb' };
    const { status, json } = await all.discover({ inventory: { ...anvil({}), disks, interfaces, system }, token });
    assert.deepEqual([status, json.code], [422, 'INVALID_INPUT']);
    assert.deepEqual(
      json.problems.map(({ field }: { field: string }) => field),
      ['inventory.disks', 'inventory.interfaces.0.mac', 'inventory.system.vendor', 'inventory.system.product'],
    );
    const huge = await all.discover({ inventory: { ...anvil({}), more: 'x'.repeat(600_000) }, token });
    assert.equal(huge.status, 422);
    assert.match(huge.json.detail, /too large/);
    assert.equal((await all.machines.list()).length, 0);
  });

  it('leaves nothing behind beyond a bound, however many MAC addresses it makes up', async (t) => {
    const all = await discovering(t);
    const first = await all.workerTokens.issueForUnknown(MAC);
    const made = (n: number): string =>
      `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
    const tokens: string[] = [];
    for (let n = 0; n < 3000; n += 100) {
      const some = Array.from({ length: 100 }, (_, i) => all.workerTokens.issueForUnknown(made(n + i)));
      tokens.push(...(await Promise.all(some)));
    }
    assert.equal((await all.store.entries('worker-token/')).length, 1024);
    assert.equal((await all.store.entries('worker-tokens/')).length, 1024);
    assert.equal((await all.discover({ token: first })).status, 401, 'the oldest has gone');
    assert.equal(all.workerTokens.unknownOf(tokens.at(-1) ?? ''), made(2999));
    // One that asks again is not among the oldest any more, and has no more than a few.
    for (let i = 0; i < 20; i++) await all.workerTokens.issueForUnknown(made(3000 - 1024));
    await all.workerTokens.issueForUnknown(OTHER);
    const kept = await all.store.entries<string>('worker-token/');
    assert.equal(kept.filter(([, owner]) => owner.endsWith(made(3000 - 1024))).length, 8);
    assert.equal(all.workerTokens.unknownOf(tokens[3000 - 1023] ?? ''), undefined);
    assert.equal((await all.machines.list()).length, 0);
  });
});
