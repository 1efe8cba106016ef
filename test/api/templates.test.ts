/** Templates checked and previewed over the API: nothing is stored. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { running } from './running.ts';

const PREVIEWED = `version: "0.1"
name: previewed
tasks:
  - name: os
    worker: "{{.device_1}}"
    actions:
      - name: one
        image: {{ .image | lower | quote }}
        timeout: 5
        environment:
          PASSWORD: {{ .secrets.password | quote }}
          NAME: {{ .hardware.id | quote }}
`;

const MAC = '52:54:00:00:00:01';

describe('templates/lint', () => {
  test('says what is right, and what is wrong with line and column', async (t) => {
    const { call } = await running(t);
    const good = await call('POST', '/api/v1/templates/lint', { body: PREVIEWED });
    assert.deepEqual([good.status, good.json], [200, { data: { name: 'previewed', warnings: [], problems: [] } }]);
    const bad = await call('POST', '/api/v1/templates/lint', { body: PREVIEWED.replace('| lower', '| lowr') });
    assert.equal(bad.status, 200);
    const [problem] = bad.json.data.problems;
    assert.deepEqual([problem.line, problem.column], [8, 28]);
    assert.match(problem.message, /no function "lowr"; did you mean "lower"/);
    assert.deepEqual((await call('GET', '/api/v1/templates')).json.data, []);
  });

  test('warns of unknown keys where it is asked to be lenient', async (t) => {
    const { call } = await running(t);
    const text = `${PREVIEWED}colour: red\n`;
    const strict = await call('POST', '/api/v1/templates/lint', { body: text });
    assert.deepEqual([strict.json.data.problems.length, strict.json.data.warnings.length], [1, 0]);
    const lenient = await call('POST', '/api/v1/templates/lint?lenient', { body: text });
    assert.deepEqual([lenient.json.data.problems.length, lenient.json.data.warnings.length], [0, 1]);
    assert.equal(lenient.json.data.warnings[0].line, 13);
  });
});

describe('templates/render', () => {
  test('shows the YAML, secrets masked', async (t) => {
    const { call } = await running(t);
    const hardware = { id: '11111111-1111-4111-8111-111111111111', network: { interfaces: [{ dhcp: { mac: MAC } }] } };
    assert.ok((await call('POST', '/api/v1/machines', { body: JSON.stringify(hardware) })).status < 300);
    const order = { hardware: { device_1: MAC, image: 'BusyBox' }, secrets: { password: 'hunter2-hunter2' } };
    const body = JSON.stringify({ data: PREVIEWED, machine: MAC, ...order });
    const { status, text, json } = await call('POST', '/api/v1/templates/render', { body });
    assert.equal(status, 200, text);
    assert.match(json.data.text, /image: "busybox"/);
    assert.match(json.data.text, /NAME: "11111111-/);
    assert.doesNotMatch(text, /hunter2/);
  });

  test('refuses a hole without a value, and an order without a template', async (t) => {
    const { call } = await running(t);
    const post = (body: unknown) => call('POST', '/api/v1/templates/render', { body: JSON.stringify(body) });
    const { status, json } = await post({ data: PREVIEWED, hardware: { device_1: MAC } });
    assert.equal(status, 422);
    assert.deepEqual([json.problems[0].line, json.problems[0].column], [8, 19]);
    assert.equal((await post({ hardware: {} })).status, 422);
    assert.equal((await post({ template: 'none', hardware: {} })).status, 404);
  });
});
