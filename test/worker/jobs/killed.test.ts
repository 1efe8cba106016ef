/** Workers that are killed (SIGKILL) while they run Jobs: nothing of a log is lost, nothing is in it twice. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type FakeAction, FakeServer } from '../fake-server.ts';
import { job } from './stage.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stage(actions: FakeAction[]) {
  const directory = await mkdtemp(join(tmpdir(), 'tinsmith-killed-'));
  const server = await new FakeServer(actions).start();
  let worker: ChildProcess | undefined;
  let said = '';
  const start = (): ChildProcess => {
    const settings = {
      ...{ server: server.url, token: server.token, id: '52:54:00:00:00:01', dockerSockets: ['/nowhere'] },
      directory: join(directory, 'workflows'),
    };
    worker = spawn(process.execPath, [join(import.meta.dirname, 'worker-process.ts'), JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    worker.stdout?.on('data', (chunk) => {
      said += chunk;
    });
    return worker;
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (!worker || worker.exitCode !== null || worker.signalCode !== null) return;
    const exit = once(worker, 'exit');
    worker.kill(signal);
    await exit;
  };
  ends.push(
    () => kill(),
    () => server.stop(),
    () => rm(directory, { recursive: true }),
  );
  return { server, start, kill, directory, jobs: join(directory, 'jobs'), said: () => said };
}

/** What the scripts of an attempt have written, by its own record, as one stream after the other. */
function written(directory: string, attempt: number, stream: 'out' | 'err'): string {
  const path = join(directory, `${attempt}.${stream}`);
  // Its worker may have been killed before it could begin.
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Writes numbered lines to both streams for ever, and a copy of each to a file of the test's own, before. */
const CHATTER = `#!/bin/bash
attempt=\${RS_TASK_DIR%/task}
record="$RS_RUNNER_DIR/../\${attempt##*-}"
: >"$record.err"; : >"$record.out"
n=0
while [ ! -e "$RS_RUNNER_DIR/../enough" ]; do
  n=$((n + 1))
  line="out $n hunter2 $RANDOM"
  echo "$line" >>"$record.out"; echo "$line"
  if [ $((n % 7)) = 0 ]; then line="err $n"; echo "$line" >>"$record.err"; echo "$line" >&2; fi
  if [ $((n % 50)) = 0 ]; then sleep 0.005; fi
done
echo done`;

const OURS = /^(?:running chatter|chatter exited with 0|the worker was ended here|done)\n/gm;

describe('a worker that is killed', () => {
  test('loses nothing of the log and doubles nothing, however often; the server is away in between', async () => {
    const { server, start, kill, directory, jobs } = await stage([
      job([{ name: 'chatter', content: CHATTER }], { secrets: ['hunter2'] }),
    ]);
    for (let round = 1; round <= 10; round += 1) {
      const hellos = server.hellos.length;
      start();
      await server.until(() => server.hellos.length > hellos);
      // Every other one soon, while it settles what the one before it has left.
      const soon = round % 2 === 1;
      if (!soon) await server.until(() => server.text(0, server.attempt).includes('out 3 '));
      if (round % 3 === 0) await server.stop();
      await delay(Math.random() * (soon ? 150 : 600));
      await kill();
      if (round % 3 === 0) await server.start();
    }
    start();
    await server.until(() => server.text(0, server.attempt).includes('out 3 '));
    await writeFile(join(directory, 'enough'), '');
    await server.until(() => server.final(0) !== undefined && server.requests.at(-1) === 'GET work');
    const lastAttempt = server.attempt;
    assert.ok(lastAttempt > 5);
    for (let attempt = 1; attempt <= lastAttempt; attempt += 1) {
      const entries = server.logs.get(`0/${attempt}`) ?? [];
      for (const [stream, file] of [
        ['stdout', 'out'],
        ['stderr', 'err'],
      ] as const) {
        const sent = entries
          .filter((entry) => entry.stream === stream)
          .map(({ text }) => text)
          .join('')
          .replace(OURS, '');
        const wrote = written(directory, attempt, file).replaceAll('hunter2', '********');
        // Killed between its two writes, it has its last line in its own record only.
        const last = wrote.lastIndexOf('\n', wrote.length - 2) + 1;
        assert.ok(
          sent === wrote || (attempt < lastAttempt && sent === wrote.slice(0, last)),
          `attempt ${attempt}, ${stream}: ${sent.length} characters of ${wrote.length}; ${JSON.stringify(sent.slice(-60))}`,
        );
      }
      const ours = entries.filter(({ text }) => text === 'the worker was ended here\n');
      if (entries.length > 0) assert.equal(ours.length, attempt < lastAttempt ? 1 : 0);
    }
    assert.deepEqual(
      server.reports.map(({ attempt, state }) => [attempt, state]),
      [...Array.from({ length: lastAttempt }, (_, index) => [index + 1, 'RUNNING']), [lastAttempt, 'SUCCESS']],
    );
    assert.deepEqual(await readdir(jobs), []);
  });

  test('leaves no process of its Job behind once the next is there, before that begins anew', async () => {
    const { server, start, kill, directory } = await stage([
      job([
        `[ -e "$RS_RUNNER_DIR/../first" ] && { kill -0 $(cat "$RS_RUNNER_DIR/../first") 2>/dev/null && grep -q '^State:.[^Z]' /proc/$(cat "$RS_RUNNER_DIR/../first")/status && echo alive; exit 0; }
         echo $$ >"$RS_RUNNER_DIR/../first.new"; (sleep 1000) & mv "$RS_RUNNER_DIR/../first.new" "$RS_RUNNER_DIR/../first"; echo begun; wait`,
      ]),
    ]);
    start();
    await server.until(() => server.text(0).includes('begun'));
    const pid = Number(readFileSync(join(directory, 'first'), 'utf8'));
    // Where the test fails, nobody else ends it: it is the first of its session, and of its group.
    ends.unshift(async () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
    });
    await kill();
    assert.ok(existsSync(`/proc/${pid}`), 'the script outlives its worker');
    start();
    await server.until(() => server.final(0) !== undefined);
    assert.equal(server.text(0, 2), 'running s0\ns0 exited with 0\n');
  });

  test('does not run again what had ended: the next reports it', async () => {
    const { server, start, kill, directory } = await stage([
      job([
        'echo once >>"$RS_RUNNER_DIR/../runs"; echo begun; until [ -e "$RS_RUNNER_DIR/../go" ]; do sleep 0.01; done; exit 64',
      ]),
    ]);
    start();
    await server.until(() => server.text(0).includes('begun'));
    await server.stop();
    await writeFile(join(directory, 'go'), '');
    while (!existsSync(join(directory, 'jobs/job-1-1/ending.json'))) await delay(10);
    await kill();
    await server.start();
    start();
    await server.until(() => server.final(0) !== undefined && server.requests.at(-1) === 'GET work');
    assert.deepEqual(
      server.reports.map(({ attempt, state, exit }) => [attempt, state, exit]),
      [
        [1, 'RUNNING', undefined],
        [1, 'SUCCESS', 'reboot'],
      ],
    );
    assert.equal(server.text(0), 'running s0\nbegun\ns0 exited with 64\n');
    assert.equal(readFileSync(join(directory, 'runs'), 'utf8'), 'once\n');
    assert.deepEqual(await readdir(join(directory, 'jobs')), []);
  });

  test('ends with code 0 by SIGTERM and when the server says so', async () => {
    const { server, start, kill } = await stage([job(['true'])]);
    const first = start();
    await server.until(() => server.final(0) !== undefined && server.streams > 0);
    await kill('SIGTERM');
    assert.equal(first.exitCode, 0);
    server.exit = 'told to';
    const second = start();
    const [code] = await once(second, 'exit');
    assert.equal(code, 0);
  });
});
