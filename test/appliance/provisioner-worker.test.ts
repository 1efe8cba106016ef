/** The appliance's own worker: that it is there where it can be, and what it may not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import pino from 'pino';
import { type ProvisionerWorker, startProvisionerWorker } from '../../src/appliance/provisioner-worker.ts';
import { Roles } from '../../src/appliance/roles.ts';
import { PROVISIONER } from '../../src/machines/provisioner.ts';
import { type Running, running } from '../api/running.ts';
import { engineMissing, startEngine } from '../peers/docker-engine.ts';

const log = pino({ level: 'silent' });

function around(all: Running, settings: Partial<ProvisionerWorker['settings']>): ProvisionerWorker {
  return {
    settings: {
      data: all.directory,
      provisioner: true,
      dockerSocket: join(all.directory, 'docker.sock'),
      httpAddress: '0.0.0.0',
      ...settings,
    },
    httpPort: Number(new URL(all.url).port),
    issueToken: (machine) => all.workerTokens.issue(machine),
    log,
  };
}

async function rolesFor(t: TestContext, parts: ProvisionerWorker): Promise<Roles> {
  const roles = new Roles(log);
  t.after(() => roles.stop());
  await startProvisionerWorker(roles, parts);
  return roles;
}

describe('the worker of the appliance’s own computer', () => {
  it('is off without a Docker Engine, and says so with what to do', async (t) => {
    const all = await running(t);
    const [status] = (await rolesFor(t, around(all, {}))).statuses();
    assert.deepEqual([status?.name, status?.state], ['provisioner-worker', 'off']);
    assert.match(status?.problem?.message ?? '', /No Docker Engine answers on this computer: .*docker\.sock/);
    assert.match(status?.problem?.next ?? '', /--docker-socket/);
  });

  it('is off when the settings say so', async (t) => {
    const all = await running(t);
    const statuses = (await rolesFor(t, around(all, { provisioner: false }))).statuses();
    assert.deepEqual(statuses, [{ name: 'provisioner-worker', state: 'off', bound: [] }]);
  });

  it('says hello as `provisioner`, and ends with the appliance', { skip: engineMissing() }, async (t) => {
    const engine = await startEngine();
    t.after(() => engine.stop());
    const all = await running(t);
    const heard = new Promise<string>((resolve) => {
      all.trace.listen(({ role, what, sentence }) => {
        if (role === 'worker' && what === 'hello') resolve(sentence);
      });
    });
    const roles = await rolesFor(t, around(all, { dockerSocket: engine.socket }));
    const [status] = roles.statuses();
    assert.equal(status?.state, 'up', JSON.stringify(status));
    assert.match(status?.bound[0] ?? '', /^Docker Engine .* at .*docker\.sock$/);
    assert.match(await heard, /the worker of provisioner is there/);
    await roles.stop();
    assert.notEqual(all.services.lastSeen.of(PROVISIONER), undefined);
  });
});
