/** Messages of syslog over UDP, in whichever of its formats; total: every datagram is a message. Pure. */
import { isIPv6 } from 'node:net';

export const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** RFC 5424 section 6.2.1 */
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'audit', 'alert', 'clock', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

export interface SyslogMessage {
  /** `plain`: it says of itself neither what it is nor how bad. */
  format: 'rfc5424' | 'rfc3164' | 'plain';
  severity: Severity;
  facility: string;
  /** As the sender says, which may have no clock. */
  time?: string;
  host?: string;
  app?: string;
  /** What it is about, for people; no control characters are in it. */
  text: string;
}

/** Bytes of a datagram that are looked at. RFC 5424 section 6.1 asks for 2048. */
const BYTES_MAX = 8192;
/** Characters of a text, with room for what is added to it in the trace, and of a word. RFC 5424 section 6.1 asks for 480 bytes in all. */
const TEXT_MAX = 440;
const WORD_MAX = 255;

/** `<0>` to `<191>`, behind a count of bytes where the sender is used to TCP (RFC 6587 section 3.4.1); RFC 3164 section 4.3.3 says what a message without it counts as. */
const PRIORITY = /^(?:[1-9]\d{0,4} )?<(\d{1,3})>/;
const USER_NOTICE = 13;

/** RFC 5424 section 6: version, time, host, app, process, message id. Structured data follows. */
const HEADER = /^[1-9]\d{0,2} (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?=-|\[)/;
/** RFC 3164 section 4.1.2, as C programs write it, and with a year or a time of RFC 3339 in its place. */
const TIMES = [
  /^([A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?)(?: |$)/,
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))(?: |$)/,
];
/** systemd calls its children `(udev-worker)` before they are what they will be, and Cisco's messages begin with `%`. */
const TAG = /^([\w./+@()%-]{1,64})(?:\[[^\]\s]{0,32}\])?: ?/;
/** iPXE writes no time, and a host only where it has a name (net/udp/syslog.c). */
const IPXE = /^(?:(\S{1,255}) )?(ipxe): ?/;

/** Reads a datagram. Never throws. */
export function parseSyslog(datagram: Buffer): SyslogMessage {
  const whole = datagram.subarray(0, endOf(datagram)).toString('utf8');
  const [head = '', digits] = PRIORITY.exec(whole) ?? [];
  const priority = Number(digits ?? 192);
  if (priority >= 192) return { ...levelOf(USER_NOTICE), format: 'plain', text: clean(whole, TEXT_MAX) };
  const rest = whole.slice(head.length);
  return { ...levelOf(priority), ...(rfc5424(rest) ?? rfc3164(rest)) };
}

/** Where what is looked at ends, without the NULs and line ends that senders put there. */
function endOf(datagram: Buffer): number {
  let end = Math.min(datagram.length, BYTES_MAX);
  while (end > 0 && ENDINGS.includes(datagram[end - 1] ?? 0)) end--;
  return end;
}

const ENDINGS: readonly number[] = [0, 10, 13];

function levelOf(priority: number): Pick<SyslogMessage, 'severity' | 'facility'> {
  return { severity: SEVERITIES[priority % 8] ?? 'notice', facility: FACILITIES[priority >> 3] ?? 'user' };
}

type Rest = Omit<SyslogMessage, 'severity' | 'facility'>;

function rfc5424(rest: string): Rest | undefined {
  const header = HEADER.exec(rest);
  if (!header) return undefined;
  const [all, time, host, app] = header;
  const data = structuredData(rest.slice(all.length));
  if (!data) return undefined;
  const message = data.rest.replace(/^\uFEFF/, '');
  const words = { time: word(time), host: word(host), app: word(app) };
  const text = message === '' ? data.text : message;
  return { format: 'rfc5424', ...given(words), text: clean(text, TEXT_MAX) };
}

/** Section 6.3: `-`, or elements in brackets, in whose values `"`, `\` and `]` are escaped. */
function structuredData(rest: string): { text: string; rest: string } | undefined {
  if (rest.startsWith('-')) return rest.length === 1 || rest[1] === ' ' ? { text: '', rest: rest.slice(2) } : undefined;
  let at = 0;
  while (rest[at] === '[') {
    let isQuoted = false;
    for (at++; at < rest.length && (isQuoted || rest[at] !== ']'); at++) {
      if (rest[at] === '"') isQuoted = !isQuoted;
      else if (isQuoted && rest[at] === '\\') at++;
    }
    if (rest[at] !== ']') return undefined;
    at++;
  }
  if (at < rest.length && rest[at] !== ' ') return undefined;
  return { text: rest.slice(0, at), rest: rest.slice(at + 1) };
}

function rfc3164(rest: string): Rest {
  const ipxe = IPXE.exec(rest);
  if (ipxe) {
    const words = { host: word(ipxe[1]), app: 'ipxe' };
    return { format: 'rfc3164', ...given(words), text: clean(rest.slice(ipxe[0].length), TEXT_MAX) };
  }
  const time = TIMES.map((form) => form.exec(rest)).find((found) => found !== null);
  let text = time ? rest.slice(time[0].length) : rest;
  let host: string | undefined;
  // Behind a time stands a host; senders that leave it out begin with the tag at once. An IPv6 address looks like one.
  const first = /^(\S+) /.exec(text)?.[1];
  if (time && (!TAG.test(text) || isIPv6(first ?? ''))) {
    host = first;
    text = host === undefined ? text : text.slice(host.length + 1);
  }
  const tag = TAG.exec(text);
  if (tag) text = text.slice(tag[0].length);
  return {
    format: 'rfc3164',
    ...given({ time: word(time?.[1]), host: word(host), app: word(tag?.[1]) }),
    text: clean(text, TEXT_MAX),
  };
}

function given(words: { time?: string | undefined; host?: string | undefined; app?: string | undefined }) {
  const { time, host, app } = words;
  return {
    ...(time === undefined ? {} : { time }),
    ...(host === undefined ? {} : { host }),
    ...(app === undefined ? {} : { app }),
  };
}

function word(text: string | undefined): string | undefined {
  return text === undefined || text === '-' ? undefined : clean(text, WORD_MAX);
}

/** Control characters, and those that turn the direction of writing: a terminal or a log must not take them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

function clean(text: string, most: number): string {
  // What is cut off is not looked at: each control character becomes several.
  const shown = text
    .trim()
    .slice(0, most + 1)
    .replace(CONTROL, (character) => {
      const code = character.charCodeAt(0);
      return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
    });
  return shown.length > most ? `${shown.slice(0, most)}…` : shown;
}
