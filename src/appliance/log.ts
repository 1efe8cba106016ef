/** The appliance's log: JSON lines for machines, or short lines for people. Secrets never get this far. */
import pino, { type Logger } from 'pino';

const LEVELS: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: '',
  40: 'warning: ',
  50: 'error: ',
  60: 'fatal: ',
};
const OWN = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'err']);

/** @param write takes whole lines with their newline. */
export function createLog(
  options: { level: string; format: 'pretty' | 'json' },
  write: (line: string) => void,
): Logger {
  const base = {
    level: options.level,
    redact: { paths: ['token', '*.token', 'authorization', '*.authorization'], censor: '[secret]' },
  };
  return options.format === 'json'
    ? pino(base, { write })
    : pino(base, { write: (line: string) => write(forPeople(line)) });
}

function forPeople(line: string): string {
  const entry = JSON.parse(line) as { level: number; time: number; msg?: string; err?: { stack?: string } } & Record<
    string,
    unknown
  >;
  const facts = Object.entries(entry).flatMap(([key, value]) =>
    OWN.has(key) || value === undefined ? [] : [`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`],
  );
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  return `${time} ${LEVELS[entry.level] ?? ''}${entry.msg ?? ''}${facts.length > 0 ? `  ${facts.join(' ')}` : ''}\n${entry.err?.stack ? `${entry.err.stack}\n` : ''}`;
}
