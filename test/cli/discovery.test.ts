/** Discovery on the command line, against the appliance's own API. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { running } from '../api/running.ts';
import { stage } from '../life/made.ts';
import { hardware, idOf } from '../machines/examples.ts';
import { anvil } from '../machines/inventories.ts';
import { temporaryDirectory } from '../store/opened.ts';
import { tinsmith as run } from './fake-appliance.ts';

async function appliance(t: TestContext) {
  const all = await running(t, { unknown: 'discover' });
  const directory = temporaryDirectory(t);
  const tinsmith = (...words: string[]) =>
    run({ url: all.url }, words, { environment: { TINSMITH_TOKEN: all.adminToken } });
  const file = (text: string): string => {
    writeFileSync(join(directory, 'rules.yaml'), text);
    return join(directory, 'rules.yaml');
  };
  return { ...all, tinsmith, file };
}

const RULES = `- name: "{{ .system.serial }}"
  when:
    system.vendor: Blacksmith*
  stage: accept
- profiles: []
  params:
    rack: 7
`;

describe('discovery rules', () => {
  it('are set from a file, and shown as a file that can be set again', async (t) => {
    const { tinsmith, file, content, discovery } = await appliance(t);
    await content.putAll([stage('accept', [])]);
    assert.equal((await tinsmith('discovery', 'rules')).out, '[]\n');
    const { code, out, err } = await tinsmith('discovery', 'rules', 'set', '-f', file(RULES));
    assert.deepEqual([code, out], [0, 'Discovery Rules:  2\n'], err);
    const before = discovery.rules();
    const shown = (await tinsmith('discovery', 'rules', 'get')).out;
    assert.match(shown, /^- name: "\{\{ \.system\.serial \}\}"\n {2}when:\n/);
    assert.equal((await tinsmith('discovery', 'rules', 'set', '-f', file(shown))).code, 0);
    assert.deepEqual(discovery.rules(), before);
    assert.equal(JSON.parse((await tinsmith('discovery', 'rules', '-o', 'json')).out).data.length, 2);
    assert.equal((await tinsmith('discovery', 'rules', 'set', '-f', file('[]'))).code, 0);
    assert.deepEqual(discovery.rules(), []);
  });

  it('that are wrong are refused with line and column', async (t) => {
    const { tinsmith, file } = await appliance(t);
    const { code, err } = await tinsmith('discovery', 'rules', 'set', '-f', file(RULES.replace('Blacksmith*', '/(/')));
    assert.equal(code, 65);
    assert.match(err, /rules\.yaml:3:\d+/);
    assert.match(err, /is no regular expression|missing/i);
    assert.equal((await tinsmith('discovery', 'rules', 'set', '-f', file(RULES))).code, 65, 'there is no such stage');
    assert.match((await tinsmith('discovery', 'rules', 'set', '-f', file('- a: [\n'))).err, /YAML/);
    assert.match((await tinsmith('discovery', 'rules', 'set', '-f', file('[]\n---\n[]\n'))).err, /one document/);
    assert.equal((await tinsmith('discovery', 'rules', '-f', file(RULES))).code, 64);
  });
});

describe('machine inventory', () => {
  it('shows what a machine has told', async (t) => {
    const { tinsmith, machines, discovery } = await appliance(t);
    await machines.push([hardware(1, { hostname: 'node1' })]);
    const none = await tinsmith('machine', 'inventory', 'node1');
    assert.equal(none.code, 66);
    assert.match(none.err, /node1 has not told yet/);
    await discovery.inventories.keep(idOf(1), anvil({}));
    const { out } = await tinsmith('machine', 'inventory', 'node1');
    for (const text of ['Anvil 640', '64 threads', 'Disk nvme0n1', 'Told']) assert.ok(out.includes(text), out);
    const json = JSON.parse((await tinsmith('machine', 'inventory', 'node1', '-o', 'json')).out);
    assert.deepEqual(json.data.inventory, anvil({}));
  });
});

describe('explain', () => {
  it('says what would become of a machine that nobody knows, and what has', async (t) => {
    const { tinsmith, trace } = await appliance(t);
    const mac = '9c:00:5e:00:00:01';
    assert.match(
      (await tinsmith('explain', mac)).out,
      /^Nothing has been heard of .*\nIf it asked now: no machine has this MAC address: .*to be discovered\n/,
    );
    const sentence = 'it is as much one machine as another';
    trace.note({
      ...{ mac, role: 'worker', what: 'discover', outcome: 'refused', reason: 'machine-conflict', sentence },
      details: {},
    });
    assert.ok((await tinsmith('explain', mac)).out.startsWith(sentence));
  });
});
