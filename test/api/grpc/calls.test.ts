/** What is around the workers' main road: who may call, what they cannot do, data, reflection, TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { Status } from '../../../src/api/grpc/messages/status.ts';
import { certificate, missing } from '../../http/certificates.ts';
import { FULL, idOf, macOf } from '../../machines/examples.ts';
import { pushed } from '../../workflows/made.ts';
import { refusalOf } from './peer.ts';
import { ADMIN_TOKEN, PROTOS, type Served, served } from './served.ts';
import { newestAgent, oldWorker } from './workers.ts';

const ADMIN = { metadata: { authorization: `Bearer ${ADMIN_TOKEN}` } };

const template = (body: string): string =>
  `version: "0.1"\nname: t\nglobal_timeout: 600\ntasks:\n  - name: os\n    worker: "{{.device_1}}"\n    actions:\n${body}`;
const ONE = template('      - {name: one, image: "one:1", timeout: 60}\n');

/** Makes a workflow of a template for machine 1, whose address is the peer's. */
async function queued(t: TestContext, text = ONE, policy: Parameters<typeof served>[1] = {}, secrets = {}) {
  const server = await served(t, policy);
  const { machines, templates, workflows } = server.parts;
  await pushed(machines, 1);
  server.neighbours.set('127.0.0.1', macOf(1));
  await templates.create(text);
  const { id } = await workflows.create({ template: 't', devices: { device_1: macOf(1) }, secrets });
  return { server, id, calls: callsOf(server), stateOf: () => workflows.get(id) };
}

const callsOf = ({ client }: Served) => ({
  workflow: client.service(`${PROTOS}.workflow.WorkflowService`, `${PROTOS}.workflow`),
  template: client.service(`${PROTOS}.template.TemplateService`, `${PROTOS}.template`),
  hardware: client.service(`${PROTOS}.hardware.HardwareService`, `${PROTOS}.hardware`),
  newest: client.service('proto.WorkflowService', 'proto'),
});

test('a worker is believed from an address of its machine only', async (t) => {
  const { server, id, calls, stateOf } = await queued(t);
  server.neighbours.set('127.0.0.1', macOf(9));
  const said = {
    workflow_id: id,
    task_name: 'os',
    action_name: 'one',
    action_status: 'STATE_RUNNING',
    worker_id: idOf(1),
  };
  for (const refusal of [
    await refusalOf(calls.newest('GetAction', ['ActionRequest', 'ActionResponse'], { agent_id: macOf(1) })),
    await refusalOf(calls.workflow('ReportActionStatus', ['WorkflowActionStatus', 'Empty'], said)),
    await refusalOf(
      calls.workflow(
        'GetWorkflowContexts',
        ['WorkflowContextRequest', 'WorkflowContext'],
        { worker_id: idOf(1) },
        { stream: true },
      ),
    ),
  ]) {
    assert.equal(refusal.code, 'PERMISSION_DENIED');
    assert.match(
      refusal.details,
      /^127\.0\.0\.1 is not an address of machine machine-1, but that of 52:54:00:00:00:09/,
    );
  }
  const actions = await refusalOf(
    calls.workflow('GetWorkflowActions', ['WorkflowActionsRequest', 'WorkflowActionList'], { workflow_id: id }),
  );
  assert.equal(actions.code, 'PERMISSION_DENIED');
  assert.equal(stateOf().state, 'PENDING');
  assert.equal(server.parts.lastSeen.of(idOf(1)), undefined);
});

test('the administrator’s calls need the token, unless they are opened', async (t) => {
  const { calls } = await queued(t);
  for (const [service, method, types, stream] of [
    [calls.workflow, 'ListWorkflows', ['Empty', 'Workflow'], true],
    [calls.workflow, 'DeleteWorkflow', ['GetRequest', 'Empty'], false],
    [calls.template, 'ListTemplates', ['ListRequest', 'WorkflowTemplate'], true],
    [calls.hardware, 'All', ['Empty', 'Hardware'], true],
  ] as const) {
    const refusal = await refusalOf(service(method, [...types], {}, { stream }));
    assert.equal(refusal.code, 'PERMISSION_DENIED', method);
    assert.match(refusal.details, /--grpc-admin on/);
    const wrong = { stream, metadata: { authorization: 'Bearer wrong' } };
    assert.equal((await refusalOf(service(method, [...types], {}, wrong))).code, 'PERMISSION_DENIED');
  }
  const open = callsOf(await served(t, { openAdministration: true }));
  assert.deepEqual(await open.hardware('All', ['Empty', 'Hardware'], {}, { stream: true }), []);
});

