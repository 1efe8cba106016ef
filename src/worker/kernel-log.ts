/** What the kernel complains of, sent to the server by syslog: it is kept there when the machine has died of it. */
import { createSocket } from 'node:dgram';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface KernelLogParts {
  /** The server's syslog. */
  host: string;
  port: number;
  /** The machine: its MAC address. */
  id: string;
  version: string;
  /** Where the kernel's records are read; `/dev/kmsg` by default. */
  device?: string;
}

/** Warnings and worse (printk's levels are syslog's). */
const LEVEL_MOST = 4;
const LOOK_MS = 1000;
/** Records that are sent in one look: the server leaves out more than that. */
const AT_ONCE = 20;
/** The kernel gives one record for each read, of at most so many bytes. */
const RECORD_MAX = 8192;
const DAEMON_INFO = 30;

/** A record of the kernel's log (Documentation/ABI/testing/dev-kmsg): its priority, and its text. */
export function parseRecord(record: string): { priority: number; text: string } | undefined {
  const [, priority, text = ''] = /^(\d+),[^;\n]*;([^\n]*)/.exec(record) ?? [];
  return priority === undefined ? undefined : { priority: Number(priority), text };
}

/** A message of RFC 5424. It has no time: the clock of a machine that has just been switched on may say anything. */
export function syslogLine(priority: number, host: string, app: string, text: string): string {
  return `<${priority}>1 - ${host} ${app} - - - ${text}`;
}

/** Says that the worker has begun, and sends what the kernel has warned of and warns of until the signal. Never rejects. */
export async function sendKernelLog(parts: KernelLogParts, signal: AbortSignal): Promise<void> {
  const { host, port, id, version, device = '/dev/kmsg' } = parts;
  const socket = createSocket('udp4').on('error', () => {});
  const send = (priority: number, app: string, text: string): void => {
    // One that is lost is lost: the worker's own ways do not depend on it.
    socket.send(syslogLine(priority, id, app, text), port, host, () => {});
  };
  socket.unref();
  send(DAEMON_INFO, 'tinsmith-worker', `worker ${version} has begun`);
  let log: FileHandle | undefined;
  try {
    log = await open(device, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(RECORD_MAX);
    for (;;) {
      await sendSome(log, buffer, send);
      await sleep(LOOK_MS, undefined, { signal, ref: false });
    }
  } catch {
    // The end, or a system where the kernel's log is not to be read.
  } finally {
    await log?.close();
    socket.close();
  }
}

/** Reads what there is. @throws where there is nothing to be read from */
async function sendSome(
  log: FileHandle,
  buffer: Buffer,
  send: (priority: number, app: string, text: string) => void,
): Promise<void> {
  for (let sent = 0; sent < AT_ONCE; ) {
    let read: number;
    try {
      ({ bytesRead: read } = await log.read(buffer, 0, RECORD_MAX, null));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return;
      // Records were overwritten before they were read: it goes on with the oldest that there is.
      if (code === 'EPIPE') continue;
      throw error;
    }
    if (read === 0) return;
    const record = parseRecord(buffer.toString('utf8', 0, read));
    if (!record || record.priority % 8 > LEVEL_MOST) continue;
    send(record.priority, 'kernel', record.text);
    sent++;
  }
}
