/** What iPXE, kernels and systems say of themselves by syslog, filed with the boots of their machines. */
import type { TraceEntry } from '../trace.ts';
import type { Heard } from './server.ts';

export { Admission } from './admission.ts';
export { parseSyslog, SEVERITIES, type SyslogMessage } from './message.ts';
export { type Heard, type SyslogServer, startSyslog } from './server.ts';

/** A message as an entry of the trace. @param mac whose it is; empty: it is not known */
export function syslogEntry({ message, from, missed }: Heard, mac: string): Omit<TraceEntry, 'time' | 'boot'> {
  const { severity, facility, format, time, host, app, text } = message;
  return {
    mac,
    role: 'syslog',
    what: app ?? facility,
    outcome: 'completed',
    reason: severity,
    sentence: missed === 0 ? text : `${text} (${missed} messages before it were left out)`,
    details: {
      facility,
      format,
      ...(time === undefined ? {} : { time }),
      ...(host === undefined ? {} : { host }),
      ...(missed === 0 ? {} : { missed }),
      remote: from,
    },
  };
}