test('Tinkerbell’s command line: hardware, templates, workflows, their state and events', async (t) => {
  const { server, calls } = await queued(t);
  const { hardware, template: templates, workflow } = calls;
  const { metadata, ...rest } = FULL;
  const [, second] = rest.network.interfaces;
  assert.ok(second);
  const { domain_name: _, ...dhcp } = rest.network.interfaces[0]?.dhcp ?? {};
  const data = {
    ...rest,
    metadata: JSON.stringify(metadata),
    network: { interfaces: [{ ...rest.network.interfaces[0], dhcp }, { dhcp: { mac: '08:00:27:aa:bb:02' } }] },
  };
  await hardware('Push', ['PushRequest', 'Empty'], { data }, ADMIN);
  for (const [method, by] of [
    ['ByMAC', { mac: '08-00-27-AA-BB-01' }],
    ['ByIP', { ip: '192.168.1.5' }],
    ['ByID', { id: FULL.id }],
  ] as const) {
    const [found] = await hardware(method, ['GetRequest', 'Hardware'], by, ADMIN);
    assert.equal(found.id, FULL.id.toLowerCase());
    assert.deepEqual(JSON.parse(found.metadata), metadata);
    assert.deepEqual(found.network.interfaces[0].netboot.osie, {
      base_url: 'http://url/osie',
      kernel: 'vmlinuz-x86_64',
    });
    assert.equal(found.network.interfaces[0].dhcp.lease_time, '86400');
  }
  assert.equal((await hardware('All', ['Empty', 'Hardware'], {}, { ...ADMIN, stream: true })).length, 2);
  const watched = hardware(
    'DeprecatedWatch',
    ['GetRequest', 'Hardware'],
    { id: idOf(1) },
    { ...ADMIN, stream: true, first: true },
  );
  // Whenever the watch has begun: pushed until it has told.
  let told = false;
  void watched.then(() => {
    told = true;
  });
  const again = { id: idOf(1), network: { interfaces: [{ dhcp: { mac: macOf(1) } }] } };
  while (!told) await hardware('Push', ['PushRequest', 'Empty'], { data: again }, ADMIN);
  assert.equal((await watched)[0].id, idOf(1));
  await hardware('Delete', ['DeleteRequest', 'Empty'], { id: FULL.id }, ADMIN);
  assert.equal(
    (await refusalOf(hardware('ByID', ['GetRequest', 'Hardware'], { id: FULL.id }, ADMIN))).code,
    'NOT_FOUND',
  );

  const [{ id }] = await templates(
    'CreateTemplate',
    ['WorkflowTemplate', 'CreateResponse'],
    { data: ONE.replace('name: t', 'name: second') },
    ADMIN,
  );
  const listed = await templates(
    'ListTemplates',
    ['ListRequest', 'WorkflowTemplate'],
    { name: 'SEC*D' },
    { ...ADMIN, stream: true },
  );
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['second'],
  );
  const [byName] = await templates('GetTemplate', ['GetRequest', 'WorkflowTemplate'], { name: 'second' }, ADMIN);
  assert.equal(byName.id, id);
  assert.match(byName.data, /name: second/);
  const broken = await refusalOf(
    templates('CreateTemplate', ['WorkflowTemplate', 'CreateResponse'], { data: 'name: x' }, ADMIN),
  );
  assert.equal(broken.code, 'INVALID_ARGUMENT');

  const [made] = await workflow(
    'CreateWorkflow',
    ['CreateRequest', 'CreateResponse'],
    { template: id, hardware: `{"device_1": "${macOf(1)}"}` },
    ADMIN,
  );
  const wrong = await refusalOf(
    workflow('CreateWorkflow', ['CreateRequest', 'CreateResponse'], { template: id, hardware: 'x' }, ADMIN),
  );
  assert.equal(wrong.code, 'INVALID_ARGUMENT');
  const before = await workflow('GetWorkflowContext', ['GetRequest', 'WorkflowContext'], { id: made.id }, ADMIN);
  assert.deepEqual(before, [{ workflow_id: made.id, current_worker: idOf(1), total_number_of_actions: '1' }]);
  // The first workflow is before it.
  const worker = oldWorker(server, 'cli', idOf(1));
  await worker.poll(() => 'SUCCESS');
  await worker.poll(() => 'FAILED');
  const [shown] = await workflow('GetWorkflow', ['GetRequest', 'Workflow'], { id: made.id }, ADMIN);
  assert.deepEqual(
    [shown.state, shown.template, JSON.parse(shown.hardware)],
    ['STATE_FAILED', id, { device_1: macOf(1) }],
  );
  assert.match(shown.data, /image: "?one:1/);
  const events = await workflow(
    'ShowWorkflowEvents',
    ['GetRequest', 'WorkflowActionStatus'],
    { id: made.id },
    { ...ADMIN, stream: true },
  );
  assert.deepEqual(
    events.map(({ action_status, message, worker_id }) => [action_status, message, worker_id]),
    [
      ['STATE_RUNNING', 'Started execution', idOf(1)],
      ['STATE_FAILED', 'its worker gave no reason', idOf(1)],
    ],
  );
  const [context] = await workflow('GetWorkflowContext', ['GetRequest', 'WorkflowContext'], { id: made.id }, ADMIN);
  assert.deepEqual([context.current_action, context.current_action_state], ['one', 'STATE_FAILED']);
  assert.equal((await workflow('ListWorkflows', ['Empty', 'Workflow'], {}, { ...ADMIN, stream: true })).length, 2);
  await workflow('DeleteWorkflow', ['GetRequest', 'Empty'], { id: made.id }, ADMIN);
  assert.equal(
    (await refusalOf(workflow('GetWorkflow', ['GetRequest', 'Workflow'], { id: made.id }, ADMIN))).code,
    'NOT_FOUND',
  );
});

