/** Syslog on a real socket, from `logger` of util-linux, and from a sender without end. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import pino from 'pino';
import { Admission, type Heard, startSyslog, syslogEntry } from '../../../src/boots/syslog/index.ts';

const noLogger = spawnSync('logger', ['--version']).error ? 'logger is not installed' : false;

async function hearing(t: TestContext, more: { admission?: Admission; clock?: () => number } = {}) {
  const heard: Heard[] = [];
  let news = (): void => {};
  const server = await startSyslog({
    addresses: ['127.0.0.1'],
    port: 0,
    log: pino({ level: 'silent' }),
    clock: Date.now,
    heard: (each) => {
      heard.push(each);
      news();
    },
    ...more,
  });
  t.after(() => server.close());
  const until = (count: number): Promise<Heard[]> =>
    new Promise((resolve) => {
      news = () => void (heard.length >= count && resolve(heard));
      news();
    });
  return { port: server.endpoints[0]?.port ?? 0, heard, until };
}

describe('the syslog server', () => {
  it('hears logger in each of its formats', { skip: noLogger }, async (t) => {
    const { port, until } = await hearing(t);
    const log = (...flags: string[]) =>
      promisify(execFile)('logger', ['-n', '127.0.0.1', '-P', String(port), '-d', '-t', 'installer', ...flags]);
    await log('-p', 'daemon.err', '--rfc5424', 'no disk found');
    await log('-p', 'daemon.err', '--rfc5424', '--sd-id', 'zoo@123', '--sd-param', 'tiger="hungry"', 'structured');
    await log('-p', 'local3.warning', '--rfc3164', 'slow disk');
    const heard = await until(3);
    assert.deepEqual(
      heard.map(({ message: { format, severity, facility, app, text } }) => [format, severity, facility, app, text]),
      [
        ['rfc5424', 'error', 'daemon', 'installer', 'no disk found'],
        ['rfc5424', 'error', 'daemon', 'installer', 'structured'],
        ['rfc3164', 'warning', 'local3', 'installer', 'slow disk'],
      ],
    );
    for (const { from, message } of heard) {
      assert.equal(from, '127.0.0.1');
      assert.ok(message.host && message.time);
    }
  });

  it('takes no more of a sender than its share, and says how many it left out', async (t) => {
    const time = { now: 0, asked: 0 };
    const admission = new Admission({ sender: { burst: 3, everyMs: 1000 }, all: { burst: 100, everyMs: 1 } });
    const clock = (): number => {
      time.asked++;
      return time.now;
    };
    const { port, until } = await hearing(t, { admission, clock });
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    for (let n = 0; n < 10; n++) socket.send(`<4>flood ${n}`, port, '127.0.0.1');
    while (time.asked < 10) await new Promise(setImmediate);
    time.now += 1000;
    socket.send('<4>end', port, '127.0.0.1');
    const heard = await until(4);
    assert.deepEqual(
      heard.map(({ message, missed }) => [message.text, missed]),
      [
        ['flood 0', 0],
        ['flood 1', 0],
        ['flood 2', 0],
        ['end', 7],
      ],
    );
    const [, , , last] = heard;
    assert.equal(last && syslogEntry(last, '').sentence, 'end (7 messages before it were left out)');
  });

  it('files a message with its evidence', async (t) => {
    const { port, until } = await hearing(t);
    const socket = createSocket('udp4');
    t.after(() => socket.close());
    socket.send('<3>1 - node1 kernel - - - I/O error', port, '127.0.0.1');
    const [heard] = await until(1);
    assert.ok(heard);
    assert.deepEqual(syslogEntry(heard, '52:54:00:00:00:01'), {
      mac: '52:54:00:00:00:01',
      role: 'syslog',
      what: 'kernel',
      outcome: 'completed',
      reason: 'error',
      sentence: 'I/O error',
      details: { facility: 'kern', format: 'rfc5424', host: 'node1', remote: '127.0.0.1' },
    });
  });
});

describe('admission', () => {
  it('is bounded by sender and in all, also for senders that are made up', () => {
    const admission = new Admission({ sender: { burst: 2, everyMs: 1000 }, all: { burst: 10, everyMs: 1000 } });
    let taken = 0;
    for (let n = 0; n < 100_000; n++) if (admission.admit(`10.${n}`, 0) !== undefined) taken++;
    assert.equal(taken, 10);
    assert.equal(admission.admit('10.99999', 1000), 1);
    // A clock that goes back gives nothing for it.
    assert.equal(admission.admit('10.1', 0), undefined);
  });
});
