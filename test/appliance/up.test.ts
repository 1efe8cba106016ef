/** `tinsmith up` from the outside: what it says, whom it refuses, how it stops. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { WorkerTokens } from '../../src/api/tokens.ts';
import { claimDataDirectory } from '../../src/store/index.ts';
import { idOf, macOf } from '../machines/examples.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { over, pushed } from '../workflows/made.ts';
import { started } from './started.ts';

/** A wire with no other end in sight: the machine there has not been powered on. */
const WIRE =
  'ip link set lo up; ip link add wire0 type veth peer name far0; ip address add 10.77.0.1/24 dev wire0; ip link set wire0 up';

/** Fetches a path inside the network namespace of a process. */
function fetchedIn(
  pid: number,
  path: string,
): { status: number; body: { state: string; roles: { name: string; state: string }[] } } {
  const program = `const r = await fetch('http://10.77.0.1:8080${path}'); console.log(JSON.stringify({ status: r.status, body: await r.json() }))`;
  const text = execFileSync(
    'nsenter',
    [`--net=/proc/${pid}/ns/net`, process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  return JSON.parse(text);
}

describe('tinsmith up', () => {
  it('starts all roles on an interface without a carrier, and says what it bound', async (t) => {
    const args = ['--interface', 'wire0', '--dhcp', 'proxy'];
    const appliance = await started(t, temporaryDirectory(t), { args, namespace: WIRE, format: 'pretty' });
    const summary = await appliance.when(() => {
      const said = appliance.said.join('\n');
      return said.includes('\nAdd a machine') ? said : undefined;
    });
    assert.match(summary, /^Tinsmith .* is ready\. Data in /m);
    assert.match(summary, /^ {2}http +0\.0\.0\.0:8080: boot files, API and images$/m);
    assert.match(summary, /^ {2}tftp +10\.77\.0\.1:69 \(wire0\): boot loaders for firmware$/m);
    assert.match(summary, /^ {2}dhcp \(proxy\) +10\.77\.0\.1:67 \(wire0\), 10\.77\.0\.1:4011 \(wire0\): what to boot/m);
    const { status, body } = fetchedIn(appliance.pid, '/readyz');
    assert.deepEqual([status, body.state], [200, 'ready']);
    assert.equal((await appliance.stop()).code, 0);
  });

  it('gives addresses of a range in pool mode, and says which; without a range it does not start', async (t) => {
    const args = ['--interface', 'wire0', '--dhcp', 'pool', '--range', '10.77.0.100-10.77.0.120'];
    const appliance = await started(t, temporaryDirectory(t), { args, namespace: WIRE });
    const { bound } = await appliance.told(({ role, msg }) => role === 'dhcp (pool)' && msg === 'started');
    assert.deepEqual(bound, ['10.77.0.1:67 (wire0, pool 10.77.0.100-10.77.0.120)']);
    assert.equal((await appliance.stop()).code, 0);
    const refused = await started(t, temporaryDirectory(t), { args: args.slice(0, 4), namespace: WIRE });
    assert.notEqual((await refused.ended)[0], 0);
    assert.match(refused.said.join('\n'), /--dhcp pool needs to know which addresses it may give: no --range\./);
    assert.match(refused.said.join('\n'), /--range 10\.77\.0\.128-10\.77\.0\.254/);
  });

  it('is not ready before DHCP has looked for another server', async (t) => {
    const args = ['--interface', 'wire0'];
    const appliance = await started(t, temporaryDirectory(t), { args, namespace: `${WIRE}; ip link set far0 up` });
    await appliance.told(({ role, msg }) => role === 'http' && msg === 'started');
    const early = fetchedIn(appliance.pid, '/readyz');
    assert.deepEqual([early.status, early.body.state], [503, 'starting']);
    let late = early;
    while (late.status !== 200) late = fetchedIn(appliance.pid, '/readyz');
    assert.equal(late.body.state, 'ready');
    assert.ok(late.body.roles.some(({ name, state }) => name === 'dhcp (proxy)' && state === 'up'));
    assert.equal((await appliance.stop()).code, 0);
  });

  it('starts the other roles when a port is taken, and names who has it', async (t) => {
    const hold = `require('dgram').createSocket('udp4').bind(69, '10.77.0.1', () => require('fs').writeFileSync(process.argv[1], ''))`;
    const data = temporaryDirectory(t);
    const flag = join(temporaryDirectory(t), 'held');
    const namespace = `${WIRE}; ${process.execPath} -e "${hold}" ${flag} > /dev/null 2>&1 & until test -e ${flag}; do sleep 0.05; done`;
    const appliance = await started(t, data, { args: ['--interface', 'wire0', '--dhcp', 'reservation'], namespace });
    const { msg } = await appliance.told(({ code }) => code === 'PORT_TAKEN');
    const [, pid] = /^tftp cannot start: 10\.77\.0\.1:69 is held by process (\d+) \(.*node -e .*\)\./.exec(msg) ?? [];
    assert.ok(pid, msg);
    assert.match(msg, new RegExp(`Stop it \\(kill ${pid}, or its service\\), or give tftp other ports`));
    await appliance.told(({ role, msg }) => role === 'dhcp (reservation)' && msg === 'started');
    const { status, body } = fetchedIn(appliance.pid, '/readyz');
    assert.deepEqual(
      [status, body.state, body.roles.map(({ name, state }) => `${name} ${state}`)],
      [
        503,
        'degraded',
        ['http up', 'grpc up', 'syslog up', 'tftp failed', 'dhcp (reservation) up', 'provisioner-worker off'],
      ],
    );
    assert.equal((await appliance.stop()).code, 0);
  });

  it('stops at once with open event streams, of workers too, and gives its directory back', async (t) => {
    const data = temporaryDirectory(t);
    claimDataDirectory(data).release();
    const { store, machines } = await over(data);
    await pushed(machines, 1);
    const worker = await new WorkerTokens(store).issue(idOf(1));
    await store.close();

    const appliance = await started(t, data);
    const url = await appliance.url();
    const headers = { authorization: `Bearer ${appliance.token()}` };
    const workerHeaders = { authorization: `Bearer ${worker}` };
    const hello = JSON.stringify({ mac: macOf(1), boot: 'b', version: '1' });
    await fetch(`${url}/api/v1/worker/hello`, { method: 'POST', headers: workerHeaders, body: hello });
    const lastSeen = async (): Promise<string> => {
      const answer = await fetch(`${url}/api/v1/machines/machine-1`, { headers });
      return ((await answer.json()) as { data: { worker: { lastSeen: string } } }).data.worker.lastSeen;
    };
    const before = await lastSeen();
    const body = (await fetch(`${url}/api/v1/events`, { headers })).text();
    const streams = await Promise.all(
      Array.from({ length: 3 }, () => fetch(`${url}/api/v1/worker/stream`, { headers: workerHeaders })),
    );
    assert.notEqual(await lastSeen(), before);
    const { code, ms } = await appliance.stop();
    assert.equal(code, 0, appliance.said.join('\n'));
    assert.ok(ms < 10_000, `it took ${ms} ms`);
    assert.match(await body, /tinsmith/);
    for (const stream of streams) assert.ok(!(await stream.text()).includes('event:'));
    assert.ok(!readdirSync(data).includes('pid'));
    assert.ok(!appliance.said.join('\n').includes(worker) && !appliance.said.join('\n').includes(appliance.token()));
  });

  it('is refused beside another on the same data directory, which goes on', async (t) => {
    const data = temporaryDirectory(t);
    const first = await started(t, data);
    const url = await first.url();
    const second = await started(t, data);
    const [code] = await second.ended;
    assert.equal(code, 75);
    assert.match(
      second.said.join('\n'),
      new RegExp(`in use by another Tinsmith, process ${first.pid}\\.\\s+Stop it \\(kill ${first.pid}\\)`),
    );
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.equal((await first.stop()).code, 0);
  });

  it('goes on with what it had after kill -9', async (t) => {
    const data = temporaryDirectory(t);
    const first = await started(t, data);
    const headers = (): Record<string, string> => ({ authorization: `Bearer ${first.token()}` });
    const template =
      'version: "0.1"\nname: t\ntasks:\n  - name: a\n    worker: "{{.d}}"\n    actions: [{name: x, image: x}]\n';
    const made = await fetch(`${await first.url()}/api/v1/templates`, {
      method: 'POST',
      headers: headers(),
      body: template,
    });
    assert.equal(made.status, 201);
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    const second = await started(t, data);
    const found = await fetch(`${await second.url()}/api/v1/templates/t`, { headers: headers() });
    assert.equal(found.status, 200);
    assert.equal((await second.stop()).code, 0);
  });

  for (const [what, prepare, args, code, message] of [
    [
      'a directory that is not ours',
      (data) => writeFileSync(join(data, 'x'), ''),
      [],
      78,
      /is not empty and is not a data directory/,
    ],
    ['an interface that is not there', () => {}, ['--interface', 'eth99'], 65, /interface eth99 is not there/],
    [
      'a directory of files that cannot be',
      () => {},
      ['--files', '/dev/null/x'],
      73,
      /\/dev\/null\/x cannot be made: ENOTDIR/,
    ],
    ['settings that are wrong', () => {}, ['--http-port', '99999'], 65, /99999 is above 65535/],
  ] as [string, (data: string) => void, string[], number, RegExp][]) {
    it(`ends with a clear error for ${what}`, async (t) => {
      const data = temporaryDirectory(t);
      prepare(data);
      const appliance = await started(t, data, { args: ['--dhcp', 'off', '--tftp', 'off', ...args] });
      const [ended] = await appliance.ended;
      assert.equal(ended, code, appliance.said.join('\n'));
      assert.match(appliance.said.join('\n'), message);
      assert.ok(!appliance.said.join('\n').includes('    at '), 'no stack');
    });
  }
});