test('a verb fails with what to do, before a worker goes on to it by itself', async (t) => {
  for (const worker of [oldWorker, newestAgent] as const) {
    const { server, stateOf } = await queued(
      t,
      template('      - {name: one, image: "one:1", timeout: 60}\n      - {name: again, verb: reboot}\n'),
    );
    const each = worker === oldWorker ? oldWorker(server, 'slim', macOf(1)) : newestAgent(server, macOf(1));
    const ran: string[] = [];
    for (let n = 0; n < 3; n++) await each.poll(({ name }) => (ran.push(name) > 0 ? 'SUCCESS' : undefined));
    assert.deepEqual(ran, ['one']);
    assert.deepEqual(each.refusals, []);
    assert.equal(stateOf().state, 'FAILED');
    assert.match(
      stateOf().message ?? '',
      /Action again .*verb reboot: a worker of Tinkerbell cannot do it; use an image that does/,
    );
  }
});

test('a service that its worker would have to run fails the workflow with what to do', async (t) => {
  const { server, stateOf } = await queued(
    t,
    ONE.replace('tasks:', 'services:\n  - {name: web, worker: "{{.device_1}}", image: "web:1"}\ntasks:'),
  );
  await oldWorker(server, 'cli', idOf(1)).poll(() => assert.fail('its service is not up'));
  assert.equal(stateOf().state, 'FAILED');
  assert.match(stateOf().message ?? '', /Service web did not come up.*a worker of Tinkerbell cannot run services/);
});

test('nothing to do is NOT_FOUND or FAILED_PRECONDITION, with the detail that the agent looks for', async (t) => {
  const { server, id } = await queued(t);
  await server.parts.workflows.tell(id, { command: 'pause' });
  const agent = newestAgent(server, macOf(1));
  await agent.poll(() => 'SUCCESS');
  await server.parts.workflows.delete(id);
  await agent.poll(() => 'SUCCESS');
  assert.deepEqual(
    agent.nothing.map(({ code, details }) => `${code} ${details}`),
    [
      'FAILED_PRECONDITION no action available: workflow t is paused',
      'NOT_FOUND no Workflows found: no workflow is waiting for this machine',
    ],
  );
  for (const { trailers } of agent.nothing) {
    const detail = Status.decode(Buffer.from(trailers['grpc-status-details-bin'] ?? '', 'base64')).details[0];
    assert.equal(detail?.type_url, 'type.googleapis.com/google.rpc.PreconditionFailure');
    assert.ok(detail.value.includes('NO_ACTION_AVAILABLE'));
  }
});

