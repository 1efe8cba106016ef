/** The door itself, as a process: exit codes, signals, pipes that nobody reads. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type FakeAppliance, fakeAppliance, MACHINE, TEMPLATE, telling, traced, WORKFLOW } from './fake-appliance.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const data = mkdtempSync(join(tmpdir(), 'tinsmith-main-'));
writeFileSync(join(data, 'token'), 'secret\n', { mode: 0o600 });
after(() => rmSync(data, { recursive: true }));

function start(words: string[], appliance?: FakeAppliance): ChildProcess & { said: { out: string; err: string } } {
  const child = spawn(process.execPath, [MAIN, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, TINSMITH_DATA: data, ...(appliance ? { TINSMITH_SERVER: appliance.url } : {}) },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  return Object.assign(child, { said });
}

async function run(
  words: string[],
  options: { appliance?: FakeAppliance; stdin?: string } = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = start(words, options.appliance);
  child.stdin?.end(options.stdin ?? '');
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...child.said };
}

describe('tinsmith', () => {
  it('says its version, commit and Node version', async () => {
    const { code, out } = await run(['--version']);
    assert.equal(code, 0);
    assert.match(out, /^tinsmith \d+\.\d+\.\d+ \(commit ([0-9a-f]{7}|unknown), Node v\d+\.\d+\.\d+\)\n$/);
  });

  it('takes a template from standard input with the token of the data directory', async (t) => {
    const appliance = await fakeAppliance(t, { 'POST /templates': () => ({ data: TEMPLATE }) });
    assert.deepEqual(await run(['template', 'create'], { appliance, stdin: 'name: ubuntu\n' }), {
      code: 0,
      out: `Created Template:  ${TEMPLATE.id}\n`,
      err: '',
    });
    assert.equal(appliance.asked[0]?.headers.authorization, 'Bearer secret');
    assert.equal(appliance.asked[0]?.body, 'name: ubuntu\n');
  });

  it('ends with the exit code of the error, said on standard error', async (t) => {
    const appliance = await fakeAppliance(t, {});
    assert.deepEqual(await run(['machine', 'get', 'x'], { appliance }), {
      code: 66,
      out: '',
      err: 'error: no route GET /machines/x\n',
    });
    assert.equal((await run(['machine', 'lits'])).code, 64);
    const json = await run(['machine', 'get', 'x', '--format', 'json'], { appliance });
    assert.equal(JSON.parse(json.err).code, 'NOT_FOUND');
  });

  it('ends with 130 on Ctrl-C, without a word', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /events': telling({ seq: 0, time: WORKFLOW.createdAt, kind: 'boot.trace', data: traced(1, 'DISCOVER') }),
    });
    const child = start(['trace', '--follow'], appliance);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'close'), [130, null]);
    assert.equal(child.said.err, '');
  });

  it('stops quietly when nobody reads what it says', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines': () => ({ data: Array.from({ length: 5000 }, () => MACHINE) }),
      'GET /events': (_, response) => {
        response.writeHead(200);
        const timer = setInterval(
          () =>
            response.write(`data: ${JSON.stringify({ seq: 0, kind: 'boot.trace', data: traced(1, 'DISCOVER') })}\n\n`),
          10,
        );
        response.on('close', () => clearInterval(timer));
      },
    });
    const list = start(['machine', 'list'], appliance);
    list.stdout?.once('data', () => list.stdout?.destroy());
    assert.deepEqual(await once(list, 'close'), [0, null]);
    assert.equal(list.said.err, '');
    const follow = start(['trace', '-f'], appliance);
    follow.stdout?.once('data', () => follow.stdout?.destroy());
    assert.deepEqual(await once(follow, 'close'), [130, null]);
    assert.equal(follow.said.err, '');
  });

  it('does not hang on a request when it is told to end', async (t) => {
    const appliance = await fakeAppliance(t, { 'GET /status': () => undefined });
    const child = start(['status'], appliance);
    while (appliance.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'close'), [130, null]);
  });
});
