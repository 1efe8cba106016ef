/** What is done with each datagram: decide, see to the leases, send, note. */
import type { Logger } from 'pino';
import { messageOf } from '../../errors.ts';
import { cameInOf } from './came-in.ts';
import type { Probe, User } from './conflict-probe.ts';
import type {
  ClientContext,
  DhcpPort,
  LeaseChange,
  LeasesOfClient,
  Outcome,
  Reply,
  ResponderContext,
} from './exchange.ts';
import { type FirmwareClient, firmwareOf } from './firmware.ts';
import type { Network } from './network.ts';
import { type Arrival, type DhcpNote, type MoreOfNote, type NotSent, noteOf, noteOfMalformed } from './note.ts';
import { type DhcpPacket, decode, macOf } from './packet.ts';
import { respond } from './responder.ts';
import { type DhcpInterface, type Surroundings, Whereabouts } from './whereabouts.ts';

/** What keeps the leases of pool mode. */
export interface DhcpLeases {
  of(mac: string, network: Network): LeasesOfClient;
  offer(mac: string, network: Network, address: string): void;
  proven(mac: string, address: string): void;
  /** @returns when it is given again, ms since 1970 */
  foundInUse(address: string, usedBy: string | undefined): { until: number };
  withdraw(mac: string, network: Network): void;
  /** Resolves when the lease is on the disk. */
  keep(
    client: { mac: string; hostname: string | undefined },
    network: Network,
    address: string,
    seconds: number,
  ): Promise<void>;
  release(mac: string, address: string): Promise<unknown>;
  decline(mac: string, network: Network, address: string): Promise<unknown>;
}

/** What datagrams are answered with. */
export interface AnsweringOptions extends Surroundings {
  /** Needed for networks in pool mode. */
  leases?: DhcpLeases | undefined;
  /** Asks whether an address is in use before it is offered; without it nobody is asked. */
  probe?: Probe | undefined;
  /** What is known of the sender of a packet. Called each time a DHCP message is decided on; should not block. */
  contextFor(packet: DhcpPacket, from: DhcpInterface, port: DhcpPort): ClientContext;
  /**
   * Told of every datagram, malformed ones too, and what became of it.
   * @param mac the same as in the note; empty where it is not known
   * @param made makes the note, for those who want it: in a flood that is much of the work
   */
  note(mac: string, made: () => DhcpNote): void;
  log: Logger;
}

/** One socket of ours. */
export interface Post {
  from: DhcpInterface;
  role: DhcpPort;
  /** The port that it is bound to. */
  ownPort: number;
  /** Sends a reply. @returns the options that had to be left out of it; or, where it could not be sent, why */
  send(request: DhcpPacket, reply: Reply, sender: Sender): readonly number[] | NotSent;
}

/** Where a datagram came from. */
export interface Sender {
  address: string;
  port: number;
}

/** Addresses that are probed before one client is told to try again. */
const MOST_PROBED = 4;

/** A datagram. */
interface Received {
  bytes: Buffer;
  sender: Sender;
  /** How many addresses were probed for it. */
  probed: number;
}

/** A packet that is being answered. */
interface Asked {
  received: Received;
  packet: DhcpPacket;
  /** Undefined where no firmware asks. */
  client: FirmwareClient | undefined;
  arrival: Arrival;
}

export class Answering {
  readonly #options: AnsweringOptions;
  readonly #post: Post;
  readonly #whereabouts: Whereabouts;
  #isClosed = false;
  /** Who sent the last one: in a storm most come from one relay agent. */
  #last: Sender & { written: string } = { address: '', port: 0, written: '' };

  constructor(options: AnsweringOptions, post: Post) {
    this.#options = options;
    this.#post = post;
    this.#whereabouts = new Whereabouts(options, post.from);
  }

  /** Nothing is sent any more; what is under way comes to its end unheard. */
  close(): void {
    this.#isClosed = true;
  }

  /** Whatever goes wrong with one datagram, the next is served. @param bytes are ours from now on */
  receive(bytes: Buffer, sender: Sender): void {
    const asked = this.#read({ bytes, sender, probed: 0 });
    if (asked === undefined) return;
    const { from, ownPort } = this.#post;
    if (sender.address === from.address && sender.port === ownPort)
      this.#ignore(asked, 'own-packet', 'the datagram was sent by this server itself');
    else this.#answer(asked);
  }

