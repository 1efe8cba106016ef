/** Plays firmware on a network: asks, takes what it is told to take, and fetches its boot file. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  type Asker,
  askBootServer,
  BROADCAST_MAC,
  CLIENT_PORT,
  type ClientSocket,
  discover,
  type Firmware,
  openClientSocket,
  release,
  request,
} from '../../boots/dhcp-client/index.ts';
import { linkOf } from '../../boots/link.ts';
import { messageOf, TinsmithError } from '../../errors.ts';
import { runProgram } from '../../run-program.ts';
import type { Boot } from './boot.ts';
import { fetchFile } from './fetch.ts';
import { Heard } from './heard.ts';
import { placeOf, select } from './select.ts';

export interface Wishes {
  interface: string;
  firmwares: readonly Firmware[];
  /** MAC address to ask with; that of the interface by default. */
  mac: string | undefined;
  /** The only server whose answers count. */
  server: string | undefined;
  /** Whether an address is taken, and given back at the end. */
  take: boolean;
  signal: AbortSignal;
}

/** Firmware begins again after 2 s or so, and dnsmasq and ISC's server look for up to 3 s who has an address, ms. */
const ASKS = [0, 2000];
const OFFERS_MS = 4500;
/** Once there are an address and a boot file, how long others may still answer, ms. */
const SETTLE_MS = 1000;
/** How long a cable that was just plugged in may take, ms. */
const CARRIER_MS = 5000;
const POLL_MS = 100;
/** How long an answer to a REQUEST is waited for, ms, and how often it is sent. */
const REQUEST = { ms: 2000, tries: 3 };

/**
 * Plays one firmware after the other.
 * @throws TinsmithError of `openClientSocket`; UNAVAILABLE for an interface without a carrier
 */
export async function play(wishes: Wishes): Promise<Boot[]> {
  await carrierOf(wishes);
  const heard = new Heard(wishes.server);
  const socket = openClientSocket(wishes.interface, (frame) => heard.take(frame));
  try {
    const boots: Boot[] = [];
    for (const firmware of wishes.firmwares) {
      const mac = wishes.mac ?? socket.link.mac ?? '';
      boots.push(
        await new Player(socket, heard, wishes, { mac, firmware, xid: randomInt(2 ** 32), secs: 0 }).boot(firmware),
      );
    }
    return boots;
  } finally {
    socket.close();
  }
}

async function carrierOf({ interface: name, signal }: Wishes): Promise<void> {
  for (let ms = 0; linkOf(name)?.up && !linkOf(name)?.carrier; ms += POLL_MS) {
    if (ms >= CARRIER_MS)
      throw new TinsmithError('UNAVAILABLE', `Nothing is plugged into ${name}: it has no carrier.`, {
        next: 'Check the cable, and that what is at its other end is on.',
      });
    await sleep(POLL_MS, undefined, { signal });
  }
}

function broadcast({ link, send }: ClientSocket, payload: Buffer): void {
  send({
    ...{ sourceMac: link.mac ?? '', destinationMac: BROADCAST_MAC, source: '0.0.0.0', destination: '255.255.255.255' },
    ...{ sourcePort: CLIENT_PORT, destinationPort: 67, payload },
  });
}

/** One firmware on its way. */
class Player {
  readonly #socket: ClientSocket;
  readonly #heard: Heard;
  readonly #wishes: Wishes;
  readonly #asker: Asker;

  constructor(socket: ClientSocket, heard: Heard, wishes: Wishes, asker: Asker) {
    this.#socket = socket;
    this.#heard = heard;
    this.#wishes = wishes;
    this.#asker = asker;
  }

