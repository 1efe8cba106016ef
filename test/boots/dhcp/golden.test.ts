/**
 * Requests of real firmware, as they were captured in the lab, and what each mode makes of them: request, answer and line of
 * the trace, in `test/fixtures/dhcp/golden.txt`. Written anew, to be read as a diff, with TINSMITH_WRITE_GOLDEN=1.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import type { DhcpPort, LeasesOfClient, Outcome } from '../../../src/boots/dhcp/exchange.ts';
import { firmwareOf } from '../../../src/boots/dhcp/firmware.ts';
import type { Network } from '../../../src/boots/dhcp/network.ts';
import { noteOf } from '../../../src/boots/dhcp/note.ts';
import { messageTypeName, readSubOptions } from '../../../src/boots/dhcp/options.ts';
import { type DhcpPacket, encode, replySize } from '../../../src/boots/dhcp/packet.ts';
import { messageTypeOf, respond } from '../../../src/boots/dhcp/responder.ts';
import { bootAnswer } from '../../../src/boots/loaders.ts';
import { optionNumber } from '../../../src/boots/subnets/option-table.ts';
import { captured, capturedBytes, capturedNames, packetOf } from './captured.ts';
import { context, MAC, network, SERVER } from './requests.ts';

const GOLDEN = new URL('../../fixtures/dhcp/golden.txt', import.meta.url);
const POOL_ADDRESS = '10.77.0.60';

const MODES: readonly { called: string; mode: Network['mode']; port: DhcpPort }[] = [
  { called: 'reservation', mode: 'reservation', port: 67 },
  { called: 'proxy', mode: 'proxy', port: 67 },
  { called: 'proxy on 4011', mode: 'proxy', port: 4011 },
  { called: 'pool', mode: 'pool', port: 67 },
];

const LEASES: LeasesOfClient = {
  choose: () => ({ address: POOL_ADDRESS, isStrange: false }),
  claim: () => ({ claim: 'own' }),
  holder: () => MAC,
};

/** A machine that has a workflow waiting, as the whole appliance would decide on it. */
function outcomeOf(packet: DhcpPacket, mode: Network['mode'], port: DhcpPort): Outcome {
  return respond(packet, {
    ...context(mode === 'pool' ? { reservation: undefined, leases: LEASES } : {}),
    ...{ network: network(mode, { ranges: [{ first: POOL_ADDRESS, last: POOL_ADDRESS }] }), port },
    boot: (client) =>
      bootAnswer({ boot: 'osie', reason: 'workflow-waiting', sentence: 'workflow w is to be run on node1' }, client, {
        ...{ http: `http://${SERVER}:8080`, mac: MAC },
      }),
  });
}

const shown = (bytes: Buffer): string =>
  /^[\x20-\x7e]+$/.test(bytes.toString('latin1')) ? JSON.stringify(bytes.toString('latin1')) : bytes.toString('hex');

/** A packet, field by field and option by option. */
function linesOf(packet: DhcpPacket): string[] {
  const { op, xid, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file } = packet;
  const type = messageTypeOf(packet);
  const fields = { op, xid: xid.toString(16), flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file };
  const set = Object.entries(fields).filter(([, value]) => value !== '' && value !== 0 && value !== '0.0.0.0');
  return [
    `${type === undefined ? 'BOOTP' : messageTypeName(type)} ${set.map(([name, value]) => `${name}=${value}`).join(' ')}`,
    ...[...packet.options].flatMap(([code, value]) => [
      `  ${optionNumber(code)} = ${shown(value)}`,
      ...(code === 43 || code === 175
        ? [...readSubOptions(packet.options, code)].map(([sub, inner]) => `    ${sub} = ${shown(inner)}`)
        : []),
    ]),
  ];
}

function tripletOf(name: string, { called, mode, port }: (typeof MODES)[number]): string {
  const packet = captured(name);
  const outcome = outcomeOf(packet, mode, port);
  const {
    what,
    outcome: fate,
    reason,
    sentence,
    details,
  } = noteOf({ packet, client: firmwareOf(packet) }, outcome, {
    ...{ interface: 'eth0', port, from: '0.0.0.0:68', bytes: capturedBytes(name).length },
  });
  const answer: string[] = ['nothing'];
  if (outcome.kind === 'reply') {
    const { to } = outcome;
    // As the machine reads it, from the bytes that are sent.
    answer.splice(0, 1, `to ${'address' in to ? `${to.kind} ${to.address}` : to.kind}`);
    answer.push(...linesOf(packetOf(encode(outcome.packet, replySize(packet)).bytes)));
  }
  return [
    `== ${name}, ${called}`,
    ...linesOf(packet).map((line) => `> ${line}`),
    ...answer.map((line) => `< ${line}`),
    `# dhcp ${what} ${fate} ${reason}: ${sentence}`,
    `# ${JSON.stringify(details)}`,
  ].join('\n');
}

describe('requests of real firmware', () => {
  const made: string[] = [];
  const golden = new Map(
    readFileSync(GOLDEN, 'utf8')
      .split(/\n(?=== )/)
      .map((text) => [text.split('\n', 1)[0], text.trimEnd()] as const),
  );
  for (const name of capturedNames.filter((each) => !each.startsWith('dnsmasq')))
    for (const mode of MODES)
      it(`${name} in ${mode.called} mode`, () => {
        const triplet = tripletOf(name, mode);
        made.push(triplet);
        if (!process.env.TINSMITH_WRITE_GOLDEN) assert.equal(triplet, golden.get(`== ${name}, ${mode.called}`));
      });

  after(() => {
    if (process.env.TINSMITH_WRITE_GOLDEN) writeFileSync(GOLDEN, `${made.join('\n\n')}\n`);
  });
});
