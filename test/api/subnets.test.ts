/** Subnets through the API: one by one, and in files of documents. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { macOf } from '../machines/examples.ts';
import { HARDWARE, TEMPLATE } from '../manifests/examples.ts';
import { type Running, running } from './running.ts';

const LAB = `kind: Subnet
name: lab
network: 192.168.1.0/24
ranges:
  - 192.168.1.100-192.168.1.199
routers: [192.168.1.1]
options: {150: 10.0.0.1}
`;
const FAR = 'kind: Subnet\nname: far\nnetwork: 192.168.2.0/24\nrelays:\n  - giaddr: 10.0.0.9\n';
const TASK = 'kind: Task\nname: greet\n';

async function apply({ call }: Running, text: string, query = '') {
  const { status, json } = await call('POST', `/api/v1/apply${query}`, { body: text });
  return { status, json, said: json.data?.objects.map((each: Said) => `${each.kind}/${each.name} ${each.action}`) };
}
type Said = { kind: string; name: string; action: string };

describe('/api/v1/subnets', () => {
  it('makes, shows, changes and deletes one', async (t) => {
    const on = await running(t);
    const path = '/api/v1/subnets/lab';
    const body = { network: '192.168.1.0/24', ranges: ['192.168.1.100-192.168.1.109'], leaseTime: '12h' };
    const made = await on.call('PUT', path, { body, headers: { 'if-none-match': '*' } });
    assert.deepEqual([made.status, made.json.created, made.json.warnings], [200, true, []]);
    assert.equal((await on.call('PUT', path, { body, headers: { 'if-none-match': '*' } })).status, 412);
    const got = await on.call('GET', path);
    assert.deepEqual(got.json.data.object, { name: 'lab', mode: 'pool', ...body, leaseTime: 43_200 });
    assert.equal(got.json.data.gives.addresses, 10);
    assert.deepEqual(got.json.data.gives.options[0], {
      ...{ code: 1, name: 'subnet-mask', value: '255.255.255.0', hex: 'ffffff00' },
    });
    const seen = { 'if-match': got.headers.get('etag') ?? '' };
    const changed = await on.call('POST', path, { body: { dns: ['1.1.1.1'], leaseTime: null }, headers: seen });
    assert.deepEqual(changed.json.data.object.dns, ['1.1.1.1']);
    assert.equal(changed.json.data.object.leaseTime, undefined);
    assert.equal((await on.call('POST', path, { body: { dns: null }, headers: seen })).status, 412);
    assert.equal((await on.call('POST', path, { body: { name: 'other' } })).status, 422);
    assert.equal((await on.call('PUT', '/api/v1/subnets/x', { body, headers: { 'if-match': '*' } })).status, 412);
    const gone = await on.call('DELETE', path);
    assert.equal(gone.json.data.name, 'lab');
    assert.equal((await on.call('GET', path)).status, 404);
  });

  it('refuses what is wrong with its fields, and what was there stays in force', async (t) => {
    const on = await running(t);
    await apply(on, LAB);
    const before = on.subnets.list();
    const body = { network: '192.168.1.0/24', ranges: ['192.168.1.0-192.168.1.50'], routers: ['10.0.0.1'], mtu: 5 };
    for (const method of ['PUT', 'POST']) {
      const { status, json } = await on.call(method, '/api/v1/subnets/lab', { body });
      assert.equal(status, 422);
      assert.deepEqual(json.problems.map(({ field }: { field: string }) => field).sort(), [
        ...['mtu', 'ranges[0]', 'routers[0]'],
      ]);
    }
    assert.deepEqual(on.subnets.list(), before);
  });

  it('takes Digital Rebar’s writing, and says what nothing is done with', async (t) => {
    const on = await running(t);
    const body = { Name: 'theirs', Subnet: '10.0.0.0/24', Enabled: true, NextServer: '10.0.0.3' };
    const { json } = await on.call('PUT', '/api/v1/subnets/theirs', { body });
    assert.match(json.unsupported.join(), /^NextServer/);
    assert.equal(json.data.object.network, '10.0.0.0/24');
  });

  it('warns of clients whose addresses are given no more', async (t) => {
    const { call, services, subnets } = await running(t);
    const path = '/api/v1/subnets/lab';
    const body = { network: '192.168.1.0/24', ranges: '192.168.1.100-192.168.1.109' };
    assert.deepEqual((await call('PUT', path, { body })).json.warnings, []);
    const lab = subnets.networkNamed('lab') ?? assert.fail();
    for (const [n, address] of [`192.168.1.101`, `192.168.1.109`].entries())
      await services.leases.keep({ mac: macOf(n), hostname: undefined }, lab, address, 600);
    assert.deepEqual((await call('POST', path, { body: { dns: '1.1.1.1' } })).json.warnings, []);
    const shorter = await call('POST', path, { body: { ranges: '192.168.1.100-192.168.1.105' } });
    assert.match(shorter.json.warnings.join(), /^1 client has an address of subnet lab that it does not give any more/);
    assert.match((await call('DELETE', path)).json.warnings.join(), /^2 clients have addresses of subnet lab/);
  });

  it('warns of machines whose addresses are nowhere', async (t) => {
    const on = await running(t);
    await apply(on, LAB);
    const machine = {
      id: '00000000-0000-4000-8000-000000000001',
      network: { interfaces: [interfaceWith('10.9.0.1')] },
    };
    const { json, status } = await on.call('POST', '/api/v1/machines', { body: machine });
    assert.equal(status, 201);
    assert.match(json.warnings.join(), /10\.9\.0\.1 is in no subnet \(lab 192\.168\.1\.0\/24\)/);
    const applied = await apply(on, HARDWARE.replaceAll('192.168.2.', '172.16.2.'));
    assert.match(applied.json.data.warnings.at(-1).message, /172\.16\.2\.11 is in no subnet/);
  });
});

const interfaceWith = (address: string) => ({ dhcp: { mac: '52:54:00:00:00:01', ip: { address } } });

describe('documents of subnets', () => {
  it('are applied with others, shown as a diff, and unchanged the second time', async (t) => {
    const on = await running(t);
    const text = [HARDWARE, LAB, TASK, FAR, TEMPLATE].join('---\n');
    const dry = await apply(on, text, '?dryRun=true');
    assert.match(dry.json.data.objects[1].diff, /^\+kind: Subnet$/m);
    assert.deepEqual(on.subnets.list(), []);
    const { said } = await apply(on, text);
    const made = ['task/greet created', 'subnet/lab created', 'subnet/far created'];
    assert.deepEqual(said.slice(0, 3), made);
    assert.deepEqual((await apply(on, text)).said.slice(1, 3), ['subnet/lab unchanged', 'subnet/far unchanged']);
    const changed = await apply(on, LAB.replace('.199', '.149'));
    assert.match(changed.json.data.objects[0].diff, /^-.*192\.168\.1\.199$/m);
    assert.equal(on.subnets.get('lab').subnet.ranges?.[0], '192.168.1.100-192.168.1.149');
  });

  it('that are wrong are refused with line and column, and nothing of the file is done', async (t) => {
    const on = await running(t);
    await apply(on, LAB);
    const before = on.subnets.list();
    const bad = LAB.replace('lab', 'other').replace('192.168.1.100', '192.168.7.100').replace('routers', 'router');
    const text = [TASK, FAR, bad, HARDWARE.replace('mac:', 'mcc:')].join('---\n');
    const { status, json } = await apply(on, text, '?file=all.yaml');
    assert.equal(status, 422);
    const at = (line: string): number => text.split('\n').indexOf(line) + 1;
    const places = json.problems.map(({ field, line }: { field: string; line: number }) => [field, line]);
    assert.deepEqual(places.slice(0, 2), [
      ['ranges[0]', at('  - 192.168.7.100-192.168.1.199')],
      ['router', at('router: [192.168.1.1]')],
    ]);
    assert.ok(places.length > 2, 'and what is wrong with the hardware');
    assert.deepEqual(on.subnets.list(), before);
    assert.equal(on.content.find('tasks', 'greet'), undefined);
    assert.deepEqual(await on.machines.list(), []);
    // Each is right, and together they are not.
    const twice = await apply(on, [FAR, FAR.replace('far', 'away')].join('---\n'));
    assert.match(twice.json.detail, /^line 9, column 10: network: .*overlaps subnet far/);
    const late = await apply(on, [FAR, 'kind: Stage\nname: x\ntasks: [none]\n'].join('---\n'));
    assert.equal(late.status, 422, 'a stage that refers to nothing');
    assert.deepEqual(on.subnets.list(), before);
  });

  it('that refuse a lease’s address are told by a dry run too', async (t) => {
    const on = await running(t);
    on.machines.leaseOf = (address) =>
      address === '192.168.2.11' ? { mac: '02:00:00:00:00:09', until: 0 } : undefined;
    for (const query of ['', '?dryRun=true']) {
      const { status, json } = await apply(on, [LAB, HARDWARE].join('---\n'), query);
      assert.equal(status, 409);
      assert.match(json.detail, /192\.168\.2\.11 is leased to 02:00:00:00:00:09/);
    }
    assert.deepEqual(on.subnets.list(), []);
  });

  it('are given back with all else, and applied again', async (t) => {
    const [on, other] = [await running(t), await running(t)];
    await apply(on, [LAB, FAR, HARDWARE].join('---\n'));
    const { json } = await on.call('GET', '/api/v1/manifests');
    assert.deepEqual(
      json.data.map(({ kind }: { kind: string }) => kind),
      ['Subnet', 'Subnet', 'Hardware'],
    );
    for (const text of [
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: json.data }, null, 1),
      JSON.stringify(json.data),
    ]) {
      const { status, said } = await apply(other, text);
      assert.equal(status, 200);
      assert.deepEqual(
        said.map((each: string) => each.split(' ')[0]),
        [...['subnet/far', 'subnet/lab', 'hardware/tink-system/node-1']],
      );
    }
    assert.deepEqual(
      other.subnets.list().map(({ subnet }) => subnet),
      on.subnets.list().map(({ subnet }) => subnet),
    );
    const one = await on.call('GET', '/api/v1/manifests?kind=subnet&name=far');
    assert.deepEqual(
      one.json.data.map(({ name }: { name: string }) => name),
      ['far'],
    );
    assert.equal((await on.call('GET', '/api/v1/manifests?kind=subnet&name=none')).status, 404);
  });

  it('are found as Digital Rebar’s command line gives them', async (t) => {
    const on = await running(t);
    const theirs = {
      Name: 'one',
      Subnet: '10.1.0.0/24',
      ActiveStart: '10.1.0.9',
      ActiveEnd: '10.1.0.20',
      Enabled: true,
    };
    const list = [theirs, { ...theirs, Name: 'two', Subnet: '10.2.0.0/24', ActiveStart: '', Strategy: 'x' }];
    assert.deepEqual((await apply(on, JSON.stringify(list, null, 2))).said, [
      'subnet/one created',
      'subnet/two created',
    ]);
    const yaml =
      '- ActiveEnd: 10.1.0.30\n  ActiveStart: 10.1.0.9\n  Enabled: true\n  Name: one\n  Subnet: 10.1.0.0/24\n';
    assert.deepEqual((await apply(on, yaml)).said, ['subnet/one changed']);
    const wrong = await apply(on, yaml.replace('10.1.0.30', '10.9.0.30'));
    assert.deepEqual([wrong.json.problems[0].line, wrong.json.problems[0].field], [2, 'ActiveStart']);
  });
});