test('a worker of this server that is heard keeps its machine', async (t) => {
  const { server, stateOf } = await queued(t);
  const { assignments, lastSeen, machines, time } = server.parts;
  const machine = machines.find(macOf(1));
  await assignments.hello(machine, { mac: macOf(1), boot: 'a-boot', version: '1' });
  lastSeen.note(machine.id);
  const agent = newestAgent(server, macOf(1));
  assert.equal(await agent.poll(() => 'SUCCESS'), 0);
  assert.match(agent.nothing[0]?.details ?? '', /the worker of this server has machine machine-1/);
  time.now += 91_000;
  assert.equal(await agent.poll(() => 'SUCCESS'), 1);
  assert.equal(stateOf().state, 'SUCCESS');
});

test('a workflow that is deleted under a worker: its last report is taken, and it goes on', async (t) => {
  const { server, id } = await queued(t);
  const worker = oldWorker(server, 'slim', macOf(1));
  const deleted: Promise<unknown>[] = [];
  await worker.poll(() => {
    deleted.push(server.parts.workflows.delete(id));
    return 'SUCCESS';
  });
  await Promise.all(deleted);
  assert.deepEqual(worker.refusals, []);
  const { newest } = callsOf(server);
  const report = { workflow_id: id, agent_id: macOf(1), task_id: 'os', action_id: '0.1', action_state: 'RUNNING' };
  assert.equal(
    (await refusalOf(newest('ReportActionStatus', ['ActionStatusRequest', 'ActionStatusResponse'], report))).code,
    'NOT_FOUND',
  );
});

test('the worker that runs an action gets its secrets, nobody else', async (t) => {
  const { calls, id, server } = await queued(
    t,
    template('      - {name: one, image: "one:1", timeout: 60, environment: {KEY: "{{ .secrets.key }}"}}\n'),
    {},
    { key: 'hush-hush' },
  );
  const environment = async (more: object): Promise<string> => {
    const [list] = await calls.workflow(
      'GetWorkflowActions',
      ['WorkflowActionsRequest', 'WorkflowActionList'],
      { workflow_id: id },
      more,
    );
    return list.action_list[0].environment[0];
  };
  assert.equal(await environment({}), 'KEY=hush-hush');
  let seen: string[] = [];
  await newestAgent(server, macOf(1)).poll((action) => {
    seen = action.environment;
    return undefined;
  });
  assert.deepEqual(seen, ['KEY=hush-hush']);
  server.neighbours.clear();
  assert.doesNotMatch(await environment(ADMIN), /hush/);
  assert.doesNotMatch(server.logged.join('\n'), /hush/);
});

test('ephemeral data: whole files, merged by keys, with nothing of a longer one left behind a shorter one', async (t) => {
  const { calls, id, server } = await queued(t);
  const { data } = server.parts;
  const workflow_id = id;
  const get = async (method: string, version = 0): Promise<{ text: string; version: number }> => {
    const [answer] = await calls.workflow(method, ['GetWorkflowDataRequest', 'GetWorkflowDataResponse'], {
      workflow_id,
      version,
    });
    return { text: Buffer.from(answer.data ?? '', 'base64').toString(), version: answer.version ?? 0 };
  };
  const put = (value: object) =>
    calls.workflow('UpdateWorkflowData', ['UpdateWorkflowDataRequest', 'Empty'], {
      workflow_id,
      metadata: Buffer.from(JSON.stringify({ workerID: idOf(1), actionName: 'one', taskName: 'os' })).toString(
        'base64',
      ),
      data: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64'),
    });
  assert.deepEqual(await get('GetWorkflowData'), { text: '', version: 0 });
  await put({ a: 'a long value of the first writer' });
  assert.deepEqual(await get('GetWorkflowDataVersion'), { text: '', version: 1 });
  const metadata = JSON.parse((await get('GetWorkflowMetadata')).text);
  assert.deepEqual([metadata.workerID, metadata.actionName, metadata.taskName], [idOf(1), 'one', 'os']);
  assert.match(metadata.sha256, /^[0-9a-f]{64}$/);
  // Another writer, meanwhile: both stay.
  await get('GetWorkflowData');
  await data.write(id, {
    bytes: Buffer.from('{"a": "a long value of the first writer", "b": 2}'),
    by: { name: 'another' },
  });
  await put({ a: 'a long value of the first writer', c: 3 });
  assert.deepEqual(JSON.parse((await get('GetWorkflowData')).text), {
    a: 'a long value of the first writer',
    b: 2,
    c: 3,
  });
  // Shorter than what the worker's file holds: filled up, so that it is one JSON object still.
  await data.write(id, { bytes: Buffer.from('{}'), by: { name: 'another' } });
  const short = await get('GetWorkflowData');
  assert.deepEqual(JSON.parse(short.text), {});
  assert.ok(short.text.length > 50);
  assert.equal((await get('GetWorkflowData', 1)).text, '{"a":"a long value of the first writer"}');
  const broken = await refusalOf(put('{"cut' as never));
  assert.equal(broken.code, 'INVALID_ARGUMENT');
  server.neighbours.clear();
  assert.equal((await refusalOf(get('GetWorkflowData'))).code, 'PERMISSION_DENIED');
});