  async boot(firmware: Firmware): Promise<Boot> {
    const answers = await this.#discover(firmware);
    const selection = select(firmware, answers);
    const boot: Boot = { firmware, mac: this.#asker.mac, answers, selection };
    const { server } = this.#wishes;
    if (server !== undefined) boot.only = { server, others: this.#heard.othersOf(this.#asker.xid) };
    const { lease } = selection;
    const ack = lease?.lease && this.#wishes.take ? await this.#take(boot, lease) : undefined;
    const held = ack?.lease;
    const own = this.#socket.link.address;
    const lent = own === undefined && held ? await lendAddress(this.#wishes.interface, held) : undefined;
    try {
      const address = own ?? (lent?.ok ? held?.address : undefined);
      await this.#findFile(boot, ack, address);
      if (boot.file && address !== undefined)
        boot.fetched = await fetchFile(boot.file.place, { interface: this.#wishes.interface, address });
      return boot;
    } finally {
      if (lent?.ok) await lent.giveBack();
      if (held && ack) this.#release(held.address, ack.server);
    }
  }

  async #discover(firmware: Firmware): Promise<Answer[]> {
    const { xid } = this.#asker;
    const { signal } = this.#wishes;
    const has = (): boolean => {
      const { lease, boot } = select(firmware, this.#heard.of(xid));
      return lease !== undefined && boot !== undefined;
    };
    for (const [index, at] of ASKS.entries()) {
      broadcast(this.#socket, discover({ ...this.#asker, secs: Math.floor(at / 1000) }));
      await this.#heard.until(has, (ASKS[index + 1] ?? OFFERS_MS) - at, signal);
      if (!has()) continue;
      await sleep(SETTLE_MS, undefined, { signal });
      break;
    }
    return this.#heard.of(xid);
  }

  /** Asks for the address. @returns the ACK, where one came */
  async #take(boot: Boot, { lease, server }: Answer): Promise<Answer | undefined> {
    if (lease === undefined) return undefined;
    const message = request(this.#asker, { address: lease.address, server });
    const answer = await this.#exchange(
      () => broadcast(this.#socket, message),
      ({ type }) => type !== 'OFFER',
    );
    if (answer === undefined)
      boot.taken = { ok: false, why: `${server} did not answer the REQUEST for ${lease.address}` };
    else if (answer.type === 'NAK' || answer.lease === undefined)
      boot.taken = {
        ok: false,
        why: `${answer.server} refused ${lease.address}${answer.message ? `: ${answer.message}` : ''}`,
      };
    else {
      boot.taken = { ok: true, address: answer.lease.address };
      return answer;
    }
    return undefined;
  }

  async #findFile(boot: Boot, ack: Answer | undefined, address: string | undefined): Promise<void> {
    const { selection, mac } = boot;
    const told = selection.boot;
    if (told === undefined) return;
    const confirmed = ack?.boot && told === selection.lease ? ack : undefined;
    let source: { toldBy: Answer; how: 'offer' | 'ack' | 'boot-server' } = confirmed
      ? { toldBy: confirmed, how: 'ack' }
      : { toldBy: told, how: 'offer' };
    if (selection.asksBootServer) {
      if (address === undefined) {
        boot.bootServer = { ok: false, why: 'it can be asked only from an address, and the interface has none' };
        return;
      }
      const answer = await this.#askBootServer(told, address);
      boot.bootServer = answer
        ? { ok: true, answer }
        : { ok: false, why: `${told.server} did not answer on port 4011` };
      if (answer === undefined) return;
      source = { toldBy: answer, how: 'boot-server' };
    }
    const place = placeOf(source.toldBy, mac);
    if (place) boot.file = { place, ...source };
  }

  #askBootServer(told: Answer, own: string): Promise<Answer | undefined> {
    const payload = askBootServer(this.#asker, own, told.boot?.menu[0]);
    const { link, send } = this.#socket;
    return this.#exchange(
      () =>
        send({
          ...{ sourceMac: link.mac ?? '', destinationMac: told.mac, source: own, destination: told.server },
          ...{ sourcePort: CLIENT_PORT, destinationPort: 4011, payload },
        }),
      ({ type, boot }) => type === 'ACK' && boot !== undefined,
    );
  }

  #release(held: string, server: string): void {
    try {
      broadcast(this.#socket, release(this.#asker, { address: held, server }));
    } catch {
      // The interface has gone down: the lease ends by itself.
    }
  }

  /** Sends until an answer comes that fits. */
  async #exchange(send: () => void, fits: (answer: Answer) => boolean): Promise<Answer | undefined> {
    const { xid } = this.#asker;
    const before = this.#heard.of(xid).length;
    const find = () => this.#heard.of(xid).slice(before).find(fits);
    for (let tries = 0; tries < REQUEST.tries && !find(); tries++) {
      send();
      await this.#heard.until(() => find() !== undefined, REQUEST.ms, this.#wishes.signal);
    }
    return find();
  }
}

/** Gives the interface the address that was taken, as long as the file is fetched. */
async function lendAddress(name: string, { address, netmask }: NonNullable<Answer['lease']>) {
  const bits = (netmask ?? '255.255.255.255')
    .split('.')
    .map((part) => Number(part).toString(2).replaceAll('0', '').length)
    .reduce((sum, count) => sum + count, 0);
  const run = (verb: string) => runProgram('ip', ['address', verb, `${address}/${bits}`, 'dev', name]);
  try {
    await run('add');
    return { ok: true as const, giveBack: () => run('del').catch(() => undefined) };
  } catch (error) {
    return { ok: false as const, why: messageOf(error) };
  }
}
