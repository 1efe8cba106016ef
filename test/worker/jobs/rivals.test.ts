import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { TinsmithError } from '../../../src/errors.ts';
import { ends, job, stage } from './stage.ts';

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

describe('a worker', () => {
  test('says which one it is, and where its machine is', async () => {
    const { server, start, ended } = await stage([job(['true'])]);
    const first = start();
    await ended();
    await first.end();
    start();
    await server.until(() => server.hellos.length === 2 && server.requests.at(-1) === 'GET work');
    const agents = server.hellos.map(({ agent }) => agent);
    assert.equal(new Set(agents).size, 2);
    assert.deepEqual(
      server.hellos.map(({ bootEnv }) => bootEnv),
      ['local', 'local'],
    );
    assert.deepEqual([...new Set(server.questions.map((query) => query.get('agent')))], agents);
  });

  test('gives up after 90 s where another works for its machine, and says who', async () => {
    const { server, start, lines } = await stage([job(['true'])], 100);
    server.refused = 'hello';
    const { done } = start();
    await assert.rejects(done, (error: unknown) => {
      assert.ok(error instanceof TinsmithError);
      assert.equal(error.exit, 75);
      assert.equal(error.message, 'Another worker works for this machine: Not this one.');
      return true;
    });
    assert.ok(server.requests.length > 10);
    assert.ok(server.requests.every((request) => request === 'POST hello'));
    assert.equal(lines.filter((line) => line.includes('does not take this worker')).length, 1);
  });

  test('goes to work when the other has died meanwhile', async () => {
    const { server, start, ended } = await stage([job(['true'])], 100);
    server.refused = 'hello';
    start();
    await server.until(() => server.requests.length > 3);
    server.refused = undefined;
    await ended();
  });

  test('ends well when the server says so, after its report', async () => {
    const { server, start, ended, lines } = await stage([job(['exit 16'])]);
    const { done } = start();
    await ended();
    server.exit = 'Job job-1 asked for it';
    server.notify('work');
    await done;
    assert.ok(lines.some((line) => line.endsWith('the worker ends, as the server says: Job job-1 asked for it')));
  });
});
