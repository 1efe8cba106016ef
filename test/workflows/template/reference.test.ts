/** docs/templates.md against the schema: its example, and every key. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkTemplate, renderTemplate } from '../../../src/workflows/template/index.ts';

const TEXT = readFileSync(new URL('../../../docs/templates.md', import.meta.url), 'utf8');

test('the example of the reference is a template', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(TEXT)?.[1] ?? '';
  assert.deepEqual(checkTemplate(example), { name: 'ubuntu', warnings: [] });
  const { document } = renderTemplate(example, { devices: { device_1: 'w' }, workflowid: 'i' });
  assert.equal(document.services.length + document.onFailure.length, 2);
});

/** Keys that the schema tells of when it meets one that is none. */
function keysOf(text: string): string[] {
  try {
    checkTemplate(text);
  } catch (error) {
    const told = /known are ([^()"]+)/.exec(String(error))?.[1] ?? '';
    return told.split(', ').map((key) => key.trim());
  }
  return [];
}

const TOP = 'version: "0.1"\nname: n\n';
const TASKS = 'tasks: [{name: t, worker: w, actions: [{name: a, image: i}]}]\n';
const UNKNOWN = 'zzzzzzzz: 1';
const sections: [heading: string, text: string][] = [
  ['The whole', `${TOP}${TASKS}${UNKNOWN}\n`],
  ['Task', `${TOP}${TASKS.replace('worker: w', `worker: w, ${UNKNOWN}`)}`],
  ['Action', `${TOP}${TASKS.replace('image: i', `image: i, ${UNKNOWN}`)}`],
  ['Actions for the whole workflow', `${TOP}${TASKS}on_failure: [{image: i, ${UNKNOWN}}]\n`],
  ['Service', `${TOP}${TASKS}services: [{name: s, worker: w, image: i, ${UNKNOWN}}]\n`],
  ['Service', `${TOP}${TASKS}services: [{name: s, worker: w, image: i, healthcheck: {test: x, ${UNKNOWN}}}]\n`],
];
for (const [index, [heading, text]] of sections.entries()) {
  test(`section "${heading}" names the keys of the schema (${index})`, () => {
    const section = TEXT.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
    const keys = keysOf(text);
    assert.ok(keys.length > 3, keys.join());
    for (const key of keys) assert.ok(section.includes(`\`${key}\``), `\`${key}\` is not in it`);
  });
}
