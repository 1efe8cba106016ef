/** How the command line reaches an appliance: its token, what goes wrong, and the event stream. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import type { StreamEvent } from '../../src/api/types.ts';
import { Client } from '../../src/cli/client.ts';
import { EventStreamParser, type ServerSentEvent } from '../../src/cli/event-stream.ts';
import { TinsmithError } from '../../src/errors.ts';
import { fakeAppliance, tell, tinsmith } from './fake-appliance.ts';

const directory = mkdtempSync(join(tmpdir(), 'tinsmith-token-'));
writeFileSync(join(directory, 'token'), 'from-the-directory\n');
writeFileSync(join(directory, 'other'), 'from-a-file\n');
writeFileSync(join(directory, 'empty'), '\n');
after(() => rmSync(directory, { recursive: true }));

const never = new AbortController().signal;
const noToken = { TINSMITH_TOKEN: undefined };

describe('the token', () => {
  it('comes from a named file, the environment, the data directory, in that order', async (t) => {
    const appliance = await fakeAppliance(t, { 'GET /machines': () => ({ data: [] }) });
    const list = async (
      words: string[],
      environment: Record<string, string | undefined>,
    ): Promise<string | undefined> => {
      assert.equal(
        (
          await tinsmith(appliance, ['machine', 'list', ...words], {
            environment: { ...environment, TINSMITH_SERVER: appliance.url },
          })
        ).code,
        0,
      );
      return appliance.asked.at(-1)?.headers.authorization;
    };
    const both = { TINSMITH_TOKEN: 'from-the-environment', TINSMITH_DATA: directory };
    assert.equal(await list(['--token-file', join(directory, 'other')], both), 'Bearer from-a-file');
    assert.equal(await list([], both), 'Bearer from-the-environment');
    assert.equal(await list([], { ...noToken, TINSMITH_DATA: directory }), 'Bearer from-the-directory');
    assert.equal(await list(['--data', directory], noToken), 'Bearer from-the-directory');
  });

  it('that is named and not there, or empty, is an error that says so', async (t) => {
    const appliance = await fakeAppliance(t, {});
    for (const name of ['none', 'empty']) {
      const { code, err } = await tinsmith(appliance, ['machine', 'list', '--token-file', join(directory, name)]);
      assert.equal(code, 77);
      assert.match(err, /token/);
    }
    assert.equal(appliance.asked.length, 0);
  });

  it('is asked for where none was found and the appliance wants one', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines': () => {
        throw new TinsmithError('UNAUTHORIZED', 'A token is needed.');
      },
    });
    const { code, err } = await tinsmith(appliance, ['machine', 'list', '--data', join(directory, 'nowhere')], {
      environment: { ...noToken, TINSMITH_SERVER: appliance.url },
    });
    assert.equal(code, 77);
    assert.match(err, /there is none in .*nowhere\/token/);
    assert.match(err, /--token-file/);
  });

  it('of this host does not go to an appliance elsewhere unasked', async () => {
    const { code, err } = await tinsmith(undefined, ['machine', 'list', '--server', 'http://tinsmith.invalid:1'], {
      environment: noToken,
    });
    assert.equal(code, 69);
    assert.match(err, /No appliance answers at http:\/\/tinsmith.invalid:1/);
  });
});

describe('errors', () => {
  it('of an appliance keep code, problems and what to do', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines': () => {
        throw new TinsmithError('CONFLICT', 'The MAC address is taken.', {
          next: 'Take another.',
          problems: [{ field: 'network.mac', message: 'is node2’s' }],
        });
      },
    });
    assert.deepEqual(await tinsmith(appliance, ['machine', 'list']), {
      code: 65,
      out: '',
      err: 'error: The MAC address is taken.\n  network.mac: is node2’s\nTake another.\n',
    });
    const { err } = await tinsmith(appliance, ['machine', 'list', '--output=json']);
    assert.deepEqual(JSON.parse(err), {
      type: '/docs/errors#CONFLICT',
      title: 'Conflict',
      status: 409,
      detail: 'The MAC address is taken.',
      code: 'CONFLICT',
      next: 'Take another.',
      problems: [{ field: 'network.mac', message: 'is node2’s' }],
    });
  });

  it('say that nothing listens, or that what does is not Tinsmith', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines': (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      'GET /status': (_, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<html>'),
      'GET /images': (_, response) => void response.writeHead(200).write('{"da', () => response.destroy()),
    });
    for (const words of [['machine', 'list'], ['status']]) {
      const { code, err } = await tinsmith(appliance, words);
      assert.equal(code, 69);
      assert.match(err, /is not Tinsmith/);
    }
    assert.equal((await tinsmith(appliance, ['image', 'list'])).code, 69);
    await appliance.close();
    const { code, err } = await tinsmith(appliance, ['machine', 'list']);
    assert.equal(code, 69);
    assert.match(err, /nothing listens there\.\nStart one with: sudo tinsmith up/);
  });

  it('of the command line name what is wrong', async () => {
    for (const [words, said] of [
      [['machine', 'gte'], /Did you mean get\?\nSee: tinsmith machine --help/],
      [['machine', 'list', '--quite'], /Unknown argument: quite\.\nSee: tinsmith machine list --help/],
      [['machine', 'list', '--server', 'a', '--server', 'b'], /--server is given more than once/],
      [['workflow', 'wait', 'x', '--timeout', 'soon'], /--timeout is not a number from 0 up/],
      [['workflow', 'wait', 'x', '--timeout', '-1'], /--timeout is not a number from 0 up/],
      [['lab', '--machines', 'two'], /--machines is not a number from 0 up/],
      [['machine', 'list', '--server', 'ftp://x'], /is not the URL of an appliance/],
      [['machine', 'list', '-o', 'xml'], /Given: "xml"/],
      [['workflow', 'create'], /template, hardware/],
      [['workflow'], /Which command\?/],
      [['explain', 'x', '--arch', '9'], /^error: --arch has a meaning with --preview only\.\n/],
      [['explain', 'x', '--follow', '--preview'], /^error: --follow and --preview can not be given together\.\n/],
    ] as const) {
      const { code, err } = await tinsmith(undefined, [...words]);
      assert.equal(code, 64, words.join(' '));
      assert.match(err, said);
    }
  });

  it('never pass escape sequences on to the terminal', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /machines': () => {
        throw new TinsmithError('CONFLICT', 'a\x1b]0;title\x07b\x1b[2Jc');
      },
    });
    assert.equal((await tinsmith(appliance, ['machine', 'list'])).err, 'error: abc\n');
  });
});

describe('the event stream', () => {
  const event = (seq: number): StreamEvent => ({
    seq,
    time: '2026-01-01T00:00:00.000Z',
    kind: 'workflow.deleted',
    workflow: 'w',
    data: { at: seq },
  });

  it('is taken up after the last event when the connection is lost', async (t) => {
    let connections = 0;
    const appliance = await fakeAppliance(t, {
      'GET /events': (_, response) => {
        connections++;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(': hello\n\n');
        for (const seq of connections === 1 ? [1, 2] : [3]) tell(response, event(seq));
        tell(response, { ...event(0), seq: 0 });
        if (connections === 1) response.end();
      },
    });
    const client = new Client({ server: appliance.url }, { environment: { TINSMITH_TOKEN: 't' }, interrupted: never });
    const seen: number[] = [];
    for await (const { seq } of client.events({ workflow: 'w', machine: ['a', 'b'] }, 0)) {
      seen.push(seq);
      if (seen.length === 5) break;
    }
    assert.deepEqual(seen, [1, 2, 0, 3, 0]);
    assert.deepEqual(
      appliance.asked.map(({ headers }) => headers['last-event-id']),
      ['0', '2'],
    );
    assert.match(appliance.asked[0]?.url ?? '', /\?workflow=w&machine=a&machine=b$/);
  });

  it('ends with an AbortError when told to', async (t) => {
    const appliance = await fakeAppliance(t, {
      'GET /events': (_, response) => tell(response.writeHead(200), event(1)),
    });
    const interruption = new AbortController();
    const client = new Client(
      { server: appliance.url },
      { environment: { TINSMITH_TOKEN: 't' }, interrupted: interruption.signal },
    );
    await assert.rejects(
      async () => {
        for await (const _ of client.events({})) interruption.abort();
      },
      { name: 'AbortError' },
    );
  });

  it('is read the same however it is cut into chunks', () => {
    const text =
      ': comment\n\nid: 1\nevent: log\ndata: {"ä":\ndata: 1}\n\r\nid:2\r\ndata\r\n\r\ndata: x\n\nevent: none\n\ndata: unfinished\n';
    const expected: ServerSentEvent[] = [
      { id: '1', event: 'log', data: '{"ä":\n1}' },
      { id: '2', event: 'message', data: '' },
      { id: '2', event: 'message', data: 'x' },
    ];
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const parser = new EventStreamParser();
        const points = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        assert.deepEqual(
          points.slice(1).flatMap((end, i) => parser.feed(bytes.subarray(points[i], end))),
          expected,
        );
      }),
    );
  });
});
