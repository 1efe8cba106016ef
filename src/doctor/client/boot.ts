/** What one firmware was given, as far as it got. */
import type { Answer, Firmware } from '../../boots/dhcp-client/index.ts';
import type { Fetched } from './fetch.ts';
import type { Place, Selection } from './select.ts';

/** A way of a firmware through the network. */
export interface Boot {
  firmware: Firmware;
  /** MAC address that asked. */
  mac: string;
  /** Every answer, in the order in which they came. */
  answers: Answer[];
  selection: Selection;
  /** The only server whose answers count, where there is one, and which others answered. */
  only?: { server: string; others: string[] } | undefined;
  /** What became of taking the address; undefined: it was left where it is. */
  taken?: { ok: true; address: string } | { ok: false; why: string } | undefined;
  /** What the boot server said on port 4011; undefined: it was not asked. */
  bootServer?: { ok: true; answer: Answer } | { ok: false; why: string } | undefined;
  /** Where the boot file is, and how that was told. */
  file?: { place: Place; toldBy: Answer; how: 'offer' | 'ack' | 'boot-server' } | undefined;
  /** Undefined: it was not fetched, as it is not known or the interface has no address to fetch it from. */
  fetched?: Fetched | undefined;
}
