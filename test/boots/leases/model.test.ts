/**
 * That no address is ever two clients': the responder and the leases as they are, with a disk that is slow, fails and loses
 * its power, a clock that jumps, and clients that say anything at any time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Outcome } from '../../../src/boots/dhcp/exchange.ts';
import type { MessageType } from '../../../src/boots/dhcp/options.ts';
import { NO_ADDRESS, readU32 } from '../../../src/boots/dhcp/options.ts';
import { respond } from '../../../src/boots/dhcp/responder.ts';
import { LeaseStore } from '../../../src/boots/leases/index.ts';
import { network, request, requestedAddress, SERVER, serverIdentifier } from '../dhcp/requests.ts';
import { HeldStore } from './kept.ts';

const CLIENTS = ['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03', '02:00:00:00:00:04'] as const;
/** Fewer than the clients, and one that is reserved. */
const POOL = network('pool', {
  ranges: [{ first: '10.77.0.10', last: '10.77.0.13' }],
  leaseTime: 600,
  shortestLease: 60,
});
const RESERVED = '10.77.0.12';
const ADDRESSES = ['10.77.0.9', '10.77.0.10', '10.77.0.11', RESERVED, '10.77.0.13'] as const;
const SERVER_AT = { address: SERVER, netmask: '255.255.0.0' };

type Said = {
  client: number;
  type: keyof typeof MessageType;
  address: number;
  how: 'selecting' | 'elsewhere' | 'reboot' | 'renew' | 'bare';
};
type Step =
  | { step: 'says'; said: Said }
  | { step: 'writes' | 'fails' | 'restarts' | 'holds' | 'flows' }
  | { step: 'waits'; seconds: number };

const client = fc.nat({ max: CLIENTS.length - 1 });
const said = fc.record({
  client,
  type: fc.constantFrom('DISCOVER', 'REQUEST', 'REQUEST', 'REQUEST', 'RELEASE', 'DECLINE', 'INFORM'),
  address: fc.nat({ max: ADDRESSES.length - 1 }),
  how: fc.constantFrom('selecting', 'elsewhere', 'reboot', 'renew', 'bare'),
}) as fc.Arbitrary<Said>;
const steps = fc.array(
  fc.oneof(
    { arbitrary: said.map((each): Step => ({ step: 'says', said: each })), weight: 12 },
    {
      arbitrary: fc.constantFrom('writes', 'fails', 'restarts', 'holds', 'flows').map((step): Step => ({ step })),
      weight: 4,
    },
    {
      arbitrary: fc
        .oneof(fc.constantFrom(61, 300), fc.integer({ min: -4000, max: 4000 }))
        .map((seconds): Step => ({ step: 'waits', seconds })),
      weight: 3,
    },
  ),
  { maxLength: 120 },
);

class World {
  now = 1_000_000_000_000;
  readonly disk = new HeldStore();
  /** What went wrong when a lease was told. */
  failure: unknown;
  #leases: LeaseStore | undefined;
  /** What was said of an address last: to whom, and until when. */
  readonly #told = new Map<string, { mac: string; until: number }>();

  async start(): Promise<void> {
    this.disk.lose();
    const surroundings = {
      reservedFor: (address: string) => (address === RESERVED ? '02:00:00:00:00:99' : undefined),
      isOurs: (address: string) => address === SERVER,
    };
    this.#leases = await LeaseStore.open(
      this.disk.store,
      surroundings,
      () => this.now,
      async () => {},
    );
  }

  async take(step: Step): Promise<void> {
    switch (step.step) {
      case 'waits':
        this.now += step.seconds * 1000;
        return;
      case 'writes':
        this.disk.write();
        break;
      case 'fails':
        this.disk.fail();
        break;
      case 'restarts':
        await this.start();
        break;
      case 'holds':
        this.disk.isHeld = true;
        break;
      case 'flows':
        this.disk.isHeld = false;
        this.disk.write();
        break;
      case 'says':
        this.#hear(step.said);
        break;
    }
    // What follows from a write is told at once.
    for (let turn = 0; turn < 8; turn++) await null;
  }

  #hear({ client: index, type, address: number, how }: Said): void {
    const leases = this.#leases;
    assert.ok(leases);
    const mac = CLIENTS[index] ?? CLIENTS[0];
    const address = ADDRESSES[number] ?? ADDRESSES[0];
    const options = {
      ...(how === 'selecting' || how === 'reboot' || type === 'DECLINE' ? requestedAddress(address) : {}),
      ...(how === 'selecting' ? serverIdentifier(SERVER) : {}),
      ...(how === 'elsewhere' ? serverIdentifier('10.77.0.2') : {}),
    };
    const ciaddr = how === 'renew' || type === 'RELEASE' ? address : NO_ADDRESS;
    const packet = request(type, { chaddr: mac, ciaddr }, options);
    const outcome = respond(packet, {
      network: POOL,
      leases: leases.of(mac, POOL),
      reservation: undefined,
      machineName: undefined,
      declined: false,
      port: 67,
      server: SERVER_AT,
      boot: () => ({ answer: 'none', reason: 'none', sentence: 'nothing' }),
    });
    this.#seeTo(outcome, mac, leases);
  }

  #seeTo(outcome: Outcome, mac: string, leases: LeaseStore): void {
    const { lease } = outcome;
    const ignore = () => {};
    switch (lease?.change) {
      case 'offer':
        this.#mayHave(mac, lease.address);
        leases.offer(mac, POOL, lease.address);
        return;
      case 'keep': {
        // A client counts from when it asked (RFC 2131 section 4.4.1).
        const until = this.now + lease.seconds * 1000;
        const told = (): void => {
          this.#mayHave(mac, lease.address);
          assert.ok(this.disk.disk.has(`lease/${lease.address}`), 'told before it was on the disk');
          assert.ok(outcome.kind === 'reply' && outcome.packet.yiaddr === lease.address);
          assert.equal(readU32(outcome.packet.options, 51), lease.seconds);
          // A client has one address: it has given up what it had before when it asked for another.
          for (const [address, other] of this.#told) if (other.mac === mac) this.#told.delete(address);
          this.#told.set(lease.address, { mac, until });
        };
        leases.keep({ mac, hostname: undefined }, POOL, lease.address, lease.seconds).then(() => {
          try {
            told();
          } catch (error) {
            this.failure ??= error;
          }
        }, ignore);
        return;
      }
      case 'release':
        if (this.#told.get(lease.address)?.mac === mac) this.#told.delete(lease.address);
        leases.release(mac, lease.address).catch(ignore);
        return;
      case 'decline':
        if (this.#told.get(lease.address)?.mac === mac) this.#told.delete(lease.address);
        leases.decline(mac, POOL, lease.address).catch(ignore);
        return;
      case 'withdraw':
        leases.withdraw(mac, POOL);
        return;
      case undefined:
        return;
    }
  }

  #mayHave(mac: string, address: string): void {
    assert.notEqual(address, RESERVED);
    assert.ok(
      POOL.ranges.some(({ first, last }) => address >= first && address <= last),
      address,
    );
    const other = this.#told.get(address);
    assert.ok(other === undefined || other.mac === mac || other.until <= this.now, `${address} is ${other?.mac}'s`);
  }
}

describe('leases', () => {
  it('are never of one address for two clients, whatever comes in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const world = new World();
        await world.start();
        for (const step of all) {
          await world.take(step);
          if (world.failure) throw world.failure;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
