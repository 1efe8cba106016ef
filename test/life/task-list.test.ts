/** Tasks with what they need before them. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { task } from '../../src/content/objects.ts';
import { withPrerequisites } from '../../src/life/task-list.ts';

function known(prerequisites: Record<string, string[]>) {
  const tasks = Object.entries(prerequisites).map(([name, each]) => task.parse({ name, prerequisites: each }));
  return { tasks: new Map(tasks.map((each) => [each.name, each])) };
}

it('prerequisites come before, each once, in their own order', () => {
  const tasks = known({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [], e: [] });
  assert.deepEqual(withPrerequisites(['e', 'a'], tasks), ['e', 'd', 'b', 'c', 'a']);
});

it('those that stand earlier in the list are not repeated, and what is listed twice is run twice', () => {
  const tasks = known({ a: ['b'], b: [] });
  assert.deepEqual(withPrerequisites(['b', 'a', 'a'], tasks), ['b', 'a', 'a']);
});

it('a circle does not run for ever', () => {
  assert.deepEqual(withPrerequisites(['a'], known({ a: ['b'], b: ['a'] })), ['b', 'a']);
});

it('a Task that is not there stands in the list, and is missed later', () => {
  assert.deepEqual(withPrerequisites(['x'], known({})), ['x']);
});