test('reflection shows every service, in both versions of it, as it is called', async (t) => {
  const server = await served(t);
  for (const version of ['v1', 'v1alpha']) {
    const { services, missing } = await server.client.reflect(version);
    assert.deepEqual(Object.keys(services).sort(), [
      `${PROTOS}.hardware.HardwareService`,
      `${PROTOS}.template.TemplateService`,
      `${PROTOS}.workflow.WorkflowService`,
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'proto.WorkflowService',
    ]);
    const of = services['proto.WorkflowService'];
    assert.deepEqual(Object.keys(of).sort(), [
      'GetAction',
      'GetWorkflowActions',
      'GetWorkflowContexts',
      'ReportActionStatus',
    ]);
    assert.equal(of.ReportActionStatus[0], 'proto.ActionStatusRequest');
    assert.deepEqual(of.ReportActionStatus[1].action_state, [6, 14]);
    assert.deepEqual(services[`${PROTOS}.workflow.WorkflowService`].UpdateWorkflowData[1].data, [3, 12]);
    assert.equal(missing, 5);
  }
});

test('what is no message is refused, and the server goes on', async (t) => {
  const { calls, server } = await queued(t);
  const slim = server.client.service('proto.WorkflowService', 'proto');
  // A request of another call: its texts are where numbers belong.
  const wrong = await refusalOf(
    slim('GetWorkflowContexts', ['ActionMessage', 'WorkflowContext'], { message: '' }, { stream: true }),
  );
  assert.equal(wrong.code, 'INVALID_ARGUMENT');
  const none = await refusalOf(slim('NoSuchCall', ['Empty', 'Empty'], {}));
  assert.equal(none.code, 'UNIMPLEMENTED');
  const large = await refusalOf(
    calls.workflow('UpdateWorkflowData', ['UpdateWorkflowDataRequest', 'Empty'], {
      data: Buffer.alloc(3 << 20).toString('base64'),
    }),
  );
  assert.equal(large.code, 'RESOURCE_EXHAUSTED');
  assert.equal(await newestAgent(server, macOf(1)).poll(() => 'SUCCESS'), 1);
});

describe('with a certificate, TLS', { skip: missing ?? false }, () => {
  test('is what workers call by', async (t) => {
    const { server } = await queued(t, ONE, { tls: certificate(t).files });
    assert.equal(await newestAgent(server, macOf(1)).poll(() => 'SUCCESS'), 1);
  });

  test('has the new one without another start, and the old one where the new one is not usable', async (t) => {
    const { files } = certificate(t);
    const next = certificate(t, 'next');
    const { port, logged } = await served(t, { tls: files });
    const seen = async (): Promise<string | undefined> => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
      await once(socket, 'secureConnect');
      const { subject } = socket.getPeerCertificate();
      socket.destroy();
      return [subject.CN].flat()[0];
    };
    assert.equal(await seen(), 'one');
    writeFileSync(files.certificate, next.pair.certificate);
    process.emit('SIGHUP');
    assert.equal(await seen(), 'one');
    assert.ok(logged.some((line) => line.includes('the certificate for gRPC stays as it was')));
    writeFileSync(files.key, next.pair.key);
    process.emit('SIGHUP');
    assert.equal(await seen(), 'next');
  });
});
