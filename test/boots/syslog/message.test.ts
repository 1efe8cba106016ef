/** Messages as programs send them, and datagrams that nobody sends on purpose. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseSyslog, SEVERITIES, type SyslogMessage } from '../../../src/boots/syslog/index.ts';

const BOM = '\u{feff}';
/** As `severity facility format host/app: text`. */
const shown = ({ severity, facility, format, host = '', app = '', text }: SyslogMessage): string =>
  `${severity} ${facility} ${format} ${host}/${app}: ${text}`;

const MESSAGES: [sent: string, read: string][] = [
  // RFC 5424 section 6.5
  [
    `<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - ${BOM}'su root' failed for lonvick on /dev/pts/8`,
    "critical auth rfc5424 mymachine.example.com/su: 'su root' failed for lonvick on /dev/pts/8",
  ],
  [
    "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
    "notice local4 rfc5424 192.0.2.1/myproc: %% It's time to make the do-nuts.",
  ],
  [
    `<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="A\\"pp]\\]"] ${BOM}An event`,
    'notice local4 rfc5424 host/evntslog: An event',
  ],
  [
    '<165>1 2003-10-11T22:14:15.003Z host app - ID47 [a@1 b="c"][d@2 e="f"]',
    'notice local4 rfc5424 host/app: [a@1 b="c"][d@2 e="f"]',
  ],
  ['<30>1 - - - - - -', 'info daemon rfc5424 /: '],
  [
    '<4>1 - 52:54:00:00:00:01 kernel - - - EXT4-fs error',
    'warning kern rfc5424 52:54:00:00:00:01/kernel: EXT4-fs error',
  ],
  // Section 5.4 of RFC 3164
  [
    "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    "critical auth rfc3164 mymachine/su: 'su root' failed for lonvick on /dev/pts/8",
  ],
  ['<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!', 'notice user rfc3164 10.0.0.99/: Use the BFG!'],
  ['<86>Nov  2 01:02:03 host sshd[123]: Accepted', 'info authpriv rfc3164 host/sshd: Accepted'],
  ['<86>Nov  2 01:02:03 sshd[123]: no host', 'info authpriv rfc3164 /sshd: no host'],
  ['<30>Oct 11 22:14:15 fe80::1 dhclient[1]: DHCPACK', 'info daemon rfc3164 fe80::1/dhclient: DHCPACK'],
  ['<30>Oct 11 22:14:15 fe80::1%eth0 dhclient: DHCPACK', 'info daemon rfc3164 fe80::1%eth0/dhclient: DHCPACK'],
  ['<30>Oct 11 22:14:15 2001:db8::a without a tag', 'info daemon rfc3164 2001:db8::a/: without a tag'],
  ['<30>Oct 11 22:14:15 dead:beef without a host', 'info daemon rfc3164 /dead: beef without a host'],
  ['<6>2026-11-02T01:02:03.5+01:00 host app: with a newer time', 'info kern rfc3164 host/app: with a newer time'],
  ['<0>out of time', 'emergency kern rfc3164 /: out of time'],
  ['<191>x', 'debug local7 rfc3164 /: x'],
  // iPXE, with a name and without (net/udp/syslog.c)
  ['<14>ipxe: http://10.0.0.1/vmlinuz... ok\n', 'info user rfc3164 /ipxe: http://10.0.0.1/vmlinuz... ok'],
  ['<14>node1.example ipxe: net0: 52:54:00', 'info user rfc3164 node1.example/ipxe: net0: 52:54:00'],
  // netconsole, and what is no syslog at all
  ['[   12.345] e1000: link is up\n', 'notice user plain /: [   12.345] e1000: link is up'],
  ['', 'notice user plain /: '],
  ['<192>x', 'notice user plain /: <192>x'],
  ['<007>x', 'debug kern rfc3164 /: x'],
  ['<0007>x', 'notice user plain /: <0007>x'],
  // A count of bytes in front, as over TCP
  ['63 <34>1 - host su - - - failed', 'critical auth rfc5424 host/su: failed'],
  ['97 <13>Nov  2 01:02:03 host app: x', 'notice user rfc3164 host/app: x'],
  // systemd's children, Cisco, and a zone without a colon
  ['<13>Nov 30 22:00:00 host (udev-worker)[12]: x', 'notice user rfc3164 host/(udev-worker): x'],
  ['<30>Nov 30 22:00:00 host %ASA-6-302013: Built', 'info daemon rfc3164 host/%ASA-6-302013: Built'],
  ['<30>2026-11-30T22:00:00+0000 host app: x', 'info daemon rfc3164 host/app: x'],
  ['<13>x\0\r\n\0', 'notice user rfc3164 /: x'],
  ['<>x', 'notice user plain /: <>x'],
  // Broken headers of RFC 5424 are not thrown away.
  ['<13>1 now', 'notice user rfc3164 /: 1 now'],
  ['<13>1 - h a - - [open x', 'notice user rfc3164 /: 1 - h a - - [open x'],
];

describe('a message of syslog', () => {
  for (const [sent, read] of MESSAGES)
    it(JSON.stringify(sent.slice(0, 60)), () => assert.equal(shown(parseSyslog(Buffer.from(sent))), read));

  it('has no control characters, and no end', () => {
    const { text, app } = parseSyslog(
      Buffer.from(`<13>Nov  2 01:02:03 h app: a\x1b[31mred\x07\nnext\u202e\x9b${'x'.repeat(5000)}`),
    );
    assert.equal(app, 'app');
    assert.match(text, /^a\\x1b\[31mred\\x07\\x0anext\\u202e\\x9bx+…$/);
    assert.equal(text.length, 441);
    assert.equal(parseSyslog(Buffer.alloc(65_507, 'x')).text.length, 441);
  });

  it('that is full of line ends and NULs takes no longer than others', () => {
    for (const filling of ['\0', '\n', '\r', '\x1b', ' ', '\u202e'])
      for (let n = 0; n < 300; n++) parseSyslog(Buffer.from(`<13>a${filling.repeat(8180)}b`));
    assert.match(parseSyslog(Buffer.from(`<13>a${'\n'.repeat(8180)}b`)).text, /^a(\\x0a)+(\\x0?)?…$/);
  });

  it('of any bytes is read, without control characters and within bounds', () => {
    const words = fc.constantFrom(
      '<13>',
      '1 ',
      '- ',
      '[a b="',
      '"]',
      '\\',
      'Nov  2 01:02:03 ',
      'ipxe: ',
      'x[1]: ',
      '\0',
      '\ufeff',
      '\x1b',
    );
    const datagram = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(fc.oneof(words, fc.string({ unit: 'grapheme' })), { maxLength: 20 })
        .map((all) => Buffer.from(all.join(''))),
    );
    fc.assert(
      fc.property(datagram, (bytes) => {
        const message = parseSyslog(bytes);
        assert.ok(SEVERITIES.includes(message.severity));
        for (const text of [message.text, message.host ?? '', message.app ?? '', message.time ?? '']) {
          assert.ok(text.length <= 441);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
          assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f]/);
        }
      }),
      { numRuns: 5000 },
    );
  });
});
