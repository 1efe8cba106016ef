/** What a machine sends of its kernel's log. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseSyslog } from '../../src/boots/syslog/index.ts';
import { parseRecord, sendKernelLog, syslogLine } from '../../src/worker/kernel-log.ts';
import { temporaryDirectory } from '../store/opened.ts';

const WARNING = '4,1234,98765,-;EXT4-fs (sda1): recovery complete\n SUBSYSTEM=block\n';

describe('the kernel’s log', () => {
  it('has records with priority and text', () => {
    assert.deepEqual(parseRecord(WARNING), { priority: 4, text: 'EXT4-fs (sda1): recovery complete' });
    assert.deepEqual(parseRecord('30,1,2,-,caller=T1;systemd[1]: x'), { priority: 30, text: 'systemd[1]: x' });
    assert.equal(parseRecord('rubbish'), undefined);
  });

  it('is sent as our own syslog reads it', () => {
    const { severity, host, app, text } = parseSyslog(
      Buffer.from(syslogLine(4, '52:54:00:00:00:01', 'kernel', 'a: b')),
    );
    assert.deepEqual([severity, host, app, text], ['warning', '52:54:00:00:00:01', 'kernel', 'a: b']);
  });

  it('is sent with the beginning of the worker, from the warnings on', async (t) => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    t.after(() => socket.close());
    const heard: string[] = [];
    const both = new Promise<void>((resolve) => {
      socket.on('message', (message) => void (heard.push(String(message)) === 2 && resolve()));
    });
    const device = join(temporaryDirectory(t), 'kmsg');
    writeFileSync(device, WARNING);
    const end = new AbortController();
    const { port } = socket.address();
    const sending = sendKernelLog(
      { host: '127.0.0.1', port, id: '52:54:00:00:00:01', version: '1.0', device },
      end.signal,
    );
    await both;
    end.abort();
    await sending;
    assert.deepEqual(heard.sort(), [
      '<30>1 - 52:54:00:00:00:01 tinsmith-worker - - - worker 1.0 has begun',
      '<4>1 - 52:54:00:00:00:01 kernel - - - EXT4-fs (sda1): recovery complete',
    ]);
  });

  it('that cannot be read is no reason to fail', async () => {
    const end = new AbortController();
    await sendKernelLog({ host: '127.0.0.1', port: 9, id: 'x', version: '1', device: '/nowhere' }, end.signal);
  });
});
