/**
 * Document 001 with real Docker Engines: two services on the appliance's own computer (one with a health check, one that
 * exits with an error and recovers) and three tasks on two machines. However it ends, nothing is left of the services.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it, type TestContext } from 'node:test';
import { macOf } from '../machines/examples.ts';
import { engineMissing, type OwnEngine } from '../peers/docker-engine.ts';
import { busyboxImage } from '../peers/images.ts';
import { WORKFLOW_SERVICES } from '../workflows/template/examples.ts';
import { freePort, row, startEngines, until } from './row.ts';

const skip = engineMissing();
/** The document's own example; its `...` at the end stood for more tasks. */
const EXAMPLE = WORKFLOW_SERVICES.replace(/\.\.\.\n$/, '');
const MORE = `  - name: network
    worker: {{.device_2}}
    actions:
      - name: configure
        image: configure:v1.0.42
        timeout: 600
  - name: finish
    worker: {{.device_1}}
    actions:
      - name: tell
        image: tell:v1.0.42
        timeout: 60
`;

describe('the example of document 001', { skip, concurrency: 1 }, () => {
  const engines: OwnEngine[] = [];
  let images: Buffer[] = [];

  before(async () => {
    if (skip !== false) return;
    engines.push(...(await startEngines()));
    const [files, keys] = [await freePort(), await freePort()];
    const serve = (port: number): string => `httpd -f -p ${port} -h /www & trap 'kill $!; exit 0' TERM; wait`;
    images = [
      await busyboxImage(
        ['osie-boot-files-server:v1.0.42'],
        {
          Cmd: ['/bin/sh', '-c', serve(files)],
          ExposedPorts: { [`${files}/tcp`]: {} },
          Healthcheck: { Test: ['CMD', '/bin/test', '-e', '/www/kernel'], Interval: 5e8, Timeout: 5e9, Retries: 3 },
        },
        { 'www/kernel': 'a kernel', 'www/initrd': 'an initrd', 'www/auto.ipxe': '#!ipxe\nexit\n' },
      ),
      await busyboxImage(
        ['password-receiver:v1.0.42'],
        {
          Cmd: [
            '/bin/sh',
            '-c',
            `if ! test -e /workflow/recovered; then touch /workflow/recovered; echo not yet >&2; exit 3; fi; ${serve(keys)}`,
          ],
          ExposedPorts: { [`${keys}/tcp`]: {} },
        },
        { 'www/password': 'secret' },
      ),
      await busyboxImage(['disk-wipe:v1.0.42', 'disk-partition:v1.0.42', 'install-root-fs:v1.0.42', 'tell:v1.0.42'], {
        Cmd: ['/bin/sh', '-c', 'echo done on $MIRROR_HOST'],
      }),
      // Goes on when the test lets it.
      await busyboxImage(['configure:v1.0.42'], {
        Cmd: ['/bin/sh', '-c', 'until test -e /workflow/go; do sleep 0.1; done; ! test -e /workflow/broken'],
      }),
    ];
  });
  after(async () => {
    for (const engine of engines) await engine.stop();
  });

  async function stage(t: TestContext, ...templates: string[]) {
    const { containers, ended, get, place, create, ...rest } = await row(t, {
      engines,
      images,
      templates: [EXAMPLE + MORE, ...templates],
    });
    return {
      ...{ ...rest, ended, get, containers },
      create: (provisioner1: string, template = 'ubuntu_provisioning') => create(template, { provisioner1 }),
      services: (at: 'appliance' | 'second' = 'appliance') => containers(at, 'tinsmith.service'),
      /** Its services are up, and the machine whose action waits is at it. */
      atWork: (id: string) =>
        until('the second machine is at work', async () => {
          const workflow = await get(id);
          assert.ok(['PENDING', 'RUNNING'].includes(workflow.state), workflow.message);
          return workflow.actions[3]?.state === 'RUNNING' && workflow;
        }),
      /** Nothing is left of a workflow, and its record says so. */
      gone: async (id: string, at: 'appliance' | 'second' = 'appliance') => {
        await until('the services’ end', async () => (await containers(at, 'tinsmith.service')).length === 0);
        await until('the record of their end', async () =>
          (await get(id)).services.every(({ state }) => state === 'STOPPED'),
        );
        await until('the actions’ end', async () => (await containers('second', 'tinsmith.workflow')).length === 0);
      },
      /** Lets the second machine's action go on. */
      release: (id: string, ...files: string[]) => place(2, id, ...files, 'go'),
    };
  }

  /** One request to the appliance with another Host header. */
  const fetchFrom = async (url: string, host: string, path: string): Promise<string> => {
    const sent = request(new URL(path, url), { headers: { host } }).end();
    const [response] = await once(sent, 'response');
    return `${response.statusCode} ${await text(response)}`;
  };

  it('runs as it stands: services first, their routes reached by name and by path, and gone after its success', async (t) => {
    const { create, atWork, url, release, ended, gone, api } = await stage(t);
    const { id } = await create('provisioner');
    const workflow = await atWork(id);
    assert.deepEqual(
      workflow.services.map(({ name, state, starts }) => `${name} ${state} ${starts}`),
      ['serve boot files HEALTHY 1', 'password receiver UP 2'],
    );
    const served = Date.parse(workflow.servedAt ?? '');
    assert.ok(workflow.actions.every(({ startedAt }) => !startedAt || Date.parse(startedAt) >= served));
    assert.equal(await (await fetch(`${url}/workflows/${id}/kernel`)).text(), 'a kernel');
    assert.equal(await (await fetch(`${url}/workflows/${id}/password`)).text(), 'secret');
    assert.equal((await fetch(`${url}/workflows/${id}/passwords`)).status, 404);
    assert.equal(await fetchFrom(url, `${id}.workflows.tinkerbell.local`, '/initrd'), '200 an initrd');
    release(id);
    const { state, message, actions } = await ended(id);
    assert.equal(state, 'SUCCESS', message);
    assert.deepEqual(
      actions.map(({ name }) => name),
      ['disk-wipe', 'disk-partition', 'install-root-fs', 'configure', 'tell'],
    );
    await gone(id);
    assert.equal((await fetch(`${url}/workflows/${id}/kernel`)).status, 404);
    const [first] = await api<{ entries: { text: string }[] }[]>('GET', `workflows/${id}/logs?service=1`);
    assert.match(first?.entries.map((entry) => entry.text).join('') ?? '', /not yet/);
  });

  it('that fails leaves no service', async (t) => {
    const { create, atWork, release, ended, gone } = await stage(t);
    const { id } = await create('provisioner');
    await atWork(id);
    release(id, 'broken');
    assert.equal((await ended(id)).state, 'FAILED');
    await gone(id);
  });

  it('that is cancelled leaves no service, and stops the action', async (t) => {
    const { create, atWork, api, gone, get } = await stage(t);
    const { id } = await create('provisioner');
    await atWork(id);
    await api('POST', `workflows/${id}/cancel`);
    await gone(id);
    const { state, actions } = await get(id);
    assert.deepEqual([state, actions[3]?.state], ['CANCELLED', 'CANCELLED']);
  });

  it('that runs into its limit leaves no service', async (t) => {
    const short = (EXAMPLE + MORE).replace('ubuntu_provisioning', 'short').replace(/timeout: \d+/g, 'timeout: 8');
    const { create, atWork, ended, gone } = await stage(t, short);
    const { id } = await create('provisioner', 'short');
    await atWork(id);
    assert.equal((await ended(id)).state, 'TIMEOUT');
    await gone(id);
  });

  it('whose worker is killed with its services and its action: the next worker ends them', async (t) => {
    const { create, atWork, killWorker, startWorker, api, gone, services } = await stage(t);
    const { id } = await create(macOf(2));
    await atWork(id);
    await killWorker(2);
    await api('POST', `workflows/${id}/cancel`);
    assert.equal((await services('second')).length, 2, 'nobody is there to end them');
    startWorker(2);
    await gone(id, 'second');
  });

  it('goes on after its worker was killed, with the same services', async (t) => {
    const { create, atWork, killWorker, startWorker, release, ended, gone, services } = await stage(t);
    const { id } = await create(macOf(2));
    await atWork(id);
    const before = (await services('second')).map(({ Id }) => Id).sort();
    await killWorker(2);
    startWorker(2);
    release(id);
    const { state, message } = await ended(id);
    assert.equal(state, 'SUCCESS', message);
    await gone(id, 'second');
    assert.equal(before.length, 2);
  });

  it('goes on after the appliance was killed, and leaves no service', async (t) => {
    const { create, atWork, killAppliance, release, ended, gone, services } = await stage(t);
    const { id } = await create('provisioner');
    await atWork(id);
    const before = (await services()).map(({ Id }) => Id).sort();
    await killAppliance();
    assert.deepEqual((await services()).map(({ Id }) => Id).sort(), before, 'they go on meanwhile');
    release(id);
    const { state, message } = await ended(id);
    assert.equal(state, 'SUCCESS', message);
    await gone(id);
  });
});
