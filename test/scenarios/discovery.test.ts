/** A machine that nobody knows, with a real worker process, from its script to the end of its first stage. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { running, tokenFor } from '../api/running.ts';
import { stage } from '../life/made.ts';
import { anvil } from '../machines/inventories.ts';
import { eventually } from './agents.ts';

const [MAC = ''] = anvil({}).interfaces.map(({ mac }) => mac);

describe('a machine that nobody knows', () => {
  it('boots, is taken, and runs the Tasks of the stage that a rule gives it', async (t) => {
    const server = await running(t, { unknown: 'discover' });
    const contents = `#!/bin/sh\necho "$RS_MACHINE has {{ len (index (.Param "inventory") "disks") }} disks"\n`;
    await server.content.putAll([
      { section: 'tasks', input: { name: 'count', templates: [{ name: 'count', contents }] } },
      stage('accept', ['count']),
    ]);
    await server.discovery.setRules([
      { when: { 'system.vendor': 'Blacksmith*' }, name: 'smithy-{{ .system.serial }}', stage: 'accept' },
    ]);
    const here = mkdtempSync(join(tmpdir(), 'tinsmith-discovered-'));
    const settings = {
      ...{ server: server.url, token: await tokenFor(server, MAC), id: MAC, dockerSockets: ['/nowhere'] },
      ...{ discovers: true, directory: join(here, 'workflows'), boot: 'boot-1', inventory: anvil({}) },
    };
    const agent = spawn(process.execPath, [join(import.meta.dirname, 'agent-process.ts'), JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const over = new Promise((resolve) => agent.once('close', resolve));
    t.after(async () => {
      agent.kill('SIGKILL');
      await over;
      rmSync(here, { recursive: true, force: true });
    });
    const life = () => server.lives.get(server.machines.byMac(MAC)?.id ?? '');
    await eventually(server, () => life().rests !== undefined, 'the end of its stage');
    const machine = server.machines.find('smithy-ANV7K2Q');
    const { job: id = '' } = server.lives.view(machine.id);
    const job = server.jobs.get(id);
    assert.deepEqual([job.task, job.state], ['count', 'finished']);
    const { json } = await server.call('GET', `/api/v1/jobs/${id}/log`);
    assert.match(JSON.stringify(json), /smithy-ANV7K2Q has 3 disks/);
    await eventually(server, () => server.discovery.inventories.of(machine.id) !== undefined, 'its inventory');
    const reasons = server.trace.of(MAC).map(({ reason }) => reason);
    assert.deepEqual(reasons.slice(0, 3), ['discovery', 'discovered', 'worker-heard']);
    // The next time it asks it is a machine as any other.
    assert.match((await server.call('GET', `/api/v1/preview/${MAC}`)).json.sentence, /smithy-ANV7K2Q/);
  });
});