  #read(received: Received): Asked | undefined {
    const { bytes, sender } = received;
    const { from, role } = this.#post;
    const arrival: Arrival = {
      interface: from.name,
      port: role,
      from: this.#written(sender),
      bytes: bytes.length,
    };
    const decoded = decode(bytes);
    if (decoded.kind === 'malformed') {
      const { reason, sentence } = decoded;
      this.#tell('', () => noteOfMalformed(reason, sentence, arrival));
      return undefined;
    }
    const { packet } = decoded;
    return { received, packet, client: firmwareOf(packet), arrival };
  }

  #answer(asked: Asked): void {
    try {
      const { from, role } = this.#post;
      const { packet, client } = asked;
      const { contextFor, leases } = this.#options;
      const cameIn = cameInOf(packet, from);
      const network = this.#whereabouts.networkOf(packet, cameIn);
      const known = contextFor(packet, from, role);
      const context: ResponderContext = {
        ...known,
        boot: (firmware) => known.boot(firmware, network?.mode),
        network,
        leases: network?.mode === 'pool' ? leases?.of(packet.chaddr, network) : undefined,
        port: role,
        server: { address: from.address, netmask: from.netmask, identifier: cameIn.serverIdentifier },
        isOurs: this.#whereabouts.isOurs,
        elsewhere: (address) => this.#whereabouts.elsewhere(address, packet, network),
      };
      const outcome = respond(packet, context, client);
      if (outcome.lease !== undefined && network !== undefined && leases !== undefined)
        this.#seeTo(outcome.lease, { asked, outcome, network, leases });
      else this.#conclude(asked, outcome);
    } catch (error) {
      this.#failed(asked, error);
    }
  }

  #seeTo(
    lease: LeaseChange,
    { asked, outcome, network, leases }: { asked: Asked; outcome: Outcome; network: Network; leases: DhcpLeases },
  ): void {
    const { chaddr: mac } = asked.packet;
    switch (lease.change) {
      case 'offer':
        leases.offer(mac, network, lease.address);
        if (lease.isStrange && this.#probe(lease.address, asked, leases)) return;
        break;
      case 'keep':
        leases.keep({ mac, hostname: lease.hostname }, network, lease.address, lease.seconds).then(
          () => this.#conclude(asked, outcome),
          (error: unknown) => this.#notKept(asked, lease.address, error),
        );
        return;
      case 'release':
        this.#besides(leases.release(mac, lease.address), asked);
        break;
      case 'decline':
        this.#besides(leases.decline(mac, network, lease.address), asked);
        break;
      case 'withdraw':
        leases.withdraw(mac, network);
        break;
    }
    this.#conclude(asked, outcome);
  }

  /**
   * Has a packet answered anew once it is known whether somebody uses an address. Until then nothing but its bytes is kept: in
   * a storm thousands wait.
   * @returns whether that is being asked
   */
  #probe(address: string, { received, packet: { chaddr: mac } }: Asked, leases: DhcpLeases): boolean {
    if (received.probed === MOST_PROBED) return false;
    const answer = this.#options.probe?.(address, this.#post.from);
    answer
      ?.then((user) => this.#probed(received, user, { address, mac, leases }))
      .catch((error: unknown) => this.#options.log.error({ err: error, mac }, 'DHCP message not answered'));
    return answer !== undefined;
  }

  #probed(
    { bytes, sender, probed }: Received,
    user: User | undefined,
    { address, mac, leases }: { address: string; mac: string; leases: DhcpLeases },
  ): void {
    const asked = this.#isClosed ? undefined : this.#read({ bytes, sender, probed: probed + 1 });
    if (asked === undefined) return;
    if (user === undefined || user.mac === mac) {
      leases.proven(mac, address);
      this.#answer(asked);
      return;
    }
    const { until } = leases.foundInUse(address, user.mac);
    const who = user.mac ?? 'another computer';
    const when = `it is given to nobody until ${new Date(until).toISOString()}`;
    const more = { address, ...(user.mac === undefined ? {} : { usedBy: user.mac }) };
    this.#ignore(asked, 'address-in-use', `did not offer ${address} to ${mac}: ${who} uses it; ${when}`, more);
    if (asked.received.probed < MOST_PROBED) this.#answer(asked);
  }

  #notKept(asked: Asked, address: string, error: unknown): void {
    if (this.#isClosed) return;
    const why = messageOf(error);
    this.#ignore(asked, 'lease-not-kept', `${address} was not given to ${asked.packet.chaddr}: ${why}`, { address });
  }

  /** What nobody waits for. */
  #besides(change: Promise<unknown>, { packet }: Asked): void {
    change.catch((error: unknown) =>
      this.#options.log.error({ err: error, mac: packet.chaddr }, 'the end of a lease was not kept'),
    );
  }

  #conclude(asked: Asked, outcome: Outcome): void {
    if (this.#isClosed) return;
    const { packet, received, arrival } = asked;
    try {
      const sent = outcome.kind === 'reply' ? this.#post.send(packet, outcome, received.sender) : undefined;
      this.#tell(macOf(packet) ?? '', () => noteOf(asked, outcome, arrival, { sent }));
    } catch (error) {
      this.#failed(asked, error);
    }
  }

  #failed(asked: Asked, error: unknown): void {
    const { log } = this.#options;
    log.error({ err: error, mac: asked.packet.chaddr, interface: this.#post.from.name }, 'DHCP message not answered');
    this.#ignore(asked, 'internal-error', `the answer could not be made: ${messageOf(error)}`);
  }

  #ignore(asked: Asked, reason: string, sentence: string, details?: MoreOfNote['details']): void {
    const outcome: Outcome = { kind: 'ignored', reason, sentence };
    this.#tell(macOf(asked.packet) ?? '', () => noteOf(asked, outcome, asked.arrival, { details }));
  }

  #written({ address, port }: Sender): string {
    if (address !== this.#last.address || port !== this.#last.port)
      this.#last = { address, port, written: `${address}:${port}` };
    return this.#last.written;
  }

  #tell(mac: string, made: () => DhcpNote): void {
    try {
      this.#options.note(mac, made);
    } catch (error) {
      this.#options.log.error({ err: error, mac, interface: this.#post.from.name }, 'DHCP message not recorded');
    }
  }
}
